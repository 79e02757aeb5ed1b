package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/vectordb/qdrant/qdranttest"
)

func TestMigrateShowsAndChangesTheLayout(t *testing.T) {
	p := newPlace(t)
	assert.Contains(t, p.must(exitFailed, "migrate", "status").stderr, "there is no index")
	assert.NoDirExists(t, p.data, "looking makes nothing")
	p.must(exitDone, "index", photographs(t, 1))
	status := p.json(exitDone, "migrate", "status")
	newest := int(status["newest"].(float64))
	assert.Equal(t, status["newest"], status["version"])
	assert.Empty(t, status["pending"])

	down := p.json(exitDone, "migrate", "down", "--to", "1")
	assert.EqualValues(t, 1, down["version"])
	require.FileExists(t, down["backup"].(string))
	assert.Contains(t, p.must(exitFailed, "search", "dog").stderr, "sightline migrate up")
	text := p.must(exitDone, "migrate", "status").stdout
	assert.Contains(t, text, "pending")
	assert.Contains(t, text, "applied 20")
	assert.Equal(t, status["version"], p.json(exitDone, "migrate", "up")["version"])
	p.must(exitDone, "search", "dog")

	o := p.must(exitDone, "migrate", "down")
	assert.Contains(t, o.stderr, "backup")
	entries, err := os.ReadDir(p.data)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(entries), 3)
	for _, args := range [][]string{{"up", "--to", "99"}, {"down", "--to", "-1"}, {"sideways"}, {}} {
		p.must(exitUsage, append([]string{"migrate"}, args...)...)
	}
	assert.Greater(t, newest, 1)
}

func TestMigrateOfAnIndexInQdrant(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "SIGHTLINE_STORE=qdrant://"+qdranttest.Start(t, qdranttest.Options{}).Address())
	for _, command := range []string{"status", "up", "down"} {
		assert.Contains(t, p.must(exitFailed, "migrate", command).stderr, "there is no index in qdrant://")
	}
	p.must(exitDone, "index", photographs(t, 1))
	status := p.json(exitDone, "migrate", "status")
	assert.Equal(t, status["newest"], status["version"])
	assert.Empty(t, status["pending"])
	assert.Contains(t, p.must(exitDone, "migrate", "status").stdout, "applied 20")
	for _, command := range []string{"up", "down"} { // there is one layout so far
		assert.Equal(t, status, p.json(exitDone, "migrate", command))
		p.must(exitUsage, "migrate", command, "--to", "99")
	}
	p.must(exitDone, "search", "dog")
	assert.NoDirExists(t, p.data)
}
