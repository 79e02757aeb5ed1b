package embedded

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// TestFullDisk lets SQLite believe that the file cannot grow: the error is the one of a full disk, what was stored
// before stays, and once there is room again the same call works.
func TestFullDisk(t *testing.T) {
	opened, err := Open(filepath.Join(t.TempDir(), "index"), ReadWrite)
	require.NoError(t, err)
	s := opened.(*Store)
	defer s.Close()
	require.NoError(t, s.SetModel(t.Context(), vectordb.Model{Name: "m", Feature: "f"}))
	record := func(c string) vectordb.Record {
		return vectordb.Record{
			Image:    sightline.Image{ID: sightline.ImageID(strings.Repeat(c, 64)), Files: []sightline.File{{Path: "/" + c}}},
			Features: sightline.Features{Global: []float32{1}, Patches: make([]byte, 1<<20)},
		}
	}
	require.NoError(t, s.Put(t.Context(), []vectordb.Record{record("a")}))

	_, err = s.writer.ExecContext(t.Context(), `PRAGMA max_page_count = 1`) // means: not beyond its present size
	require.NoError(t, err)
	err = s.Put(t.Context(), []vectordb.Record{record("b")})
	require.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "is full")
	require.ErrorContains(t, err, s.dir)
	stats, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, stats.Images)

	_, err = s.writer.ExecContext(t.Context(), `PRAGMA max_page_count = 1000000`)
	require.NoError(t, err)
	require.NoError(t, s.Put(t.Context(), []vectordb.Record{record("b")}))
	hits, err := s.Nearest(t.Context(), []float32{1}, 9, nil)
	require.NoError(t, err)
	require.Len(t, hits, 2)
}
