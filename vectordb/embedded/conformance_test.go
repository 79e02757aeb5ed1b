package embedded_test

import (
	"path/filepath"
	"testing"

	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
	"github.com/sightline-search/sightline/vectordb/vectordbtest"
)

// folder is an index folder as a place of the conformance suite.
type folder string

func (f folder) Writer() (vectordb.Store, error) {
	return embedded.Open(string(f), embedded.ReadWrite)
}

func (f folder) Reader() (vectordb.Store, error) {
	return embedded.Open(string(f), embedded.ReadOnly)
}

func TestConformance(t *testing.T) {
	vectordbtest.Run(t, func(t *testing.T) vectordbtest.Place {
		t.Helper()
		return folder(filepath.Join(t.TempDir(), "größe 100%?#"))
	})
}

// foldingFolder is the same with vectors and tags in files after every few images.
type foldingFolder string

func (f foldingFolder) Writer() (vectordb.Store, error) {
	return embedded.OpenFolding(string(f), embedded.ReadWrite, 1, 8)
}

func (f foldingFolder) Reader() (vectordb.Store, error) {
	return embedded.OpenFolding(string(f), embedded.ReadOnly, 3, 5)
}

func TestConformanceWithManyFiles(t *testing.T) {
	vectordbtest.Run(t, func(t *testing.T) vectordbtest.Place {
		t.Helper()
		return foldingFolder(t.TempDir())
	})
}
