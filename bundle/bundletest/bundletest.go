// Package bundletest opens the bundle that ships with Sightline for tests. Tests only; it knows no other bundle.
package bundletest

import (
	"path/filepath"
	"testing"

	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/internal/ort/orttest"
)

// Open verifies and opens models/default of the checkout. It fails the test when the bundle is not there.
func Open(tb testing.TB) *bundle.Bundle {
	tb.Helper()
	dir := filepath.Join(orttest.Root(tb), "models", "default")
	b, err := bundle.Open(dir)
	if err != nil {
		tb.Fatalf("open the default bundle: %v; it is part of the repository, `make model` makes it anew", err)
	}
	return b
}
