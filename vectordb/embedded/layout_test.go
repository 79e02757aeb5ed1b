package embedded_test

import (
	"compress/gzip"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// olderIndex unpacks the index that the program of an older layout made: testdata/layout-N.db.gz is the index.db of three
// images and a bad file, from layout 2 on with a user's tag. A new layout adds the one before it.
func olderIndex(t *testing.T, version int) (dir string) {
	t.Helper()
	packed, err := os.Open(filepath.Join("testdata", fmt.Sprintf("layout-%d.db.gz", version)))
	require.NoError(t, err, "every layout that a program has written is kept as a test")
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	require.NoError(t, err)
	data, err := io.ReadAll(unpacked)
	require.NoError(t, err)
	dir = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, embedded.FileName), data, 0o644))
	return dir
}

func openLayout(t *testing.T, dir string, mode embedded.Mode) *embedded.Layout {
	t.Helper()
	l, err := embedded.OpenLayout(t.Context(), dir, mode)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	return l
}

// newest is the newest layout.
func newest(t *testing.T) int {
	t.Helper()
	dir := t.TempDir()
	s, err := embedded.Open(dir, embedded.ReadWrite)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	return openLayout(t, dir, embedded.ReadOnly).Newest()
}

func TestEveryOlderLayoutIsCarriedForward(t *testing.T) {
	last := newest(t)
	for version := 1; version < last; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			dir := olderIndex(t, version)
			_, err := embedded.Open(dir, embedded.ReadOnly)
			require.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(err))
			require.ErrorContains(t, err, "sightline migrate up")
			status, err := openLayout(t, dir, embedded.ReadOnly).Status(t.Context())
			require.NoError(t, err)
			require.Equal(t, version, status.Version)
			require.Len(t, status.Pending, last-version)

			s, err := embedded.Open(dir, embedded.ReadWrite)
			require.NoError(t, err)
			holdsTheOldIndex(t, s, version)
			require.NoError(t, s.Close())
		})
	}
}

// holdsTheOldIndex compares a store with what olderIndex was made of.
func holdsTheOldIndex(t *testing.T, s vectordb.Store, version int) {
	t.Helper()
	id := func(n int) sightline.ImageID { return sightline.ImageID(fmt.Sprintf("%064x", n)) }
	stats, err := s.Stats(t.Context())
	require.NoError(t, err)
	assert.Equal(t, vectordb.Model{Name: "fixture 1", Feature: "feature", Scoring: "scoring"}, stats.Model)
	assert.Equal(t, [3]int{3, 3, 1}, [3]int{stats.Images, stats.Files, stats.BadFiles})
	hits, err := s.Nearest(t.Context(), []float32{1, 0, 0, 0}, 2, nil)
	require.NoError(t, err)
	assert.Equal(t, []vectordb.Scored{{ID: id(3), Score: 2}, {ID: id(2), Score: 1}}, hits)
	found, err := s.ByText(t.Context(), "größe 2", 10, nil)
	require.NoError(t, err)
	assert.Equal(t, []sightline.ImageID{id(2)}, found)
	features, err := s.Features(t.Context(), []sightline.ImageID{id(2)})
	require.NoError(t, err)
	assert.Equal(t, []byte{1, 2, 3}, features[id(2)].Patches)
	dogs, err := s.ByTag(t.Context(), "dog", 0, nil)
	require.NoError(t, err)
	assert.Equal(t, []vectordb.Scored{{ID: id(3), Score: 0.75}, {ID: id(2), Score: 0.5}, {ID: id(1), Score: 0.25}}, dogs)
	own, err := s.UserTags(t.Context())
	require.NoError(t, err)
	if version >= 2 {
		require.Len(t, own, 1)
		assert.Equal(t, []string{"an old garden with roses"}, own[0].Descriptions)
	}
	builder, err := s.Build(t.Context(), vectordb.Model{Name: "next", Feature: "next", Scoring: "next"})
	require.NoError(t, err)
	require.NoError(t, builder.Put(t.Context(), []vectordb.Encoded{{ID: id(1), Features: sightline.Features{Global: []float32{1}}}}))
}

func TestLayoutsAreTakenBackAfterABackup(t *testing.T) {
	dir := olderIndex(t, 2)
	s, err := embedded.Open(dir, embedded.ReadWrite)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	l := openLayout(t, dir, embedded.ReadWrite)
	_, err = embedded.OpenLayout(t.Context(), dir, embedded.ReadWrite)
	require.Equal(t, sightline.CodeIndexLocked, sightline.CodeOf(err))
	for range 2 {
		backup, err := l.Down(t.Context(), 1)
		require.NoError(t, err)
		require.FileExists(t, backup)
		status, err := l.Status(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, status.Version)
		backup, err = l.Up(t.Context(), l.Newest())
		require.NoError(t, err)
		require.Empty(t, backup, "none of the steps so far loses anything")
	}
	require.NoError(t, l.Close())

	restored := t.TempDir() // the first backup, from before the user's tags were taken back
	data, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("index-layout-%d.backup", newest(t))))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(restored, embedded.FileName), data, 0o644))
	s, err = embedded.Open(restored, embedded.ReadWrite)
	require.NoError(t, err)
	defer s.Close()
	holdsTheOldIndex(t, s, 2)
}

func TestANewerLayoutIsRefused(t *testing.T) {
	dir := olderIndex(t, 2)
	s, err := embedded.Open(dir, embedded.ReadWrite)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	db, err := sql.Open("sqlite", filepath.Join(dir, embedded.FileName))
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `INSERT INTO schema_version SELECT max(version) + 1, 'of tomorrow', applied_at FROM schema_version`)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	for _, mode := range []embedded.Mode{embedded.ReadOnly, embedded.ReadWrite} {
		_, err := embedded.Open(dir, mode)
		assert.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(err))
		assert.ErrorContains(t, err, "newer version of Sightline")
	}
	l := openLayout(t, dir, embedded.ReadWrite)
	for _, move := range []func() (string, error){
		func() (string, error) { return l.Up(t.Context(), 1) }, func() (string, error) { return l.Down(t.Context(), 1) },
	} {
		backup, err := move()
		assert.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(err))
		assert.Empty(t, backup)
	}
}
