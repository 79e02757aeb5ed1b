package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
