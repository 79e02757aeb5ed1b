// Package bundletest opens the bundle that ships with Sightline for tests. Tests only; it knows no other bundle.
package bundletest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

// Other makes a bundle of another model in a new folder: the default one's graphs behind another preprocessing, so that its
// features are others, and another version. Both kinds of fingerprint differ.
func Other(tb testing.TB) (dir string) {
	tb.Helper()
	b := Open(tb)
	dir = tb.TempDir()
	entries, err := os.ReadDir(b.Dir)
	if err != nil {
		tb.Fatalf("read the default bundle: %v", err)
	}
	for _, e := range entries {
		if e.Name() != "bundle.json" {
			if err := os.Symlink(filepath.Join(b.Dir, e.Name()), filepath.Join(dir, e.Name())); err != nil {
				tb.Fatalf("link %s: %v", e.Name(), err)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "bundle.json"), otherManifest(tb, b), 0o644); err != nil {
		tb.Fatalf("write the manifest: %v", err)
	}
	return dir
}

func otherManifest(tb testing.TB, b *bundle.Bundle) []byte {
	tb.Helper()
	m := b.Manifest
	m.Version += "-other"
	m.Image.Mean[0] += 0.05
	m.FeatureFingerprint, m.ScoringFingerprint = m.ScoringFingerprint, m.FeatureFingerprint
	m.Checksum = strings.Repeat("0", 2*sha256.Size) // what the checksum is taken over
	data, err := json.Marshal(m)
	if err != nil {
		tb.Fatalf("write the manifest: %v", err)
	}
	return bytes.Replace(data, []byte(m.Checksum), fmt.Appendf(nil, "%x", sha256.Sum256(data)), 1)
}
