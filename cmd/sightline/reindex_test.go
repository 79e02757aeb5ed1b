package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/bundle/bundletest"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// with gives the same place under another bundle.
func (p *place) with(bundle string) *place {
	return &place{t: p.t, data: p.data, env: append(append([]string{}, p.env...), "SIGHTLINE_BUNDLE="+bundle)}
}

// found gives the number of images that a search finds.
func (p *place) found(query string) int {
	p.t.Helper()
	return len(p.json(exitDone, "search", query, "--limit", "100")["results"].([]any))
}

// generations lists id, state and number of images.
func (p *place) generations() (list [][3]any) {
	p.t.Helper()
	for _, g := range p.json(exitDone, "reindex", "list")["generations"].([]any) {
		g := g.(map[string]any)
		list = append(list, [3]any{g["id"], g["state"], int(g["images"].(float64))})
	}
	return list
}

func TestReindexSwitchesTheModel(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 12)
	p.must(exitDone, "index", folder)
	p.must(exitDone, "tags", "add", "savanna wildlife", "--describe", "wild animal", "--describe", "savanna animal", "--threshold", "0.02")
	want := dump(t, p.data)
	tagged := p.found("savanna wildlife")
	require.Positive(t, tagged)

	other := p.with(bundletest.Other(t))
	assert.Contains(t, other.must(exitFailed, "search", "dog").stderr, "sightline reindex")
	report := other.json(exitDone, "reindex", "--no-switch")
	assert.Equal(t, [3]any{12.0, 12.0, false}, [3]any{report["built"], report["encoded"], report["serving"]})
	requireSameIndex(t, want, dump(t, p.data))
	assert.Equal(t, [][3]any{{"1", "serving", 12}, {"2", "building", 12}}, p.generations())

	report = other.json(exitDone, "reindex")
	assert.Equal(t, [3]any{12.0, 0.0, true}, [3]any{report["built"], report["encoded"], report["serving"]}, "nothing is encoded twice")
	assert.Equal(t, [][3]any{{"2", "serving", 12}, {"1", "retired", 12}}, p.generations())
	assert.Contains(t, other.must(exitDone, "doctor").stdout, "sightline reindex drop 1")
	for id, image := range dump(t, p.data) {
		assert.Equal(t, want[id].Paths, image.Paths)
		assert.NotEqual(t, want[id].Global, image.Global, "another model's")
	}
	assert.InDelta(t, tagged, other.found("savanna wildlife"), 3, "the user's tags are scored under the new model, too")
	assert.Contains(t, other.must(exitDone, "tags", "list", "--user", "--json").stdout, `"complete":true`)
	p.must(exitDone, "search", "dog", "--quiet") // with the old bundle, from what is kept

	p.must(exitDone, "reindex", "switch", "1")
	requireSameIndex(t, want, dump(t, p.data))
	p.must(exitUsage, "reindex", "drop", "1")
	p.must(exitUsage, "reindex", "drop")
	p.must(exitDone, "reindex", "drop", "--retired")
	assert.Equal(t, [][3]any{{"1", "serving", 12}}, p.generations())
	assert.Contains(t, other.must(exitFailed, "search", "dog").stderr, "sightline reindex")
}

func TestReindexLosesNoImageUnasked(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 6)
	p.must(exitDone, "index", folder)
	require.NoError(t, os.Remove(filepath.Join(folder, "p01.jpg")))
	copyFile(t, filepath.Join(folder, "p03.jpg"), filepath.Join(folder, "p02.jpg"))
	hidden := filepath.Join(folder, "p04.jpg")
	require.NoError(t, os.Remove(hidden))
	require.NoError(t, os.Mkdir(hidden, 0o755))

	other := p.with(bundletest.Other(t))
	report := other.json(exitPartial, "reindex")
	assert.Equal(t, [3]any{3.0, 6.0, false}, [3]any{report["built"], report["images"], report["serving"]})
	reasons := map[string]any{}
	for _, f := range report["failed"].([]any) {
		f := f.(map[string]any)
		reasons[filepath.Base(f["path"].(string))] = f["code"]
	}
	assert.Equal(t, map[string]any{"p01.jpg": "vanished", "p02.jpg": "changed", "p04.jpg": "unreadable"}, reasons)
	p.must(exitDone, "search", "dog", "--quiet")
	assert.Contains(t, other.must(exitPartial, "reindex").stdout, "--partial")

	report = other.json(exitPartial, "reindex", "--partial")
	assert.Equal(t, true, report["serving"])
	store, err := embedded.Open(p.data, embedded.ReadOnly)
	require.NoError(t, err)
	defer store.Close()
	stats, err := store.Stats(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 6, stats.Images, "what could not be encoded stays known")

	require.NoError(t, os.Remove(hidden)) // it comes back
	copyFile(t, filepath.Join(photographs(t, 6), "p04.jpg"), hidden)
	report = other.json(exitPartial, "reindex")
	assert.EqualValues(t, 4, report["built"], "a gap of the serving generation is filled")
}

func TestReindexKilledAnywhereGoesOn(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 30)
	p.must(exitDone, "index", folder)
	for _, bad := range []string{"p02.jpg", "p11.jpg", "p25.jpg"} {
		copyFile(t, filepath.Join(folder, "p05.jpg"), filepath.Join(folder, bad))
	}
	bundle := bundletest.Other(t)
	undisturbed := p.with(bundle)
	copied := newPlace(t)
	require.NoError(t, os.CopyFS(copied.data, os.DirFS(p.data)))
	undisturbed.must(exitPartial, "reindex", "--partial")
	want := dump(t, p.data)

	other := copied.with(bundle)
	for _, mark := range []string{"p02.jpg", "p11.jpg", "p25.jpg"} {
		code, stderr := signalAt(t, other.command("reindex", "--batch", "1", "--workers", "1", "--partial"), mark, os.Kill)
		require.Equal(t, -1, code, stderr)
		copied.must(exitDone, "search", "--quiet", "dog")
		assert.Equal(t, [3]any{"1", "serving", 30}, copied.generations()[0])
	}
	code, stderr := signalAt(t, other.command("reindex", "--batch", "1", "--partial"), "not encoded", os.Interrupt)
	assert.Equal(t, exitInterrupted, code, stderr)
	report := other.json(exitPartial, "reindex", "--partial")
	assert.Equal(t, [2]any{27.0, true}, [2]any{report["built"], report["serving"]})
	requireSameIndex(t, want, dump(t, copied.data))
}

func TestServersKeepToTheirModelWhenItIsSwitched(t *testing.T) {
	p := newPlace(t)
	p.must(exitDone, "index", photographs(t, 4))
	bundle := bundletest.Other(t)
	old := p.serve("--listen", "127.0.0.1:0")
	_, before := fetch(t, old.base+"/v1/search?q=animal&min_probability=0")

	p.with(bundle).must(exitDone, "reindex")
	status, after := fetch(t, old.base+"/v1/search?q=animal&min_probability=0")
	require.Equal(t, http.StatusOK, status, after)
	assert.Equal(t, parse(t, before)["results"], parse(t, after)["results"], "from the generation that is kept")
	status, _ = fetch(t, old.base+"/readyz")
	assert.Equal(t, http.StatusOK, status)
	now := p.with(bundle).serve("--listen", "127.0.0.1:0")
	_, body := fetch(t, now.base+"/v1/search?q=animal&min_probability=0")
	assert.NotEqual(t, parse(t, before)["results"], parse(t, body)["results"])

	p.must(exitDone, "reindex", "drop", "--retired")
	status, body = fetch(t, old.base+"/v1/search?q=animal")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Equal(t, "index_mismatch", parse(t, body)["code"])
	assert.Contains(t, parse(t, body)["hint"], "--bundle")
	status, _ = fetch(t, old.base+"/readyz")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	status, _ = fetch(t, now.base+"/readyz")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, exitDone, old.stop(t, os.Interrupt))
	assert.Equal(t, exitDone, now.stop(t, os.Interrupt))
}

func TestReindexThatIsRefused(t *testing.T) {
	p := newPlace(t)
	assert.Contains(t, p.must(exitFailed, "reindex").stderr, "there is no index")
	require.NoError(t, os.MkdirAll(p.data, 0o755))
	assert.Contains(t, p.must(exitFailed, "reindex").stderr, "nothing is indexed")
	p.must(exitDone, "index", photographs(t, 1))
	for name, c := range map[string]struct {
		code int
		args []string
		says string
	}{
		"a word":                {exitUsage, []string{"reindex", "everything"}, "no command"},
		"workers":               {exitUsage, []string{"reindex", "--workers", "many"}, "whole number"},
		"workers under 0":       {exitUsage, []string{"reindex", "--workers", "-1"}, "whole number"},
		"redis with one writer": {exitUsage, []string{"reindex", "--workers", "redis"}, "many machines"},
		"two minds":             {exitUsage, []string{"reindex", "--no-switch", "--partial"}, "one of them"},
		"switch to what":        {exitUsage, []string{"reindex", "switch"}, "name one"},
		"switch to nothing":     {exitFailed, []string{"reindex", "switch", "77"}, "no generation"},
		"drop both":             {exitUsage, []string{"reindex", "drop", "1", "--retired"}, "--retired"},
	} {
		o := p.must(c.code, c.args...)
		assert.Contains(t, o.stderr, c.says, name)
	}
	assert.Contains(t, p.must(exitDone, "reindex").stdout, "0 of them now", "nothing to do")

	first := p.with(bundletest.Other(t))
	first.must(exitDone, "reindex", "--no-switch")
	p.must(exitDone, "reindex", "drop", "77", "2")
	assert.Len(t, p.generations(), 1)
}
