package embedded_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// Some tests need another process: this same program, told by its environment what to do.
const (
	childRole   = "SIGHTLINE_TEST_ROLE"   // "write" batches, or "open" the folder in both modes
	childFolder = "SIGHTLINE_TEST_FOLDER" // the index folder
	childFirst  = "SIGHTLINE_TEST_FIRST"  // number of the first batch to write
)

func TestMain(m *testing.M) {
	dir := os.Getenv(childFolder)
	switch os.Getenv(childRole) {
	case "write":
		first, err := strconv.Atoi(os.Getenv(childFirst))
		if err == nil {
			err = writeBatches(dir, first, os.Stdout)
		}
		fmt.Fprintln(os.Stderr, err)
	case "open":
		for _, mode := range []embedded.Mode{embedded.ReadOnly, embedded.ReadWrite} {
			s, err := embedded.Open(dir, mode)
			if err == nil {
				err = useAll(context.Background(), s)
				_ = s.Close()
			}
			fmt.Fprintf(os.Stdout, "%s: %v\n", sightline.CodeOf(err), err)
		}
	default:
		m.Run()
	}
}

// newChild prepares a child process.
func newChild(t *testing.T, role, dir string, first int) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	child := exec.CommandContext(t.Context(), program)
	child.Env = append(os.Environ(), childRole+"="+role, childFolder+"="+dir, childFirst+"="+strconv.Itoa(first))
	return child
}
