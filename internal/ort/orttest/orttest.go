// Package orttest opens the checkout's own ONNX Runtime for tests. Tests only; it must not search the system, so that
// every machine tests the pinned version.
package orttest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sightline-search/sightline/internal/ort"
)

// Open loads the library that `make lib` puts into the checkout's lib folder, with one thread a run. It fails the test
// when the library is not there.
func Open(tb testing.TB) *ort.Runtime {
	tb.Helper()
	lib := Library(tb)
	rt, err := ort.Open(ort.Options{Library: lib, Threads: 1})
	if err != nil {
		tb.Fatalf("open ONNX Runtime: %v", err)
	}
	return rt
}

// Library is the path of the checkout's library.
func Library(tb testing.TB) string {
	tb.Helper()
	lib := filepath.Join(Root(tb), "lib", "libonnxruntime.so."+ort.PinnedVersion)
	if _, err := os.Stat(lib); err != nil {
		tb.Fatalf("ONNX Runtime is not in the checkout (%v): run `make lib`", err)
	}
	return lib
}

// Root is the folder of go.mod above the test's package.
func Root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatalf("find the module's root: %v", err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			tb.Fatal("no go.mod above the test's folder")
		}
	}
}
