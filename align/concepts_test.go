package align_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/bundle/bundletest"
)

// textOnly is the tiny bundle with the query state of official RAM++ bundles: it takes a text's vector and nothing else.
func textOnly(tb testing.TB) *bundle.Bundle {
	tb.Helper()
	b, dir := tiny(tb), tb.TempDir()
	for name := range b.Manifest.Files {
		from, err := filepath.Abs(b.Path(name))
		require.NoError(tb, err)
		if name == bundle.QueryStateFile {
			from, err = filepath.Abs("testdata/query_state_text.onnx")
			require.NoError(tb, err)
		}
		require.NoError(tb, os.Symlink(from, filepath.Join(dir, name)))
	}
	b.Dir = dir
	return b
}

func (m model) encode(tb testing.TB, texts ...string) []sightline.TextFeatures {
	tb.Helper()
	encoded, err := m.texts.Encode(tb.Context(), texts)
	require.NoError(tb, err)
	return encoded
}

func (m model) concepts(tb testing.TB, tags ...[]string) []align.Concept {
	tb.Helper()
	concepts := make([]align.Concept, len(tags))
	for i, descriptions := range tags {
		var err error
		concepts[i], err = m.align.Concept(tb.Context(), m.encode(tb, descriptions...))
		require.NoError(tb, err)
	}
	return concepts
}

func (m model) score(tb testing.TB, concepts []align.Concept, images []sightline.Features) [][]align.Score {
	tb.Helper()
	scores, err := m.align.ScoreConcepts(tb.Context(), concepts, images)
	require.NoError(tb, err)
	require.Len(tb, scores, len(images))
	return scores
}

// shares is the reweighting as RAM++ defines it: softmax over the descriptions of k * (description . image).
func shares(k float64, vectors [][]float32, global []float32) []float64 {
	out, sum := make([]float64, len(vectors)), 0.0
	for i, v := range vectors {
		cosine := 0.0
		for j := range v {
			cosine += float64(v[j]) * float64(global[j])
		}
		out[i] = math.Exp(k * cosine)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

var tagged = [][]string{
	{"a dog on a beach", "cat", "red flower", "snow on a bridge"},
	{"dog"},
	{"beach", "snow"},
	{"red bridge", "red bridge", "a bridge"},
}

func TestDescriptionsAreMixedAsVectorsWhereTheQueryStateTakesTextAlone(t *testing.T) {
	for _, k := range []float64{0, 3, 40} {
		b := textOnly(t)
		b.Manifest.Decoder.Reweight = k
		m, sharpness := load(t, b), k
		if k == 0 {
			sharpness = 10 // of bundles that do not say
		}
		images := m.features(t, 6)
		got := m.score(t, m.concepts(t, tagged...), images)
		for n, descriptions := range tagged {
			encoded := m.encode(t, descriptions...)
			var vectors [][]float32
			for _, e := range encoded {
				vectors = append(vectors, e.Vector)
			}
			for i, image := range images {
				mixed := make([]float32, len(vectors[0]))
				for d, w := range shares(sharpness, vectors, image.Global) {
					for j := range mixed {
						mixed[j] += float32(w) * vectors[d][j]
					}
				}
				query, err := m.align.Queries(t.Context(), []sightline.TextFeatures{{Vector: mixed}})
				require.NoError(t, err)
				want, err := m.align.Score(t.Context(), query, []sightline.Features{image})
				require.NoError(t, err)
				assert.InDelta(t, want[0][0].Logit, got[i][n].Logit, 1e-4, "%q of image %d with %v", descriptions, i, k)
				assert.InDelta(t, sigmoid(0.8*got[i][n].Logit-0.3), got[i][n].Probability, 1e-9)
			}
		}
	}
}

func TestDescriptionsHaveTheirLogitsMixedWhereATextIsMoreThanAVector(t *testing.T) {
	bundlesOfTokens(t, func(t *testing.T, m model) {
		t.Helper()
		images := m.features(t, 6)
		got := m.score(t, m.concepts(t, tagged...), images)
		for n, descriptions := range tagged {
			queries := m.queries(t, descriptions...)
			each, err := m.align.Score(t.Context(), queries, images)
			require.NoError(t, err)
			var vectors [][]float32
			for _, q := range queries {
				vectors = append(vectors, q.Vector)
			}
			for i, image := range images {
				want := 0.0
				for d, w := range shares(10, vectors, image.Global) {
					want += w * each[i][d].Logit
				}
				assert.InDelta(t, want, got[i][n].Logit, 1e-3, "%q of image %d", descriptions, i)
				assert.InDelta(t, m.Bundle.TextScale.Probability(got[i][n].Logit), got[i][n].Probability, 1e-9)
			}
		}
	})
}

func TestOneDescriptionIsPlainFreeText(t *testing.T) {
	check := func(t *testing.T, m model) {
		t.Helper()
		images := m.features(t, 5)
		want, err := m.align.Score(t.Context(), m.queries(t, "a dog on a beach"), images)
		require.NoError(t, err)
		got := m.score(t, m.concepts(t, []string{"a dog on a beach"}, []string{"a dog on a beach", "a dog on a beach"}), images)
		for i := range images {
			assert.InDelta(t, want[i][0].Logit, got[i][0].Logit, 1e-6)
			assert.InDelta(t, want[i][0].Logit, got[i][1].Logit, 1e-3, "said twice it is the same")
		}
	}
	bundles(t, check)
	t.Run("text only", func(t *testing.T) { check(t, load(t, textOnly(t))) })
}

func TestManyTagsKeepTheirOrder(t *testing.T) {
	for name, b := range map[string]*bundle.Bundle{"apart": tiny(t), "mixed": textOnly(t)} {
		t.Run(name, func(t *testing.T) {
			m := load(t, b)
			images := m.features(t, 3)
			want := m.score(t, m.concepts(t, tagged...), images)
			got := m.score(t, slices.Repeat(m.concepts(t, tagged...), 150), images) // several runs of the decoder
			for i := range images {
				assert.InDeltaSlice(t, logits([][]align.Score{slices.Repeat(want[i], 150)}), logits(got[i:i+1]), 1e-4)
			}
		})
	}
}

func TestATagLiesWhereItsDescriptionsDo(t *testing.T) {
	m := load(t, tiny(t))
	concepts := m.concepts(t, []string{"dog"}, []string{"dog", "cat"})
	assert.InDeltaSlice(t, m.queries(t, "dog")[0].Vector, concepts[0].Vector(), 1e-6)
	length := 0.0
	for _, x := range concepts[1].Vector() {
		length += float64(x) * float64(x)
	}
	assert.InDelta(t, 1, length, 1e-6)
}

func TestTagsThatCannotBeScored(t *testing.T) {
	m := load(t, textOnly(t))
	_, err := m.align.Concept(t.Context(), nil)
	assert.Error(t, err)
	concepts := m.concepts(t, []string{"dog", "cat"}, []string{"dog"})
	assert.Empty(t, m.score(t, concepts, nil))
	for _, bad := range []sightline.Features{{}, {Patches: m.features(t, 1)[0].Patches, Global: []float32{1}}} {
		for _, one := range concepts {
			_, err := m.align.ScoreConcepts(t.Context(), []align.Concept{one}, []sightline.Features{bad})
			assert.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(err))
		}
	}
	long := m.concepts(t, []string{strings.Repeat("dog ", 1000), "cat"})
	assert.Len(t, m.score(t, long, m.features(t, 1))[0], 1, "a long description is cut, not refused")
}

// BenchmarkScoreConcepts100 scores a tag of several descriptions on 100 images with the bundle that ships.
func BenchmarkScoreConcepts100(b *testing.B) {
	m := load(b, bundletest.Open(b))
	images := slices.Repeat(m.features(b, 1), 100)
	for _, n := range []int{1, 5, 20} {
		texts := make([]string, n)
		for i := range texts {
			texts[i] = fmt.Sprintf("a dog on beach number %d", i)
		}
		concepts := m.concepts(b, texts)
		b.Run(fmt.Sprintf("%d_descriptions", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := m.align.ScoreConcepts(b.Context(), concepts, images); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
