package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/bundle/bundletest"
	"github.com/sightline-search/sightline/internal/ort"
)

// The processor stands in for a card, and the f32 graphs for those in f16: training/tests has real ones.
func TestTheModelsAreMeasuredOnTheDeviceThatIsNamed(t *testing.T) {
	b := bundletest.Open(t)
	b.Manifest.Half = &bundle.HalfSpec{Graphs: map[string]string{bundle.ImageEncoderFile: bundle.ImageEncoderFile}}
	o := Options{Only: []string{"accelerator"}, Repeat: 1, Library: library(t), Device: ort.CPU, Bundle: b, Note: func(string, ...any) {}}
	r, err := Run(t.Context(), o)
	require.NoError(t, err)
	a := r.Accelerator
	require.NotNil(t, a)
	assert.Equal(t, []string{ort.CPU, ort.CPU}, []string{r.Machine.Device, a.Device})
	assert.True(t, a.Half)
	assert.InDelta(t, 0, a.FeaturesOff, 1e-3)
	for _, e := range a.Encoder {
		assert.Positive(t, e.F32, e.Batch)
		assert.Positive(t, e.F16, e.Batch)
	}
	assert.Len(t, a.Decoder, len(o.cardSizes(ort.CPU).texts))
	for _, d := range a.Decoder {
		assert.Positive(t, d.F32, d.Texts)
	}
	assert.Positive(t, a.Pipeline.OverModels)
	assert.Positive(t, a.Pipeline.OverEncoder)
	rows := fmt.Sprint(r.Rows(o))
	for _, says := range []string{"encoding, 8 images a run", "re-ranking 64 candidates, 4 texts", "f16 graphs", "of the models alone"} {
		assert.Contains(t, rows, says)
	}
}

func TestTheAcceleratorIsMeasuredUnaskedOnACardOnly(t *testing.T) {
	for _, s := range sections() {
		assert.Equal(t, s.name != "accelerator", Options{}.wants(s, ort.CPU), s.name)
		assert.True(t, Options{}.wants(s, ort.CUDA), s.name)
		assert.True(t, Options{Only: []string{s.name}}.wants(s, ort.CPU), s.name)
	}
	_, err := Run(t.Context(), Options{Only: []string{"accelerator"}, Repeat: 1, Library: library(t), Device: ort.CUDA})
	assert.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(err), "%v", err)
}

func TestTheSpeedOfIndexingStartsWithTheFirstImages(t *testing.T) {
	start := time.Now()
	assert.InDelta(t, 50, moment{start, 128}.rateTo(moment{start.Add(2 * time.Second), 228}), 1e-9)
	assert.InDelta(t, 0, moment{start, 5}.rateTo(moment{start, 5}), 0, "all at once: no speed")
}
