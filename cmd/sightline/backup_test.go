package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

func TestABackupIsRestoredElsewhere(t *testing.T) {
	p := newPlace(t)
	file := filepath.Join(t.TempDir(), "photos.sightline")
	assert.Contains(t, p.must(exitFailed, "backup", file).stderr, "there is no index")
	p.must(exitDone, "index", photographs(t, 4))
	want := p.json(exitDone, "search", "an animal", "--min-probability", "0")["results"]
	assert.Equal(t, file, p.json(exitDone, "backup", file)["path"])
	assert.Contains(t, p.must(exitFailed, "backup", file).stderr, "exists already")
	assert.Contains(t, p.must(exitFailed, "restore", file).stderr, "there is an index")

	other := newPlace(t)
	other.must(exitDone, "restore", file)
	assert.Equal(t, want, other.json(exitDone, "search", "an animal", "--min-probability", "0")["results"])
	assert.Contains(t, other.must(exitDone, "check").stdout, "nothing is wrong")
	p.must(exitUsage, "backup")
	p.must(exitUsage, "restore", "a", "b")
}

// cutPatches stores only a part of the patches of one image.
func cutPatches(t *testing.T, dir string) {
	t.Helper()
	store, err := embedded.Open(dir, embedded.ReadWrite)
	require.NoError(t, err)
	defer store.Close()
	ids, err := store.IDs(t.Context(), nil)
	require.NoError(t, err)
	images, err := store.Get(t.Context(), ids[:1])
	require.NoError(t, err)
	features, err := store.Features(t.Context(), ids[:1])
	require.NoError(t, err)
	cut := features[ids[0]]
	cut.Patches = cut.Patches[:100]
	require.NoError(t, store.Put(t.Context(), []vectordb.Record{{Image: *images[0], Features: cut}}))
}

func TestCheckRepairsAndReindexFillsTheGap(t *testing.T) {
	p := newPlace(t)
	p.must(exitDone, "index", photographs(t, 4))
	cutPatches(t, p.data)
	assert.Contains(t, p.must(exitFailed, "check").stdout, "patches of another size than the others: 1")
	report := p.json(exitDone, "check", "--repair")
	assert.Equal(t, true, report["ok"])
	assert.Contains(t, p.must(exitDone, "check").stdout, "nothing is wrong")
	assert.EqualValues(t, 1, p.json(exitDone, "reindex")["encoded"])
	assert.EqualValues(t, 4, p.json(exitDone, "search", "an animal", "--min-probability", "0")["matches"])
}

// TestABackupOfAnyStore: a store that is no index folder is backed up, and restored into, by way of a copy.
func TestABackupOfAnyStore(t *testing.T) {
	p := newPlace(t)
	p.must(exitDone, "index", photographs(t, 3))
	var said bytes.Buffer
	a := &app{out: bufio.NewWriter(io.Discard), err: &said}
	a.Quiet = true
	folder := t.TempDir()
	file := filepath.Join(folder, "photos.sightline")
	original, err := embedded.Open(p.data, embedded.ReadOnly)
	require.NoError(t, err)
	defer original.Close()
	require.NoError(t, a.backUpCopy(t.Context(), original, file))

	restored := filepath.Join(t.TempDir(), "index")
	target, err := embedded.Open(restored, embedded.ReadWrite)
	require.NoError(t, err)
	require.NoError(t, a.restoreCopy(t.Context(), file, target))
	require.NoError(t, target.Close())
	requireSameIndex(t, dump(t, p.data), dump(t, restored))
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing else is left there")
	assert.Empty(t, said.String())
}
