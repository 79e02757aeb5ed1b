package index_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/vectordb"
)

// rebuild encodes everything that is missing, and gives what could not be.
func rebuild(t *testing.T, x *index.Index) (*index.Rebuild, []index.Failure) {
	t.Helper()
	r, err := x.Rebuild(t.Context(), index.RebuildOptions{Workers: 2, Batch: 2})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Close()) })
	var sources []index.Source
	for s, err := range r.Missing(t.Context(), "") {
		require.NoError(t, err)
		sources = append(sources, s)
	}
	failed, err := r.Encode(t.Context(), sources)
	require.NoError(t, err)
	return r, failed
}

func TestRebuildEqualsIndexingAgain(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	drawMany(t, dir, 9)
	old := withModel(p, func(m *bundle.Manifest) { m.FeatureFingerprint, m.ScoringFingerprint = "older", "older" })
	add(t, old, dir)
	_, err := index.New(old).AddTag(t.Context(), party)
	require.NoError(t, err)
	want := dump(t, p.Store)

	x := index.New(p)
	r, failed := rebuild(t, x)
	assert.Empty(t, failed)
	require.NoError(t, r.Switch(t.Context(), false))
	require.NoError(t, x.ScoreTags(t.Context(), nil))
	same(t, want, dump(t, p.Store)) // the models are the same but for their fingerprints
	_, err = x.Search(t.Context(), index.Request{Query: "dog"})
	require.NoError(t, err)
	tag, err := x.Tag(t.Context(), party.Name)
	require.NoError(t, err)
	assert.True(t, tag.Scoring.Complete)
	_, err = index.New(old).Add(t.Context(), []string{dir}, index.AddOptions{})
	assert.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(err), "the older model does not write into it")
}

func TestRebuildUnderAnotherScoringReadsNoImage(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	for i := range 5 {
		draw(t, filepath.Join(dir, fmt.Sprint(i)+".png"), uint64(i))
	}
	add(t, withModel(p, func(m *bundle.Manifest) { m.ScoringFingerprint = "older" }), dir)
	want := dump(t, p.Store)
	require.NoError(t, os.RemoveAll(dir))
	r, failed := rebuild(t, index.New(p))
	require.Empty(t, failed)
	require.NoError(t, r.Switch(t.Context(), false))
	same(t, want, dump(t, p.Store))
}

func TestRebuildSaysWhatIsNotThereAnyMore(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for i, name := range []string{"stays.png", "gone.png", "changed.png", "damaged.png", "twice.png"} {
		draw(t, at(name), uint64(i))
	}
	draw(t, at("again/twice.png"), 4)
	add(t, p, dir)
	for _, name := range []string{"gone.png", "again/twice.png"} {
		require.NoError(t, os.Remove(at(name)))
	}
	draw(t, at("changed.png"), 77)
	write(t, at("damaged.png"), []byte("no image"))

	next := withModel(p, func(m *bundle.Manifest) { m.FeatureFingerprint = "next" })
	r, failed := rebuild(t, index.New(next))
	reasons := map[string]sightline.Code{}
	for _, f := range failed {
		reasons[filepath.Base(f.Path)] = f.Code
	}
	assert.Equal(t, map[string]sightline.Code{
		"gone.png": sightline.CodeVanished, "changed.png": sightline.CodeChanged, "damaged.png": sightline.CodeChanged,
	}, reasons)
	built, all, err := r.Count(t.Context())
	require.NoError(t, err)
	assert.Equal(t, [2]int{2, 5}, [2]int{built, all}, "an image is found at any of its places")
	assert.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(r.Switch(t.Context(), false)))
	var stats vectordb.Stats
	stats, err = p.Store.Stats(t.Context())
	require.NoError(t, err)
	assert.Equal(t, p.Bundle.Manifest.FeatureFingerprint, stats.Model.Feature, "nothing was switched")
}
