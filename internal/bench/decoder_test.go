package bench

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/internal/ort/orttest"
)

// library makes ONNX Runtime that of the checkout.
func library(t *testing.T) string {
	t.Helper()
	return orttest.Open(t).Library
}

func TestAllFormsOfTheDecoderAgreeAtTheOfficialSize(t *testing.T) {
	folder, err := openOfficial(library(t), 1)
	require.NoError(t, err)
	defer func() {
		require.NoError(t, folder.Close())
		assert.NoDirExists(t, folder.dir)
	}()
	for _, texts := range []int{1, 3} {
		c, err := folder.compare(t.Context(), texts, 6, 1)
		require.NoError(t, err)
		assert.Len(t, c.logits["ordinary"], 6*texts)
		assert.Greater(t, deviation(c.logits["ordinary"]), 0.1, "the weights tell candidates apart")
		for form, off := range map[string]float64{
			"folded_f32": 1e-4, "folded_f16": 2e-3, "folded_i8": 0.03, "folded_f32_int8": 0.12, "folded_f16_int8": 0.12, "folded_i8_int8": 0.15,
		} {
			assert.Less(t, c.difference(form), off, "%s with %d texts", form, texts)
		}
	}
}

func TestTheFoldedFormDoesASeventeenthOfTheWork(t *testing.T) {
	ordinary := 2*2*(officialTokens+1)*officialDim*officialHidden + 2*2*officialHidden*officialHidden // keys, values; queries, outputs
	ordinary += 2 * (2*(officialTokens+1)*officialHidden + 2*officialHidden*officialFFN)
	assert.InDelta(t, 17, float64(ordinary)/float64(foldedWork()), 1)
}

func TestAPersonSeesTheSectionsThatWereAskedFor(t *testing.T) {
	f := &Features{BytesPerImage: 74_304}
	f.summarise([]ranking{{exact: []float64{3, 2, 1}, rounded: []float64{3, 1.9, 1.1}}})
	r := &Report{Machine: Machine{CPU: "some processor"}, Decoder: &Decoder{Folded1: 12.34}, Features: f}
	all, some := fmt.Sprint(r.Rows(Options{})), fmt.Sprint(r.Rows(Options{Only: []string{"features"}}))
	assert.Contains(t, all, "12.3 x")
	assert.NotContains(t, some, "12.3 x")
	for _, want := range []string{"some processor", "74304", "1.00000", "100.0 %", "at most 0.1"} {
		assert.Contains(t, some, want)
	}
}

func TestWhatCannotBeMeasured(t *testing.T) {
	for says, o := range map[string]Options{
		`called "speed"; there are decoder, features`: {Only: []string{"decoder", "speed"}, Repeat: 1},
		"repeat is 0": {},
	} {
		_, err := Run(t.Context(), o)
		assert.ErrorContains(t, err, says)
	}
	o := Options{Images: t.TempDir()}
	_, err := o.realSet(t.Context(), nil)
	assert.ErrorContains(t, err, o.Images)
	o.Dataset = filepath.Join(t.TempDir(), "none.jsonl")
	_, err = o.realSet(t.Context(), nil)
	assert.ErrorContains(t, err, "none.jsonl")
}
