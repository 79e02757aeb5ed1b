package main

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
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

func TestCheckRepairsAndReindexFillsTheGap(t *testing.T) {
	p := newPlace(t)
	p.must(exitDone, "index", photographs(t, 4))
	db, err := sql.Open("sqlite", filepath.Join(p.data, "index.db"))
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `DELETE FROM patches WHERE feature = 2`)
	require.NoError(t, err)
	require.NoError(t, db.Close())

	assert.Contains(t, p.must(exitFailed, "check").stdout, "features without patches: 1")
	report := p.json(exitDone, "check", "--repair")
	assert.Equal(t, true, report["ok"])
	assert.Contains(t, p.must(exitDone, "check").stdout, "nothing is wrong")
	assert.EqualValues(t, 1, p.json(exitDone, "reindex")["encoded"])
	assert.EqualValues(t, 4, p.json(exitDone, "search", "an animal", "--min-probability", "0")["matches"])
}
