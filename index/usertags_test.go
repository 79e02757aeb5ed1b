package index_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/vectordb"
)

// noise stores n images with random features, some of them near to a cake: the decoder does not mind, and no image has
// to be encoded.
func noise(t *testing.T, p index.Parts, n int) []sightline.ImageID {
	t.Helper()
	m := p.Bundle.Manifest
	require.NoError(t, p.Store.SetModel(t.Context(), vectordb.Model{
		Name: m.Name + " " + m.Version, Feature: m.FeatureFingerprint, Scoring: m.ScoringFingerprint,
	}))
	cake, err := p.Texts.Encode(t.Context(), []string{"people around a cake"})
	require.NoError(t, err)
	near, err := p.Align.Queries(t.Context(), cake)
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(7, 7))
	records, ids := make([]vectordb.Record, n), make([]sightline.ImageID, n)
	for i := range records {
		ids[i] = sightline.ImageID(fmt.Sprintf("%064x", i))
		records[i] = vectordb.Record{
			Image: sightline.Image{
				ID: ids[i], Format: "png", IndexedAt: time.Unix(1, 0),
				Files: []sightline.File{{Path: fmt.Sprintf("/noise/%d.png", i), ModTime: time.Unix(1, 0)}},
			},
			Features: sightline.Features{Global: randomDirection(r, near[0].Vector), Patches: randomHalves(r, m.Features.PatchBytes()/2)},
			Tags:     []sightline.Tag{{Name: p.Bundle.Labels[0].Name, Probability: 0.5}},
		}
	}
	require.NoError(t, p.Store.Put(t.Context(), records))
	return ids
}

// randomDirection gives a unit vector that leans to another one, more or less.
func randomDirection(r *rand.Rand, lean []float32) []float32 {
	v, sum, by := make([]float32, len(lean)), 0.0, float32(16*r.Float64())
	for i := range v {
		v[i] = float32(r.NormFloat64()) + by*lean[i]
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// randomHalves gives 16-bit floats between 1/8 and 1, of either sign.
func randomHalves(r *rand.Rand, n int) []byte {
	out := make([]byte, 0, 2*n)
	for range n {
		out = binary.LittleEndian.AppendUint16(out, uint16(r.IntN(2)<<15|0x3000+r.IntN(0xc00)))
	}
	return out
}

var party = index.TagSpec{Name: "Birthday Party", Descriptions: []string{"people around a cake", "balloons in a room", "a candle"}}

// wantTag computes the probabilities of a tag from first principles.
func wantTag(t *testing.T, p index.Parts, ids []sightline.ImageID, texts []string) map[sightline.ImageID]float64 {
	t.Helper()
	encoded, err := p.Texts.Encode(t.Context(), texts)
	require.NoError(t, err)
	concept, err := p.Align.Concept(t.Context(), encoded)
	require.NoError(t, err)
	stored, err := p.Store.Features(t.Context(), ids)
	require.NoError(t, err)
	want := map[sightline.ImageID]float64{}
	for _, id := range ids {
		scores, err := p.Align.ScoreConcepts(t.Context(), []align.Concept{concept}, []sightline.Features{stored[id]})
		require.NoError(t, err)
		if probability := scores[0][0].Probability; probability >= 0.011 { // nearer to the floor a bit decides
			want[id] = probability
		}
	}
	return want
}

// requireTag compares what is stored of a tag.
func requireTag(t *testing.T, s vectordb.Reader, name string, want map[sightline.ImageID]float64) {
	t.Helper()
	hits, err := s.ByTag(t.Context(), name, 0, nil)
	require.NoError(t, err)
	got := map[sightline.ImageID]float64{}
	for _, hit := range hits {
		if hit.Score >= 0.011 {
			got[hit.ID] = hit.Score
		}
	}
	for id := range got {
		if _, known := want[id]; !known {
			require.Less(t, got[id], 0.012, "%s", id)
		}
	}
	for id, p := range want {
		if p >= 0.012 {
			require.InDelta(t, p, got[id], 1e-3, "%s", id)
		}
	}
}

// addTag adds a tag and scores it to the end.
func addTag(t *testing.T, x *index.Index, spec index.TagSpec) *index.TagInfo {
	t.Helper()
	_, err := x.AddTag(t.Context(), spec)
	require.NoError(t, err)
	require.NoError(t, x.ScoreTags(t.Context(), nil))
	tag, err := x.Tag(t.Context(), spec.Name)
	require.NoError(t, err)
	require.True(t, tag.Scoring.Complete)
	return tag
}

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

// inBackground lets the background score until nothing is unfinished.
func inBackground(t *testing.T, x *index.Index) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		x.KeepTagsScored(ctx, func(err error) { assert.NoError(t, err) })
	}()
	untilComplete(t, x)
	stop()
	<-done
}

func untilComplete(t *testing.T, x *index.Index) {
	t.Helper()
	for complete := false; !complete; {
		require.NoError(t, t.Context().Err())
		tags, err := x.Tags(t.Context(), true)
		require.NoError(t, err)
		complete = true
		for _, tag := range tags {
			complete = complete && tag.Scoring.Complete
		}
	}
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

func TestTagsThatAreRefused(t *testing.T) {
	p := parts(t)
	x := index.New(p)
	noise(t, p, 3)
	addTag(t, x, index.TagSpec{Name: "mine"})
	over, nan := 1.1, math.NaN()
	label := p.Bundle.Labels[0].Name
	var alias string
	for _, l := range p.Bundle.Labels {
		if len(l.Aliases) > 0 {
			alias = l.Aliases[0]
		}
	}
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprintf("number %d", i)
	}
	for name, c := range map[string]struct {
		spec  index.TagSpec
		code  sightline.Code
		param string
		says  string
	}{
		"no name":            {index.TagSpec{Name: " \u00a0 "}, sightline.CodeInvalid, "name", "empty"},
		"endless name":       {index.TagSpec{Name: strings.Repeat("ö", 101)}, sightline.CodeInvalid, "name", "at most 100"},
		"control characters": {index.TagSpec{Name: "a\x1b[31mb"}, sightline.CodeInvalid, "name", "control characters"},
		"line break":         {index.TagSpec{Name: "a\nb"}, sightline.CodeInvalid, "name", "control characters"},
		"name not UTF-8":     {index.TagSpec{Name: "a\xffb"}, sightline.CodeInvalid, "name", "UTF-8"},
		"10 MB name":         {index.TagSpec{Name: strings.Repeat("x", 10<<20)}, sightline.CodeInvalid, "name", "10485760 characters"},
		"a label":            {index.TagSpec{Name: strings.ToUpper(label)}, sightline.CodeNameTaken, "name", label},
		"an alias":           {index.TagSpec{Name: alias}, sightline.CodeNameTaken, "name", alias},
		"another tag":        {index.TagSpec{Name: "MINE"}, sightline.CodeNameTaken, "name", "mine"},
		"other descriptions": {index.TagSpec{Name: "mine", Descriptions: []string{"yours"}}, sightline.CodeNameTaken, "name", "tags set"},
		"empty description":  {index.TagSpec{Name: "a tag", Descriptions: []string{"good", " "}}, sightline.CodeInvalid, "descriptions", "description 2"},
		"no word":            {index.TagSpec{Name: "a tag", Descriptions: []string{"\u200b\u0300"}}, sightline.CodeInvalid, "descriptions", "no word"},
		"name without words": {index.TagSpec{Name: "\u200b"}, sightline.CodeInvalid, "descriptions", "no word"},
		"10 MB description":  {index.TagSpec{Name: "a tag", Descriptions: []string{strings.Repeat("x", 10<<20)}}, sightline.CodeInvalid, "descriptions", "at most 2000"},
		"too many":           {index.TagSpec{Name: "a tag", Descriptions: many}, sightline.CodeInvalid, "descriptions", "at most 100"},
		"said twice":         {index.TagSpec{Name: "a tag", Descriptions: []string{"x", "y", "x"}}, sightline.CodeInvalid, "descriptions", "1 and 3 are the same"},
		"threshold over 1":   {index.TagSpec{Name: "a tag", Threshold: &over}, sightline.CodeInvalid, "threshold", "0 to 1"},
		"threshold NaN":      {index.TagSpec{Name: "a tag", Threshold: &nan}, sightline.CodeInvalid, "threshold", "0 to 1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := x.AddTag(t.Context(), c.spec)
			require.Equal(t, c.code, sightline.CodeOf(err), "%v", err)
			assert.ErrorContains(t, err, c.says)
			assert.Less(t, len(err.Error()), 600, "a long value is not repeated")
			var coded *sightline.Error
			require.ErrorAs(t, err, &coded)
			assert.Equal(t, c.param, coded.Param)
		})
	}
	tags, err := x.Tags(t.Context(), true)
	require.NoError(t, err)
	assert.Len(t, tags, 1)

	for name, change := range map[string]index.TagChange{
		"over": {Threshold: &over}, "both": {Threshold: new(float64), DefaultThreshold: true}, "none": {Descriptions: []string{}}, "bad": {Descriptions: []string{""}},
	} {
		_, err := x.SetTag(t.Context(), "mine", change)
		assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err), name)
	}
	half := 0.5
	_, err = x.SetTag(t.Context(), "no such tag", index.TagChange{Threshold: &half})
	assert.Equal(t, sightline.CodeNotFound, sightline.CodeOf(err))
	_, err = x.SetTag(t.Context(), label, index.TagChange{Threshold: &half})
	assert.ErrorContains(t, err, "label of the model")
	assert.Equal(t, sightline.CodeNotFound, sightline.CodeOf(x.RemoveTag(t.Context(), "no such tag")))
	_, err = x.PreviewTag(t.Context(), party, index.PreviewOptions{Limit: 1001})
	assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err))
}

func TestABundleWithoutTextHasNoTagsOfTheUsers(t *testing.T) {
	p := parts(t)
	noise(t, p, 3)
	p.Texts = nil
	x := index.New(p)
	_, err := x.AddTag(t.Context(), party)
	assert.Equal(t, sightline.CodeBundleNoText, sightline.CodeOf(err))
	_, err = x.PreviewTag(t.Context(), party, index.PreviewOptions{})
	assert.Equal(t, sightline.CodeBundleNoText, sightline.CodeOf(err))
	tags, err := x.Tags(t.Context(), false)
	require.NoError(t, err)
	assert.Len(t, tags, len(p.Bundle.Labels))
}
