package index_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/index"
)

const candidates = 200

// ask gives the answer to a request with the results of all of its pages.
func ask(t *testing.T, x *index.Index, r index.Request) *index.Result {
	t.Helper()
	answer, err := x.Search(t.Context(), r)
	require.NoError(t, err)
	for page := answer; page.NextCursor != nil; {
		r.Cursor = *page.NextCursor
		page, err = x.Search(t.Context(), r)
		require.NoError(t, err)
		answer.Results = append(answer.Results, page.Results...)
	}
	return answer
}

// found are the images of an answer, in its order; each may come once.
func found(t *testing.T, r *index.Result) (ids []sightline.ImageID) {
	t.Helper()
	known := map[sightline.ImageID]bool{}
	for _, hit := range r.Results {
		assert.False(t, known[hit.ID], "%s comes twice", hit.ID)
		known[hit.ID] = true
		ids = append(ids, hit.ID)
	}
	return ids
}

func TestAnswersAreThoseOfDecodingEveryCandidate(t *testing.T) {
	p := partsAt(t, t.TempDir())
	noise(t, p, 300)
	x := index.New(p)
	half, most := 0.5, 0.999
	some, one := 0.001, 1.0
	const fewer, as = "fewer", "as many"
	for name, tc := range map[string]struct {
		request index.Request
		decodes string // "": depends on the model
	}{
		"a sentence":                 {index.Request{Query: "some people around a large cake"}, ""},
		"a few words":                {index.Request{Query: "people around a cake"}, fewer},
		"a name of a file":           {index.Request{Query: "299"}, fewer},
		"a high cut":                 {index.Request{Query: "people around a cake", MinProbability: &half}, ""},
		"a cut that nothing reaches": {index.Request{Query: "people around a cake", MinProbability: &one}, fewer},
		"nearly so":                  {index.Request{Query: "people around a cake", MinProbability: &most}, ""},
		"a low cut":                  {index.Request{Query: "people around a cake", MinProbability: &some}, ""},
		"nothing is cut":             {index.Request{Query: "people around a cake", MinProbability: new(float64)}, as},
		"nonsense":                   {index.Request{Query: "qwxz flurb snargle"}, ""},
		"under a filter":             {index.Request{Query: "people around a cake", Filter: "name:1*"}, fewer},
		"under a filter in the text": {index.Request{Query: "people around a cake path:*1*"}, fewer},
		"newest first":               {index.Request{Query: "people around a cake", Sort: index.Newest}, fewer},
		"with a NOT":                 {index.Request{Query: "people around a cake NOT a candle"}, as},
		"with another text":          {index.Request{Query: "people around a cake OR a candle"}, as},
	} {
		t.Run(name, func(t *testing.T) {
			r := tc.request
			r.Limit = 40
			steps := ask(t, x, r)
			r.Candidates = candidates
			all := ask(t, x, r)
			assert.Equal(t, found(t, all), found(t, steps))
			assert.Equal(t, all.Matches, steps.Matches)
			assert.Equal(t, all.NearestRejected, steps.NearestRejected)
			assert.Equal(t, all.Searched.Images, steps.Searched.Images)
			switch tc.decodes {
			case fewer:
				assert.Less(t, steps.Searched.Decoded, all.Searched.Decoded)
			case as:
				assert.Equal(t, all.Searched.Decoded, steps.Searched.Decoded)
			}
		})
	}
}

func TestEverythingIsDecodedWhereTheCosineTellsNothing(t *testing.T) {
	p := partsAt(t, t.TempDir())
	noise(t, p, 300)
	r := index.Request{Query: "people around a cake"}
	assert.Less(t, ask(t, index.New(p), r).Searched.Decoded, candidates)
	without := withModel(p, func(m *bundle.Manifest) { m.Decoder.Residual.Scale = 0 })
	assert.Equal(t, candidates, ask(t, index.New(without), r).Searched.Decoded)
	r.Exhaustive = true
	assert.Equal(t, 300, ask(t, index.New(p), r).Searched.Decoded)
}
