//go:build unix

package embedded_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFolderWithoutPermission opens folders as a user who may not write there.
func TestFolderWithoutPermission(t *testing.T) {
	dir := filledFolder(t)
	require.NoError(t, os.Chmod(filepath.Join(dir, "writer.lock"), 0o444))
	require.NoError(t, os.Chmod(filepath.Join(dir, "index.db"), 0o444))
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	require.NoError(t, os.Chmod(dir, 0o555))
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) }) // or it could not be removed

	child := newChild(t, "open", dir, 0)
	asNobody(t, child)
	out, err := child.Output()
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Len(t, lines, 2)
	for _, line := range lines {
		assert.True(t, strings.HasPrefix(line, "unavailable: no permission in the index folder "+dir), line)
		assert.Contains(t, line, "--data", "says what to do")
	}
}

// asNobody makes a child run without root's rights, which go past permissions.
func asNobody(t *testing.T, child *exec.Cmd) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	program, err := os.ReadFile(child.Path)
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	child.Path = filepath.Join(dir, "child")
	require.NoError(t, os.WriteFile(child.Path, program, 0o755))
	child.Dir = dir
	child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
}
