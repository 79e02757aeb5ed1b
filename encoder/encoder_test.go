package encoder

import (
	"context"
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/bundle/bundletest"
	"github.com/sightline-search/sightline/internal/ort/orttest"
)

func defaultImages(tb testing.TB) (*Images, *bundle.Bundle) {
	tb.Helper()
	b := bundletest.Open(tb)
	e, err := NewImages(orttest.Open(tb), b)
	require.NoError(tb, err)
	tb.Cleanup(func() { assert.NoError(tb, e.Close()) })
	return e, b
}

func defaultTexts(tb testing.TB) *Texts {
	tb.Helper()
	e, err := NewTexts(orttest.Open(tb), bundletest.Open(tb))
	require.NoError(tb, err)
	tb.Cleanup(func() { assert.NoError(tb, e.Close()) })
	return e
}

func TestPixelsAreNormalisedAsTheBundleSays(t *testing.T) {
	e, b := defaultImages(t)
	spec := b.Manifest.Image
	img := image.NewNRGBA(image.Rect(0, 0, 30, 20))
	for i := range img.Pix {
		img.Pix[i] = []uint8{255, 51, 0, 255}[i%4]
	}
	pixels := e.Prepare(img)
	size := spec.Width * spec.Height
	require.Len(t, pixels, 3*size)
	for c, level := range []float64{1, 0.2, 0} {
		want := (level - float64(spec.Mean[c])) / float64(spec.Std[c])
		plane := pixels[c*size : (c+1)*size]
		assert.InDelta(t, want, slices.Min(plane), 1e-6)
		assert.InDelta(t, want, slices.Max(plane), 1e-6)
	}
}

func TestACardTakesTheGraphInF16(t *testing.T) {
	b, rt := bundletest.Open(t), *orttest.Open(t)
	b.Manifest.Half = &bundle.HalfSpec{Graphs: map[string]string{bundle.ImageEncoderFile: "there-is-none.onnx"}}
	rt.Half = true
	_, err := NewImages(&rt, b)
	require.ErrorContains(t, err, "there-is-none.onnx")
	rt.Half = false
	e, err := NewImages(&rt, b)
	require.NoError(t, err, "a processor takes the one in f32")
	require.NoError(t, e.Close())
}

func TestImagesDoNotDependOnTheirBatch(t *testing.T) {
	e, b := defaultImages(t)
	var all []Pixels
	for i := range 5 {
		all = append(all, e.Prepare(noiseImage("RGB", 50+70*i, 90)))
	}
	alone := make([]sightline.Features, len(all))
	for i, p := range all {
		one, err := e.Encode(t.Context(), []Pixels{p})
		require.NoError(t, err)
		alone[i] = one[0]
		assert.Len(t, one[0].Patches, b.Manifest.Features.PatchBytes())
		assert.InDelta(t, 1, length(one[0].Global), 1e-3)
	}
	for _, n := range []int{2, 3, 5} {
		batch, err := e.Encode(t.Context(), all[:n])
		require.NoError(t, err)
		require.Len(t, batch, n)
		for i, f := range batch {
			assert.InDeltaSlice(t, alone[i].Global, f.Global, 1e-4, "image %d of %d", i, n)
			assert.InDeltaSlice(t, halves(alone[i].Patches), halves(f.Patches), 2e-3, "image %d of %d", i, n)
		}
	}
	assert.NotEqual(t, alone[0].Global, alone[1].Global)
	none, err := e.Encode(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, none)
}

func length(v []float32) float64 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

// halves reads f16 values; the tests' images give no infinite ones.
func halves(b []byte) []float32 {
	values := make([]float32, len(b)/2)
	for i := range values {
		bits := uint32(b[2*i]) | uint32(b[2*i+1])<<8
		exponent, fraction := int(bits>>10&31), float64(bits&1023)/1024
		value := math.Ldexp(1+fraction, exponent-15)
		if exponent == 0 {
			value = math.Ldexp(fraction, -14)
		}
		values[i] = float32(math.Copysign(value, float64(1-int(bits>>15)*2)))
	}
	return values
}

func TestTextsDoNotDependOnTheirBatch(t *testing.T) {
	e := defaultTexts(t)
	texts := []string{"a dog on the beach", "", "写真", "two people ride their red bicycles over an old bridge at sunset", "\x00\u200d"}
	together, err := e.Encode(t.Context(), texts)
	require.NoError(t, err)
	for i, text := range texts {
		alone, err := e.Encode(t.Context(), []string{text})
		require.NoError(t, err)
		assert.Equal(t, alone[0], together[i], text)
		assert.InDelta(t, 1, length(alone[0].Vector), 1e-3, text)
		assert.Len(t, alone[0].Tokens, len(alone[0].IDs)*len(alone[0].Vector), text)
	}
}

func TestLongTextsAreCutToTheBundlesLimit(t *testing.T) {
	e := defaultTexts(t)
	long, err := e.Encode(t.Context(), []string{strings.Repeat("dog ", 2500), strings.Repeat("dog ", 62)})
	require.NoError(t, err)
	assert.Len(t, long[0].IDs, 64)
	assert.Equal(t, long[1], long[0])
}

func TestCancelledWorkStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := defaultTexts(t).Encode(ctx, []string{"a dog"})
	require.ErrorIs(t, err, context.Canceled)
	e, _ := defaultImages(t)
	_, err = e.Encode(ctx, []Pixels{e.Prepare(noiseImage("RGB", 9, 9))})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestGraphsThatDoNotFitTheManifestAreRefused(t *testing.T) {
	rt := orttest.Open(t)
	for name, change := range map[string]func(*bundle.Manifest){
		"patches": func(m *bundle.Manifest) { m.Features.DType = "f32" },
		"pixels":  func(m *bundle.Manifest) { m.Image.Width = 384 },
	} {
		b := bundletest.Open(t)
		change(&b.Manifest)
		_, err := NewImages(rt, b)
		assert.Equal(t, sightline.CodeBundleCorrupt, sightline.CodeOf(err), name)
		assert.ErrorContains(t, err, name)
	}
}

func TestBundleWithoutTextEncoderSaysSo(t *testing.T) {
	b := bundletest.Open(t)
	b.Manifest.Text = nil
	_, err := NewTexts(orttest.Open(t), b)
	assert.Equal(t, sightline.CodeBundleNoText, sightline.CodeOf(err))
	assert.ErrorContains(t, err, "serves its")
}
