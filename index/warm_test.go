package index_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/index"
)

func TestWarmingWorksWithAndWithoutImages(t *testing.T) {
	require.NoError(t, drawn(t).Warm(t.Context()))
	require.NoError(t, index.New(openAt(t, filepath.Join(t.TempDir(), "empty"))).Warm(t.Context()))
}

func TestWarmingRefusesAnIndexOfAnotherModel(t *testing.T) {
	c := drawn(t)
	other := index.New(withModel(c.Parts, func(m *bundle.Manifest) { m.FeatureFingerprint = "other" }))
	assert.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(other.Warm(t.Context())))
}

func TestAnswersDoNotDependOnHowManyCompute(t *testing.T) {
	c := drawn(t)
	zero := 0.0
	request := index.Request{Query: "a red square AND NOT a blue circle", MinProbability: &zero, Limit: 100, Exhaustive: true}
	var answers []*index.Result
	for _, places := range []int{1, 4} {
		parts := c.Parts
		parts.Places = places
		answer, err := index.New(parts).Search(t.Context(), request)
		require.NoError(t, err)
		assert.Equal(t, drawings, answer.Searched.Decoded)
		answers = append(answers, answer)
	}
	assert.Equal(t, answers[0].Results, answers[1].Results)
}
