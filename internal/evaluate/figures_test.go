package evaluate

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRankCountsTiesAgainstTheImage(t *testing.T) {
	assert.Equal(t, 0, rank([]float64{3, 2, 1}, 0))
	assert.Equal(t, 2, rank([]float64{3, 2, 1}, 2))
	assert.Equal(t, 1, rank([]float64{3, 3, 1}, 0))
	assert.Equal(t, missed, rank([]float64{3}, -1))
}

func TestRecall(t *testing.T) {
	ranks := []int{0, 4, 5, missed}
	assert.InDelta(t, 0.25, *recall(ranks, 1), 1e-12)
	assert.InDelta(t, 0.5, *recall(ranks, 5), 1e-12)
	assert.InDelta(t, 0.75, *recall(ranks, 10), 1e-12)
	assert.Nil(t, recall(nil, 1))
}

func TestAveragePrecision(t *testing.T) {
	// Positives at places 1 and 3: (1/1 + 2/3) / 2.
	assert.InDelta(t, 5.0/6, averagePrecision([]float64{0.9, 0.8, 0.7}, []bool{true, false, true}), 1e-12)
	assert.InDelta(t, 1, averagePrecision([]float64{0.1, 0.8}, []bool{false, true}), 1e-12)
	assert.InDelta(t, 0.5, averagePrecision([]float64{1, 1}, []bool{false, true}), 1e-12)
}

func TestCalibrationError(t *testing.T) {
	pairs := []pair{{0.05, true}, {0.01, true}}
	assert.Empty(t, counting(pairs), "what is at most 0.05 does not count")
	assert.Nil(t, calibrationError(nil))

	pairs = nil
	for i := range 150 { // 15 bins of 10 with equal probabilities: each right on average
		pairs = append(pairs, pair{probability: float64(i/10%10)/10 + 0.1, positive: i%10 <= i/10%10})
	}
	got := calibrationError(pairs)
	require.NotNil(t, got)
	assert.InDelta(t, 0, *got, 1e-9)

	// Two pairs are two bins: |0.6 - 1| and |0.2 - 0|, averaged.
	assert.InDelta(t, 0.3, *calibrationError([]pair{{0.6, true}, {0.2, false}}), 1e-12)
}
