package index_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/index"
)

func TestATagIsScoredOverTheWholeIndexAndSearchedLikeALabel(t *testing.T) {
	p := parts(t)
	x, ids := index.New(p), noise(t, p, 300)
	before, err := p.Store.Tags(t.Context(), ids)
	require.NoError(t, err)

	added, err := x.AddTag(t.Context(), party)
	require.NoError(t, err)
	assert.Equal(t, index.Scoring{Images: 300}, *added.Scoring, "it is stored before anything is scored")
	var seen []index.TagProgress
	require.NoError(t, x.ScoreTags(t.Context(), func(p index.TagProgress) { seen = append(seen, p) }))
	assert.Equal(t, index.TagProgress{Name: party.Name, Images: 300}, seen[0])
	assert.Equal(t, index.TagProgress{Name: party.Name, Images: 300, Done: 300}, seen[len(seen)-1])
	assert.Greater(t, len(seen), 2, "it is told on the way")
	want := wantTag(t, p, ids, party.Descriptions)
	require.NotEmpty(t, want)
	requireTag(t, p.Store, party.Name, want)

	after, err := p.Store.Tags(t.Context(), ids)
	require.NoError(t, err)
	for _, id := range ids {
		assert.Contains(t, after[id], before[id][0], "labels stay")
	}
	for _, q := range []string{"birthday party", `tag:"BIRTHDAY party"`, `tag:"birthday party">0.02`} {
		result, err := x.Search(t.Context(), everything(q))
		require.NoError(t, err)
		assert.Zero(t, result.Searched.Decoded, "%s is answered from stored probabilities", q)
		assert.Empty(t, result.Unfinished)
		require.NotEmpty(t, result.Results)
		for _, hit := range result.Results {
			if len(hit.Terms) > 0 && want[hit.ID] > 0 {
				assert.InDelta(t, want[hit.ID], hit.Probability, 1e-3)
			}
		}
	}
}

func TestAThresholdMovesAtOnce(t *testing.T) {
	p := parts(t)
	ids := noise(t, p, 40)
	addTag(t, index.New(p), party)
	hits, err := p.Store.ByTag(t.Context(), party.Name, 0, nil)
	require.NoError(t, err)
	require.Greater(t, len(hits), 4)
	best := hits[0].ID
	p.Align, p.Images = nil, nil // nothing can be decoded any more
	x := index.New(p)
	for _, over := range []int{1, 4, 2} { // how many images are to have the tag
		threshold := (hits[over-1].Score + hits[over].Score) / 2
		tag, err := x.SetTag(t.Context(), "birthday party", index.TagChange{Threshold: &threshold})
		require.NoError(t, err)
		assert.True(t, tag.Scoring.Complete)
		assert.Equal(t, over, *tag.Tagged)
		found, err := x.Search(t.Context(), index.Request{Query: party.Name, Limit: 50})
		require.NoError(t, err)
		assert.Len(t, found.Results, over, "a search for a tag finds what carries it")
		shown, err := x.Get(t.Context(), best)
		require.NoError(t, err)
		assert.Contains(t, fmt.Sprint(shown.Tags), party.Name)
		shown, err = x.Get(t.Context(), hits[over].ID)
		require.NoError(t, err)
		assert.NotContains(t, fmt.Sprint(shown.Tags), party.Name)
	}
	tag, err := x.SetTag(t.Context(), party.Name, index.TagChange{DefaultThreshold: true})
	require.NoError(t, err)
	assert.InDelta(t, p.Bundle.MatchThreshold, tag.Threshold, 0)
	assert.True(t, tag.DefaultThreshold)
	assert.Len(t, ids, 40)
}

func TestInterruptedScoringGoesOn(t *testing.T) {
	for name, goOn := range map[string]func(t *testing.T, p index.Parts){
		"by scoring":        func(t *testing.T, p index.Parts) { require.NoError(t, index.New(p).ScoreTags(t.Context(), nil)) },
		"by adding again":   func(t *testing.T, p index.Parts) { addTag(t, index.New(p), party) },
		"by indexing":       func(t *testing.T, p index.Parts) { draw(t, filepath.Join(t.TempDir(), "a.png"), 1); addAny(t, p) },
		"in the background": func(t *testing.T, p index.Parts) { inBackground(t, index.New(p)) },
	} {
		t.Run(name, func(t *testing.T) {
			p := parts(t)
			x, ids := index.New(p), noise(t, p, 300)
			_, err := x.AddTag(t.Context(), party)
			require.NoError(t, err)
			ctx, stop := context.WithCancel(t.Context())
			err = x.ScoreTags(ctx, func(p index.TagProgress) {
				if p.Done > 0 {
					stop()
				}
			})
			require.ErrorIs(t, err, context.Canceled)
			tag, err := x.Tag(t.Context(), party.Name)
			require.NoError(t, err)
			assert.Equal(t, index.Scoring{Images: 300, Scored: 128}, *tag.Scoring)

			result, err := x.Search(t.Context(), everything("birthday party, type:png"))
			require.NoError(t, err)
			assert.Equal(t, []index.UnfinishedTag{{Name: party.Name, Scoring: *tag.Scoring}}, result.Unfinished, "the answer says so")
			for _, hit := range result.Results {
				assert.LessOrEqual(t, hit.ID, ids[127])
			}
			result, err = x.Search(t.Context(), everything("a red square"))
			require.NoError(t, err)
			assert.Empty(t, result.Unfinished, "where it is not asked for")

			goOn(t, p)
			tag, err = index.New(p).Tag(t.Context(), party.Name)
			require.NoError(t, err)
			assert.True(t, tag.Scoring.Complete)
			requireTag(t, p.Store, party.Name, wantTag(t, p, ids, party.Descriptions))
		})
	}
}

// addAny indexes one drawing.
func addAny(t *testing.T, p index.Parts) {
	t.Helper()
	dir := t.TempDir()
	draw(t, filepath.Join(dir, "any.png"), 99)
	add(t, p, dir)
}

func TestNewImagesGetTheTags(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	x := index.New(p)
	spec := index.TagSpec{Name: "coloured boxes", Descriptions: []string{"coloured boxes", "a drawing"}}
	tag := addTag(t, x, spec)
	assert.Equal(t, index.Scoring{Complete: true}, *tag.Scoring, "an index without images is scored")
	for i := range 6 {
		draw(t, filepath.Join(dir, fmt.Sprint(i)+".png"), uint64(i))
	}
	add(t, p, dir)
	ids, err := p.Store.IDs(t.Context(), nil)
	require.NoError(t, err)
	want := wantTag(t, p, ids, spec.Descriptions)
	require.NotEmpty(t, want)
	requireTag(t, p.Store, spec.Name, want)
	tag, err = x.Tag(t.Context(), spec.Name)
	require.NoError(t, err)
	assert.Equal(t, index.Scoring{Images: 6, Scored: 6, Complete: true}, *tag.Scoring)
}

func TestAnotherScoringScoresTagsAgain(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	for i := range 3 {
		draw(t, filepath.Join(dir, fmt.Sprint(i)+".png"), uint64(i))
	}
	add(t, p, dir)
	spec := index.TagSpec{Name: "coloured boxes", Descriptions: []string{"coloured boxes", "a drawing"}}
	addTag(t, index.New(p), spec)
	want := dump(t, p.Store)
	newer := withModel(p, func(m *bundle.Manifest) { m.ScoringFingerprint = "newer" })
	tag, err := index.New(newer).Tag(t.Context(), spec.Name)
	require.NoError(t, err)
	assert.Equal(t, index.Scoring{Images: 3}, *tag.Scoring, "of another model")
	_, err = index.New(newer).AddTag(t.Context(), party)
	assert.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(err))
	assert.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(index.New(newer).ScoreTags(t.Context(), nil)))
	add(t, newer, dir)
	same(t, want, dump(t, newer.Store))
	tag, err = index.New(newer).Tag(t.Context(), spec.Name)
	require.NoError(t, err)
	assert.True(t, tag.Scoring.Complete)
}

// A later model may have a label of a tag's name: the user's tag stays what it was.
func TestAUsersTagGoesBeforeALabelOfALaterModel(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	draw(t, filepath.Join(dir, "a.png"), 1)
	add(t, p, dir)
	threshold := 0.001
	addTag(t, index.New(p), index.TagSpec{Name: "coloured boxes", Threshold: &threshold})
	later := withModel(p, func(m *bundle.Manifest) { m.ScoringFingerprint = "later" })
	later.Bundle.Labels = append([]bundle.Label{{Name: "Coloured Boxes", Threshold: 0}}, p.Bundle.Labels[1:]...)
	add(t, later, dir)
	ids, err := later.Store.IDs(t.Context(), nil)
	require.NoError(t, err)
	requireTag(t, later.Store, "coloured boxes", wantTag(t, later, ids, []string{"coloured boxes"}))
	stored, err := later.Store.Tags(t.Context(), ids)
	require.NoError(t, err)
	assert.NotContains(t, fmt.Sprint(stored), "Coloured Boxes")
	tags, err := index.New(later).Tags(t.Context(), false)
	require.NoError(t, err)
	assert.Len(t, tags, len(later.Bundle.Labels), "it stands in the label's place")
	_, err = index.New(later).AddTag(t.Context(), index.TagSpec{Name: "coloured boxes"})
	require.NoError(t, err, "it is there already")
	_, err = index.New(later).PreviewTag(t.Context(), index.TagSpec{Name: "coloured boxes"}, index.PreviewOptions{})
	require.NoError(t, err)
}

func TestOtherDescriptionsScoreAgainAndRemovalLeavesNothing(t *testing.T) {
	p := parts(t)
	x, ids := index.New(p), noise(t, p, 200)
	before := dump(t, p.Store)
	addTag(t, x, party)
	other := []string{"a quiet street", "rain"}
	tag, err := x.SetTag(t.Context(), party.Name, index.TagChange{Descriptions: other})
	require.NoError(t, err)
	assert.Equal(t, index.Scoring{Images: 200}, *tag.Scoring)
	require.NoError(t, x.ScoreTags(t.Context(), nil))
	requireTag(t, p.Store, party.Name, wantTag(t, p, ids, other))
	tag, err = x.SetTag(t.Context(), party.Name, index.TagChange{Descriptions: other})
	require.NoError(t, err)
	assert.True(t, tag.Scoring.Complete, "the same descriptions are no change")

	require.NoError(t, x.RemoveTag(t.Context(), "birthday PARTY"))
	assert.Equal(t, before, dump(t, p.Store))
	_, err = x.Tag(t.Context(), party.Name)
	assert.Equal(t, sightline.CodeNotFound, sightline.CodeOf(err))
	result, err := x.Search(t.Context(), everything("birthday party"))
	require.NoError(t, err)
	assert.Positive(t, result.Searched.Decoded, "it is free text again")
}

func TestAPreviewStoresNothingAndSaysWhatAddingGives(t *testing.T) {
	p := parts(t)
	x, ids := index.New(p), noise(t, p, 300)
	before := dump(t, p.Store)
	preview, err := x.PreviewTag(t.Context(), party, index.PreviewOptions{Limit: 7})
	require.NoError(t, err)
	assert.Equal(t, before, dump(t, p.Store))
	assert.Equal(t, [2]int{300, 300}, [2]int{preview.Images, preview.Decoded})
	want := wantTag(t, p, ids, party.Descriptions)
	require.Len(t, preview.Results, 7)
	for _, hit := range preview.Results {
		assert.InDelta(t, want[hit.ID], hit.Probability, 1e-3)
		assert.True(t, strings.HasPrefix(hit.Path, "/noise/"))
	}
	inBars := 0
	for _, bar := range preview.Histogram {
		inBars += bar.Images
	}
	assert.Equal(t, 300, inBars)
	tag := addTag(t, x, party)
	assert.Equal(t, *tag.Tagged, preview.Tagged)
	for _, passing := range preview.Passing {
		tag, err := x.SetTag(t.Context(), party.Name, index.TagChange{Threshold: &passing.Threshold})
		require.NoError(t, err)
		assert.Equal(t, *tag.Tagged, passing.Images, "over %v", passing.Threshold)
	}
	again, err := x.PreviewTag(t.Context(), index.TagSpec{Name: "birthday party"}, index.PreviewOptions{Limit: 7})
	require.NoError(t, err)
	assert.Equal(t, preview.Results, again.Results, "of a tag that is there, with its own descriptions")
	few, err := x.PreviewTag(t.Context(), party, index.PreviewOptions{Decode: 50})
	require.NoError(t, err)
	assert.Equal(t, [2]int{300, 50}, [2]int{few.Images, few.Decoded})
}
