package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestACopiedIndexAnswersLikeTheOriginal(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 6)
	writeFile(t, filepath.Join(folder, "bad.jpg"), []byte("no image"))
	p.must(exitPartial, "index", folder)
	p.must(exitDone, "tags", "add", "savanna wildlife", "--describe", "a wild animal in dry grass")
	want := p.json(exitDone, "search", "an animal", "--min-probability", "0")["results"]

	other := newPlace(t)
	report := p.json(exitDone, "copy", "--to", "sqlite://"+other.data)
	assert.Equal(t, [4]any{6.0, 1.0, 1.0, 6.0}, [4]any{report["images"], report["bad_files"], report["user_tags"], report["copied"]})
	assert.Equal(t, want, other.json(exitDone, "search", "an animal", "--min-probability", "0")["results"])
	requireSameIndex(t, dump(t, p.data), dump(t, other.data))
	assert.EqualValues(t, 6, other.json(exitPartial, "index", folder)["unchanged"], "nothing has to be read again")
	text := other.must(exitDone, "copy", "--from", "sqlite://"+p.data, "--to", "sqlite").stdout
	assert.Contains(t, text, "0 copied, 6 there already")
	assert.Contains(t, text, report["checksum"])
}

func TestCopiesThatAreRefused(t *testing.T) {
	p := newPlace(t)
	assert.Contains(t, p.must(exitFailed, "copy", "--to", "sqlite:///nowhere/at/all").stderr, "there is no index")
	p.must(exitDone, "index", photographs(t, 1))
	for says, args := range map[string][]string{
		"--to URL":       {"copy"},
		"the same store": {"copy", "--from", "sqlite", "--to", "sqlite://" + p.data},
		"--from":         {"copy", "--from", "mysql://x", "--to", "sqlite"},
		"sqlite:///":     {"copy", "--to", "sqlite://relative"},
	} {
		assert.Contains(t, p.must(exitUsage, args...).stderr, says)
	}
}
