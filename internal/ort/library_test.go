package ort

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
)

// pinned is the library that `make lib` fetches, read where nothing must be loaded.
func pinned(t *testing.T) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "lib", "libonnxruntime.so."+PinnedVersion))
	require.NoError(t, err, "run `make lib`")
	return raw
}

func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// compiled makes a real shared library of C source.
func compiled(t *testing.T, source string) string {
	t.Helper()
	c := file(t, "lib.c", []byte(source))
	lib := filepath.Join(filepath.Dir(c), "libonnxruntime.so")
	out, err := exec.CommandContext(t.Context(), "cc", "-shared", "-fPIC", "-o", lib, c).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return lib
}

// oldRuntime answers as an ONNX Runtime 1.16 does: it knows API versions up to 16.
const oldRuntime = `
	#include <stddef.h>
	#include <stdint.h>
	static int api;
	static const void *get_api(uint32_t version) { return version <= 16 ? &api : NULL; }
	static const char *get_version(void) { return "1.16.3"; }
	typedef struct { const void *(*get_api)(uint32_t); const char *(*get_version)(void); } base;
	const base *OrtGetApiBase(void) { static const base b = { get_api, get_version }; return &b; }
`

func TestEachThingWrongWithALibraryHasItsOwnError(t *testing.T) {
	otherArch := pinned(t)[:4096:4096] // the header is what is looked at
	const otherMachine = 243           // EM_RISCV
	binary.LittleEndian.PutUint16(otherArch[18:], otherMachine)

	for _, tc := range []struct {
		name, path string
		code       sightline.Code
		says       []string
	}{
		{"there is none", "/nowhere/libonnxruntime.so", sightline.CodeRuntimeMissing, []string{MinVersion, "looked for /nowhere/libonnxruntime.so", "--ort-library"}},
		{"another processor", withWholeHeader(t, otherArch), sightline.CodeRuntimeArch, []string{"EM_RISCV", runtime.GOARCH}},
		{"another system: Mach-O", file(t, "a.dylib", machO()), sightline.CodeRuntimeArch, []string{"Mach-O arm64", "ELF"}},
		{"a library, but another one", compiled(t, "int answer(void) { return 42; }"), sightline.CodeRuntimeForeign, []string{"does not export OrtGetApiBase"}},
		{"an entry point that knows nothing", compiled(t, "void *OrtGetApiBase(void) { return 0; }"), sightline.CodeRuntimeForeign, []string{"gives no version"}},
		{"no library at all", file(t, "libonnxruntime.so", []byte("a text that somebody renamed")), sightline.CodeRuntimeForeign, []string{"not a shared library"}},
		{"an empty file", file(t, "libonnxruntime.so", nil), sightline.CodeRuntimeForeign, []string{"not a shared library"}},
		{"a download that broke off", file(t, "libonnxruntime.so", pinned(t)[:1<<20]), sightline.CodeRuntimeForeign, []string{"not a shared library"}},
		{"a folder", t.TempDir(), sightline.CodeRuntimeMissing, []string{"cannot be read", "is a directory"}},
		{"an old one", compiled(t, oldRuntime), sightline.CodeRuntimeOld, []string{"1.16.3", MinVersion + " or newer"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := find(tc.path)
			require.Error(t, err)
			assert.Equal(t, tc.code, sightline.CodeOf(err))
			for _, s := range append(tc.says, tc.path) {
				require.ErrorContains(t, err, s)
			}
		})
	}
}

func TestTheFirstUsableCandidateIsTaken(t *testing.T) {
	good, err := filepath.Abs(filepath.Join("..", "..", "lib", "libonnxruntime.so."+PinnedVersion))
	require.NoError(t, err)
	old := compiled(t, oldRuntime)

	lib, err := firstUsable([]string{"/nowhere/a.so", old, good})
	require.NoError(t, err, "an old library in the way of a good one does no harm")
	assert.Equal(t, library{path: good, version: PinnedVersion}, lib)

	_, err = firstUsable([]string{"/nowhere/a.so", "/nowhere/b.so"})
	assert.Equal(t, sightline.CodeRuntimeMissing, sightline.CodeOf(err))
	require.ErrorContains(t, err, "looked for /nowhere/a.so, /nowhere/b.so")
	require.ErrorContains(t, err, "make lib")

	_, err = firstUsable([]string{"/nowhere/a.so", file(t, "b.so", nil), old})
	assert.Equal(t, sightline.CodeRuntimeForeign, sightline.CodeOf(err), "the first file that was there gives the kind")
	for _, s := range []string{"/nowhere/a.so", "not a shared library", "1.16.3"} {
		require.ErrorContains(t, err, s, "every place and every finding is told")
	}
}

// withWholeHeader is the pinned library with another header in front.
func withWholeHeader(t *testing.T, header []byte) string {
	t.Helper()
	raw := pinned(t)
	copy(raw, header)
	return file(t, "libonnxruntime.so", raw)
}

// machO is the header of an arm64 macOS library without load commands.
func machO() []byte {
	const magic64, cpuArm64, dylib = 0xfeedfacf, 0x0100000c, 6
	var raw []byte
	for _, word := range []uint32{magic64, cpuArm64, 0, dylib, 0, 0, 0, 0} {
		raw = binary.LittleEndian.AppendUint32(raw, word)
	}
	return raw
}
