package align_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/bundle/bundletest"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/internal/ort/orttest"
)

// model is a bundle with its graphs loaded.
type model struct {
	*bundle.Bundle
	images *encoder.Images
	texts  *encoder.Texts
	align  *align.Aligner
}

func load(tb testing.TB, b *bundle.Bundle) model {
	tb.Helper()
	rt := orttest.Open(tb)
	m := model{Bundle: b}
	var err error
	m.images, err = encoder.NewImages(rt, b)
	require.NoError(tb, err)
	m.texts, err = encoder.NewTexts(rt, b)
	require.NoError(tb, err)
	m.align, err = align.New(rt, b)
	require.NoError(tb, err)
	tb.Cleanup(func() {
		assert.NoError(tb, m.images.Close())
		assert.NoError(tb, m.texts.Close())
		assert.NoError(tb, m.align.Close())
	})
	return m
}

// tiny opens the bundle of testdata/make_bundle.py, whose text and label paths must agree.
func tiny(tb testing.TB) *bundle.Bundle {
	tb.Helper()
	b, err := bundle.Open("testdata/tiny")
	require.NoError(tb, err)
	return b
}

// inBytes opens the bundle of testdata/make_bytes.py: of the official layout, with i8 features and int8 weights.
func inBytes(tb testing.TB) *bundle.Bundle {
	tb.Helper()
	b, err := bundle.Open("testdata/bytes")
	require.NoError(tb, err)
	return b
}

// bundles runs a test with the bundle that ships (f16 features), the tiny one (f32) and the one in bytes (i8).
func bundles(t *testing.T, test func(t *testing.T, m model)) {
	t.Helper()
	bundlesOfTokens(t, test)
	t.Run("bytes", func(t *testing.T) { test(t, load(t, inBytes(t))) })
}

// bundlesOfTokens are those to which a text is more than its vector.
func bundlesOfTokens(t *testing.T, test func(t *testing.T, m model)) {
	t.Helper()
	t.Run("default", func(t *testing.T) { test(t, load(t, bundletest.Open(t))) })
	t.Run("tiny", func(t *testing.T) { test(t, load(t, tiny(t))) })
}

// features encodes n images that differ.
func (m model) features(tb testing.TB, n int) []sightline.Features {
	tb.Helper()
	all := make([]sightline.Features, n)
	for i := range all {
		img := image.NewNRGBA(image.Rect(0, 0, 40, 30))
		for x := range 40 {
			for y := range 30 {
				img.SetNRGBA(x, y, color.NRGBA{R: uint8(7*x + 31*i), G: uint8(8*y + 3*i*x), B: uint8(90 * i), A: 255})
			}
		}
		f, err := m.images.Encode(tb.Context(), []encoder.Pixels{m.images.Prepare(img)})
		require.NoError(tb, err)
		all[i] = f[0]
	}
	return all
}

func (m model) queries(tb testing.TB, texts ...string) []sightline.TextQuery {
	tb.Helper()
	encoded, err := m.texts.Encode(tb.Context(), texts)
	require.NoError(tb, err)
	queries, err := m.align.Queries(tb.Context(), encoded)
	require.NoError(tb, err)
	return queries
}

func logits(scores [][]align.Score) []float64 {
	var all []float64
	for _, row := range scores {
		for _, s := range row {
			all = append(all, s.Logit)
		}
	}
	return all
}

func TestFoldedTextPathGivesTheOrdinaryLabelPathsLogits(t *testing.T) {
	m := load(t, tiny(t))
	images := m.features(t, 5)
	names := make([]string, len(m.Bundle.Labels))
	for i, l := range m.Bundle.Labels {
		names[i] = l.Name
	}
	texts, err := m.align.Score(t.Context(), m.queries(t, names...), images)
	require.NoError(t, err)
	labels, err := m.align.Labels(t.Context(), images)
	require.NoError(t, err)
	assert.InDeltaSlice(t, logits(labels), logits(texts), 1e-4)
	assert.Greater(t, slices.Max(logits(texts))-slices.Min(logits(texts)), 0.5, "the logits differ enough for the comparison to tell")
	for i := range images {
		for l := range names {
			assert.InDelta(t, sigmoid(0.8*texts[i][l].Logit-0.3), texts[i][l].Probability, 1e-9)
			assert.InDelta(t, sigmoid(1.5*labels[i][l].Logit+0.25), labels[i][l].Probability, 1e-9)
		}
	}
}

func TestInt8TextsComeCloseToTheLabelsOfTheirNames(t *testing.T) {
	m := load(t, inBytes(t))
	images := m.features(t, 5)
	assert.Len(t, images[0].Patches, 4*(12+4), "a byte a value and each token's scale")
	names := make([]string, len(m.Bundle.Labels))
	for i, l := range m.Bundle.Labels {
		names[i] = l.Name
	}
	texts, err := m.align.Score(t.Context(), m.queries(t, names...), images)
	require.NoError(t, err)
	labels, err := m.align.Labels(t.Context(), images)
	require.NoError(t, err)
	assert.InDeltaSlice(t, logits(labels), logits(texts), 0.1)
	assert.Greater(t, slices.Max(logits(labels))-slices.Min(logits(labels)), 0.5, "the logits differ enough for the comparison to tell")
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func TestScoresDoNotDependOnTheBatch(t *testing.T) {
	bundles(t, func(t *testing.T, m model) {
		t.Helper()
		images := m.features(t, 5)
		texts := []string{"a dog on the beach", "", "red flower", "写真", strings.Repeat("snow ", 100)}
		queries := m.queries(t, texts...)
		whole, err := m.align.Score(t.Context(), queries, images)
		require.NoError(t, err)
		labels, err := m.align.Labels(t.Context(), images)
		require.NoError(t, err)
		for _, n := range []int{1, 2, 3, 5} {
			part, err := m.align.Score(t.Context(), queries[:n], images[:n])
			require.NoError(t, err)
			require.Len(t, part, n)
			for c := range part {
				assert.InDeltaSlice(t, logits([][]align.Score{whole[c][:n]}), logits(part[c:c+1]), 1e-3, "candidate %d of %d", c, n)
			}
			some, err := m.align.Labels(t.Context(), images[:n])
			require.NoError(t, err)
			assert.InDeltaSlice(t, logits(labels[:n]), logits(some), 1e-3, "%d images", n)
		}
		for i, text := range texts {
			assert.Equal(t, m.queries(t, text)[0], queries[i], "%q alone and among others", text)
		}
	})
}

func TestManyCandidatesKeepTheirOrder(t *testing.T) {
	m := load(t, tiny(t))
	few, queries := m.features(t, 7), m.queries(t, "dog", "cat")
	want, err := m.align.Score(t.Context(), queries, few)
	require.NoError(t, err)
	many := slices.Repeat(few, 60) // several runs of the decoder
	got, err := m.align.Score(t.Context(), queries, many)
	require.NoError(t, err)
	require.Len(t, got, len(many))
	assert.InDeltaSlice(t, logits(slices.Repeat(want, 60)), logits(got), 1e-5)
	labels, err := m.align.Labels(t.Context(), many[:30])
	require.NoError(t, err)
	assert.Len(t, labels, 30)
}

func TestACardTakesTheGraphsInF16(t *testing.T) {
	for _, file := range []string{bundle.DecoderFile, bundle.LabelScorerFile} {
		b, rt := bundletest.Open(t), *orttest.Open(t)
		b.Manifest.Half = &bundle.HalfSpec{Graphs: map[string]string{file: "there-is-none.onnx"}}
		rt.Half = true
		_, err := align.New(&rt, b)
		require.ErrorContains(t, err, "there-is-none.onnx", file)
	}
}

func TestNothingToScoreIsNoError(t *testing.T) {
	m := load(t, tiny(t))
	images := m.features(t, 2)
	scores, err := m.align.Score(t.Context(), nil, images)
	require.NoError(t, err)
	assert.Len(t, scores, 2)
	scores, err = m.align.Score(t.Context(), m.queries(t, "dog"), nil)
	require.NoError(t, err)
	assert.Empty(t, scores)
	labels, err := m.align.Labels(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, labels)
}

func TestAttentionIsAShareOfEachPatch(t *testing.T) {
	bundles(t, func(t *testing.T, m model) {
		t.Helper()
		weights, err := m.align.Attention(t.Context(), m.queries(t, "red flower")[0], m.features(t, 1)[0])
		require.NoError(t, err)
		require.Len(t, weights, m.Manifest.Features.Tokens)
		var sum float64
		for _, w := range weights {
			assert.GreaterOrEqual(t, w, float32(0))
			sum += float64(w)
		}
		assert.InDelta(t, 1, sum, 1e-3)
	})
}

func TestFeaturesOfAnotherModelAreRefused(t *testing.T) {
	m := load(t, tiny(t))
	images, queries := m.features(t, 1), m.queries(t, "dog")
	for name, bad := range map[string]sightline.Features{
		"patches": {Patches: images[0].Patches[1:], Global: images[0].Global},
		"global":  {Patches: images[0].Patches, Global: images[0].Global[1:]},
		"nothing": {},
	} {
		_, err := m.align.Score(t.Context(), queries, []sightline.Features{images[0], bad})
		assert.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(err), name)
		_, err = m.align.Labels(t.Context(), []sightline.Features{bad})
		assert.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(err), name)
	}
}

func TestValuesThatAreNoNumbersAreNotPassedOn(t *testing.T) {
	m := load(t, tiny(t))
	bad := m.features(t, 1)
	copy(bad[0].Patches, []byte{0, 0, 0xc0, 0x7f}) // not a number
	_, err := m.align.Score(t.Context(), m.queries(t, "dog"), bad)
	require.ErrorContains(t, err, "decoder.onnx gave values that are not numbers")
	_, err = m.align.Labels(t.Context(), bad)
	require.ErrorContains(t, err, "label_scorer.onnx gave values that are not numbers")
}

func TestCancelledWorkStops(t *testing.T) {
	m := load(t, tiny(t))
	images, queries := m.features(t, 1), m.queries(t, "dog")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := m.align.Score(ctx, queries, images)
	require.ErrorIs(t, err, context.Canceled)
	_, err = m.align.Labels(ctx, images)
	require.ErrorIs(t, err, context.Canceled)
	_, err = m.align.Queries(ctx, []sightline.TextFeatures{{IDs: []int64{2}, Vector: make([]float32, 12), Tokens: make([]float32, 12)}})
	require.ErrorIs(t, err, context.Canceled)
}

func TestBundleWithoutTextServesItsLabelsOnly(t *testing.T) {
	b := tiny(t)
	m := load(t, b)
	images, queries := m.features(t, 1), m.queries(t, "dog")
	b.Manifest.Text = nil
	a, err := align.New(orttest.Open(t), b)
	require.NoError(t, err)
	defer a.Close()
	labels, err := a.Labels(t.Context(), images)
	require.NoError(t, err)
	assert.Len(t, labels[0], 7)
	_, err = a.Queries(t.Context(), nil)
	assert.Equal(t, sightline.CodeBundleNoText, sightline.CodeOf(err))
	_, err = a.Score(t.Context(), queries, images)
	assert.Equal(t, sightline.CodeBundleNoText, sightline.CodeOf(err))
	_, err = a.Attention(t.Context(), queries[0], images[0])
	assert.Equal(t, sightline.CodeBundleNoText, sightline.CodeOf(err))
}

func TestGraphsThatDoNotFitTheManifestAreRefused(t *testing.T) {
	rt := orttest.Open(t)
	for says, change := range map[string]func(*bundle.Manifest){
		"label_scorer.onnx: output \"logits\"": func(m *bundle.Manifest) { m.LabelCount++ },
		"label_scorer.onnx: input \"patches\"": func(m *bundle.Manifest) { m.Features.DType = "f16" },
		"decoder.onnx: input \"state\"":        func(m *bundle.Manifest) { m.Decoder.State-- },
		"query_state.onnx: input \"tokens\"":   func(m *bundle.Manifest) { m.Text = &bundle.TextSpec{MaxTokens: 8, Dim: 13} },
	} {
		b := tiny(t)
		change(&b.Manifest)
		_, err := align.New(rt, b)
		assert.Equal(t, sightline.CodeBundleCorrupt, sightline.CodeOf(err), says)
		assert.ErrorContains(t, err, says)
	}
}

// BenchmarkScore100 decodes 100 candidates with the bundle that ships.
func BenchmarkScore100(b *testing.B) {
	m := load(b, bundletest.Open(b))
	images := slices.Repeat(m.features(b, 1), 100)
	for _, texts := range [][]string{{"a dog"}, {"a dog", "a cat", "a beach", "a bridge"}} {
		queries := m.queries(b, texts...)
		b.Run(fmt.Sprintf("%d_texts", len(texts)), func(b *testing.B) {
			for b.Loop() {
				if _, err := m.align.Score(b.Context(), queries, images); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLabels scores all labels of one image with the bundle that ships.
func BenchmarkLabels(b *testing.B) {
	m := load(b, bundletest.Open(b))
	images := m.features(b, 1)
	for b.Loop() {
		if _, err := m.align.Labels(b.Context(), images); err != nil {
			b.Fatal(err)
		}
	}
}
