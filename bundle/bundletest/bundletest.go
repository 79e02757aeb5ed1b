// Package bundletest opens the bundle that ships with Sightline for tests. Tests only; it knows no other bundle.
package bundletest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sightline-search/sightline/bundle"
)

// Open verifies and opens models/default of the checkout. It fails the test when the bundle is not there.
func Open(tb testing.TB) *bundle.Bundle {
	tb.Helper()
	dir := filepath.Join(root(tb), "models", "default")
	b, err := bundle.Open(dir)
	if err != nil {
		tb.Fatalf("open the default bundle: %v; it is part of the repository, `make model` makes it anew", err)
	}
	return b
}

// root is the folder of go.mod above the test's package.
func root(tb testing.TB) string {
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
