package index_test

import (
	"errors"
	"fmt"
	"image"
	_ "image/png"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/query"
	"github.com/sightline-search/sightline/vectordb"
)

// corpus is an index of drawings and, computed by hand, what every text scores on every image.
type corpus struct {
	index.Parts
	*index.Index
	dir   string
	ids   []sightline.ImageID
	names map[sightline.ImageID]string
	tags  map[sightline.ImageID]map[string]float64
	label string // stored for some of the images, and not for all where the model is any good
}

const drawings = 30

// drawn gives the shared corpus.
func drawn(t *testing.T) *corpus {
	t.Helper()
	drawnOnce.Do(func() { shared = newCorpus(t) })
	require.NotNil(t, shared, "the corpus could not be made; an earlier test says why")
	c := *shared
	return &c
}

func newCorpus(t *testing.T) *corpus {
	t.Helper()
	c := &corpus{
		Parts: openAt(t, filepath.Join(scratch, "data")), dir: filepath.Join(scratch, "drawings"),
		names: map[sightline.ImageID]string{}, tags: map[sightline.ImageID]map[string]float64{},
	}
	for i := range drawings {
		folder := []string{"even", "odd"}[i%2]
		draw(t, filepath.Join(c.dir, folder, fmt.Sprintf("img%02d.png", i)), uint64(i))
	}
	add(t, c.Parts, c.dir)
	c.Index = index.New(c.Parts)
	count := map[string]int{}
	for img, err := range c.Store.Images(t.Context(), nil, vectordb.ByID) {
		require.NoError(t, err)
		c.ids = append(c.ids, img.ID)
		c.names[img.ID] = filepath.Base(filepath.Dir(img.Path())) + "/" + filepath.Base(img.Path())
	}
	stored, err := c.Store.Tags(t.Context(), c.ids)
	require.NoError(t, err)
	for id, tags := range stored {
		c.tags[id] = map[string]float64{}
		for _, tag := range tags {
			c.tags[id][tag.Name] = tag.Probability
			count[tag.Name]++
		}
	}
	labels := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return (abs(count[a]-drawings/2)-abs(count[b]-drawings/2))*1000 + strings.Compare(a, b)
	})
	require.NotEmpty(t, labels, "no label has a probability that is stored")
	c.label = labels[0]
	return c
}

func abs(n int) int { return max(n, -n) }

// want computes the probability of a query for every image from first principles: every text through the decoder, every
// label from what is stored, composed.
func (c *corpus) want(t *testing.T, q string) map[sightline.ImageID]float64 {
	t.Helper()
	expr, err := query.Parse(q)
	require.NoError(t, err)
	features, err := c.Store.Features(t.Context(), c.ids)
	require.NoError(t, err)
	images, err := c.Store.Get(t.Context(), c.ids)
	require.NoError(t, err)
	made := map[string][]sightline.TextQuery{}
	for _, use := range query.Terms(expr) {
		encoded, err := c.Texts.Encode(t.Context(), []string{use.Term.Text})
		require.NoError(t, err)
		made[use.Term.Text], err = c.Align.Queries(t.Context(), encoded)
		require.NoError(t, err)
	}
	out := map[sightline.ImageID]float64{}
	for i, id := range c.ids {
		term := func(term query.Term) float64 {
			if label, ok := c.Bundle.Label(term.Text); ok {
				return c.tags[id][label.Name]
			}
			scores, err := c.Align.Score(t.Context(), made[term.Text], []sightline.Features{features[id]})
			require.NoError(t, err)
			return scores[0][0].Probability
		}
		fact := func(f sightline.Filter) bool {
			return sightline.MatchFilter(f, images[i], func(name string) float64 { return c.tags[id][name] })
		}
		if p := query.Probability(expr, term, fact); p > 0 {
			out[id] = p
		}
	}
	return out
}

func (c *corpus) search(t *testing.T, r index.Request) *index.Result {
	t.Helper()
	result, err := c.Search(t.Context(), r)
	require.NoError(t, err)
	return result
}

// everything asks for all images with any probability at all.
func everything(q string) index.Request {
	least := 1e-12
	return index.Request{Query: q, MinProbability: &least, Limit: 1000}
}

func TestSearchScoresAsTheParts(t *testing.T) {
	c := drawn(t)
	for q, decoded := range map[string]int{
		"a red square on a blue ground":                 drawings,
		c.label:                                         0,
		"tag:" + quoted(c.label):                        0,
		"NOT " + quoted(c.label):                        0,
		"NOT \"a red square\"":                          drawings,
		quoted(c.label) + " AND a red square":           -1,
		"a red square OR " + quoted(c.label):            drawings,
		"a red square -" + quoted(c.label):              drawings,
		"a red square, a green line path:even/*":        drawings / 2,
		"a red square OR path:even/*":                   drawings,
		"path:even/*":                                   0,
		"NOT path:even/*":                               0,
		"tag:" + quoted(c.label) + ">0.02":              0,
		quoted(c.label) + " OR path:even/*":             0,
		"(a red square OR path:even/*) name:img0*":      10,
		"a red square OR tag:" + quoted(c.label) + ">0": drawings,
	} {
		for _, exhaustive := range []bool{false, true} {
			r := everything(q)
			r.Exhaustive = exhaustive
			result := c.search(t, r)
			want := c.want(t, q)
			require.Len(t, result.Results, len(want), q)
			last := 2.0
			for _, hit := range result.Results {
				assert.InDelta(t, want[hit.ID], hit.Probability, 1e-4, "%s: %s", q, hit.Path)
				assert.LessOrEqual(t, hit.Probability, last)
				last = hit.Probability
			}
			if decoded >= 0 && !exhaustive {
				assert.Equal(t, decoded, result.Searched.Decoded, q)
			}
		}
	}
}

func quoted(s string) string { return `"` + s + `"` }

func TestSearchedCountsTheImagesUnderTheFilter(t *testing.T) {
	c := drawn(t)
	assert.Equal(t, drawings, c.search(t, everything("a red square")).Searched.Images)
	assert.Equal(t, drawings/2, c.search(t, everything("a red square path:even/*")).Searched.Images)
	r := everything("a red square path:even/*")
	r.Filter = "name:img0*"
	result := c.search(t, r)
	assert.Equal(t, index.Searched{Images: 5, Decoded: 5}, result.Searched)
	for _, hit := range result.Results {
		assert.True(t, strings.HasPrefix(c.names[hit.ID], "even/img0"), c.names[hit.ID])
	}
}

func TestCandidatesBoundWhatIsDecoded(t *testing.T) {
	c := drawn(t)
	r := everything("a red square")
	r.Candidates = 7
	assert.Equal(t, 7, c.search(t, r).Searched.Decoded)
	r.Exhaustive = true
	assert.Equal(t, drawings, c.search(t, r).Searched.Decoded)
	r = everything("img07")
	r.Candidates = 1
	found := c.search(t, r)
	assert.True(t, slices.ContainsFunc(found.Results, func(h index.Hit) bool { return c.names[h.ID] == "odd/img07.png" }),
		"a file named like the query is a candidate, however it looks")
}

func TestNothingMatches(t *testing.T) {
	c := drawn(t)
	sure := 1.0
	result := c.search(t, index.Request{Query: "a red square", MinProbability: &sure})
	assert.False(t, result.Matched)
	assert.Empty(t, result.Results)
	assert.NotNil(t, result.Results, "JSON shows [], not null")
	require.NotNil(t, result.NearestRejected)
	best := c.search(t, everything("a red square")).Results[0]
	assert.Equal(t, index.Rejected{ID: best.ID, Path: best.Path, Probability: best.Probability}, *result.NearestRejected)

	result = c.search(t, index.Request{Query: "type:gif"})
	assert.False(t, result.Matched)
	assert.Nil(t, result.NearestRejected)
	result = c.search(t, index.Request{Query: "path:even/*"})
	assert.True(t, result.Matched)
	assert.InDelta(t, 1, result.Results[0].Probability, 0)
}

func TestTheDefaultCutIsTheBundles(t *testing.T) {
	c := drawn(t)
	b := *c.Bundle
	all := c.search(t, everything("a red square")).Results
	b.MatchThreshold = all[9].Probability
	c.Bundle = &b
	c.Index = index.New(c.Parts)
	result := c.search(t, index.Request{Query: "a red square", Limit: 100})
	assert.Len(t, result.Results, 10, "the threshold itself is enough")
}

func TestAnArticleMakesNoFreeText(t *testing.T) {
	c := drawn(t)
	bare := c.search(t, everything("dog"))
	for _, query := range []string{"a dog", "The Dog", "a  dog"} {
		result := c.search(t, everything(query))
		assert.Zero(t, result.Searched.Decoded, query)
		require.Len(t, result.Results, len(bare.Results), query)
		for i, hit := range result.Results {
			assert.InDelta(t, bare.Results[i].Probability, hit.Probability, 0, query)
		}
	}
	assert.NotZero(t, c.search(t, everything("a dog running")).Searched.Decoded)
}

func TestASentenceHasItsOwnCut(t *testing.T) {
	c := drawn(t)
	b := c.Parts.Bundle
	require.NotNil(t, b.Sentence)
	require.Less(t, b.Sentence.MatchThreshold, b.MatchThreshold)
	sentence := "a red square on a green ground"
	for query, want := range map[string]float64{
		sentence:                     b.Sentence.MatchThreshold,
		sentence + " path:*.png":     b.Sentence.MatchThreshold, // facts have no probability
		"dog":                        b.MatchThreshold,
		"red square":                 b.MatchThreshold,
		`"` + sentence + `" AND dog`: b.MatchThreshold,
		`NOT "` + sentence + `"`:     b.MatchThreshold,
	} {
		assert.InDelta(t, want, c.search(t, index.Request{Query: query, Limit: 5}).MinProbability, 0, query)
	}
}

func TestPagesFitTogether(t *testing.T) {
	c := drawn(t)
	r := everything("a red square")
	whole := c.search(t, r).Results
	r.Limit = 7
	var paged []index.Hit
	for {
		result := c.search(t, r)
		paged = append(paged, result.Results...)
		if result.NextCursor == nil {
			break
		}
		r.Cursor = *result.NextCursor
	}
	assert.Equal(t, whole, paged)

	other := everything("a blue square")
	other.Cursor = r.Cursor
	for _, bad := range []index.Request{other, {Query: "a", Cursor: "!"}, {Query: "a", Cursor: "AAAA"}} {
		_, err := c.Search(t.Context(), bad)
		assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err), bad.Cursor)
	}
}

func TestSortByDateKeepsTheCut(t *testing.T) {
	c := drawn(t)
	r := everything("a red square path:even/*")
	r.Sort = index.Newest
	newest := c.search(t, r).Results
	r.Sort = index.Oldest
	oldest := c.search(t, r).Results
	require.Len(t, newest, drawings/2)
	date := func(h index.Hit) int64 {
		d, err := c.Get(t.Context(), h.ID)
		require.NoError(t, err)
		return d.Image.IndexedAt.UnixNano() // drawings have no date of their own
	}
	assert.GreaterOrEqual(t, date(newest[0]), date(newest[len(newest)-1]))
	assert.LessOrEqual(t, date(oldest[0]), date(oldest[len(oldest)-1]))
}

func TestBadRequests(t *testing.T) {
	c := drawn(t)
	more, nan, id := 1.5, math.NaN(), c.ids[0]
	for _, bad := range []struct {
		r    index.Request
		code sightline.Code
	}{
		{index.Request{}, sightline.CodeQueryEmpty},
		{index.Request{Query: "  "}, sightline.CodeQueryEmpty},
		{index.Request{Query: strings.Repeat("x", 100_000)}, sightline.CodeQueryTooLong},
		{index.Request{Query: "dog AND"}, sightline.CodeQuerySyntax},
		{index.Request{Query: "dog", Filter: "dog"}, sightline.CodeQuerySyntax},
		{index.Request{Query: "dog", Like: id}, sightline.CodeInvalid},
		{index.Request{Query: "dog", Limit: 1001}, sightline.CodeInvalid},
		{index.Request{Query: "dog", Limit: -1}, sightline.CodeInvalid},
		{index.Request{Query: "dog", Candidates: -1}, sightline.CodeInvalid},
		{index.Request{Query: "dog", MinProbability: &more}, sightline.CodeInvalid},
		{index.Request{Query: "dog", MinProbability: &nan}, sightline.CodeInvalid},
		{index.Request{Query: "dog", Sort: "best"}, sightline.CodeInvalid},
		{index.Request{Query: "tag:nosuchlabel"}, sightline.CodeInvalid},
		{index.Request{Query: "tag:nosuchlabel>0.5"}, sightline.CodeInvalid},
		{index.Request{Like: "xyz"}, sightline.CodeInvalid},
		{index.Request{Like: sightline.ImageID(strings.Repeat("0", 64))}, sightline.CodeNotFound},
	} {
		_, err := c.Search(t.Context(), bad.r)
		assert.Equal(t, bad.code, sightline.CodeOf(err), "%+.60v", bad.r)
	}
	for param, bad := range map[string]index.Request{
		"query":  {Query: "NOT (dog OR tag:nosuchlabel>0.5)"},
		"filter": {Query: "dog", Filter: "type:png OR NOT tag:nosuchlabel>0.5"},
	} {
		_, err := c.Search(t.Context(), bad)
		e, ok := errors.AsType[*sightline.Error](err)
		require.True(t, ok)
		assert.Equal(t, param, e.Param)
	}
}

func TestSimilarImages(t *testing.T) {
	c := drawn(t)
	like := c.search(t, index.Request{Like: c.ids[3], Limit: 100})
	assert.Len(t, like.Results, drawings-1)
	for _, hit := range like.Results {
		assert.NotEqual(t, c.ids[3], hit.ID, "the image itself is no answer")
	}
	features, err := c.Store.Features(t.Context(), []sightline.ImageID{c.ids[3], like.Results[0].ID})
	require.NoError(t, err)
	var cosine float64
	for i, v := range features[c.ids[3]].Global {
		cosine += float64(v) * float64(features[like.Results[0].ID].Global[i])
	}
	assert.InDelta(t, cosine, like.Results[0].Probability, 1e-5)

	f, err := os.Open(filepath.Join(c.dir, c.names[c.ids[3]]))
	require.NoError(t, err)
	defer f.Close()
	img, _, err := image.Decode(f)
	require.NoError(t, err)
	given := c.search(t, index.Request{Image: img, Limit: 100, Filter: "path:" + filepath.Dir(c.names[c.ids[3]])})
	assert.Equal(t, c.ids[3], given.Results[0].ID, "the same picture is the nearest one")
	assert.InDelta(t, 1, given.Results[0].Probability, 1e-3)
	assert.Len(t, given.Results, drawings/2)
}

func TestAnEmptyIndexAnswers(t *testing.T) {
	x := index.New(parts(t))
	result, err := x.Search(t.Context(), index.Request{Query: "a red square"})
	require.NoError(t, err)
	assert.False(t, result.Matched)
	assert.Zero(t, result.Searched)
}

func TestAHitCarriesTheTenLikeliestTags(t *testing.T) {
	c := drawn(t)
	everything := 0.0
	result, err := c.Search(t.Context(), index.Request{Query: "a drawing", Plain: true, MinProbability: &everything, Limit: drawings})
	require.NoError(t, err)
	require.Len(t, result.Results, drawings)
	for _, hit := range result.Results {
		details, err := c.Get(t.Context(), hit.ID)
		require.NoError(t, err)
		assert.Equal(t, details.Tags[:min(len(details.Tags), 10)], hit.Tags)
	}
}

func TestTheTimesOfASearchAddUp(t *testing.T) {
	c := drawn(t)
	result, err := c.Search(t.Context(), index.Request{Query: "a drawing", Plain: true})
	require.NoError(t, err)
	took := result.Took
	for _, part := range []float64{took.Text, took.Retrieve, took.Fetch, took.Decode} {
		assert.Positive(t, part)
	}
	assert.LessOrEqual(t, took.Text+took.Retrieve+took.Fetch+took.Decode, took.Total)
}
