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
