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
)

func TestFeaturesOfAnotherModelAreNeverMixed(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	draw(t, filepath.Join(dir, "a.png"), 1)
	add(t, p, dir)
	other := index.New(withModel(p, func(m *bundle.Manifest) { m.FeatureFingerprint = "another" }))
	_, err := other.Add(t.Context(), []string{dir}, index.AddOptions{})
	assert.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(err))
	assert.ErrorContains(t, err, "--bundle")
	_, err = other.Search(t.Context(), index.Request{Query: "dog"})
	assert.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(err))
	assert.Equal(t, 1, add(t, p, dir).Unchanged, "the right model goes on working")
}

func TestAnotherScoringScoresStoredFeaturesAgain(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	for i := range 3 {
		draw(t, filepath.Join(dir, fmt.Sprint(i)+".png"), uint64(i))
	}
	add(t, p, dir)
	want := dump(t, p.Store)

	// An index as an older model left it: the same features under other probabilities.
	old := withModel(p, func(m *bundle.Manifest) { m.ScoringFingerprint = "older" })
	add(t, old, dir)
	tags := map[sightline.ImageID][]sightline.Tag{}
	for id := range want {
		tags[sightline.ImageID(id)] = []sightline.Tag{{Name: p.Bundle.Labels[0].Name, Probability: 0.123}}
	}
	require.NoError(t, p.Store.SetTags(t.Context(), tags))

	_, err := index.New(p).Search(t.Context(), index.Request{Query: "dog"})
	assert.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(err))
	assert.ErrorContains(t, err, "sightline index")
	require.NoError(t, os.Remove(filepath.Join(dir, "2.png"))) // the images themselves are not needed
	require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "2.png")))
	report := add(t, p, dir)
	assert.Equal(t, 2, report.Unchanged)
	got := dump(t, p.Store)
	for id, img := range got {
		assert.Equal(t, want[id].Tags, img.Tags)
	}
	_, err = index.New(p).Search(t.Context(), index.Request{Query: "dog"})
	assert.NoError(t, err)
}

func TestABundleWithoutTextServesItsLabels(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	draw(t, filepath.Join(dir, "a.png"), 1)
	add(t, p, dir)
	p.Texts = nil
	x := index.New(p)
	_, err := x.Search(t.Context(), index.Request{Query: p.Bundle.Labels[0].Name})
	assert.NoError(t, err)
	_, err = x.Search(t.Context(), index.Request{Query: "a dog on a beach at dawn"})
	assert.Equal(t, sightline.CodeBundleNoText, sightline.CodeOf(err))
}
