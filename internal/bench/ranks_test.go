package bench

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSpearmanIsTheCorrelationOfRanks(t *testing.T) {
	for _, tc := range []struct {
		a, b []float64
		want float64
	}{
		{[]float64{1, 2, 3}, []float64{10, 20, 90}, 1},
		{[]float64{1, 2, 3}, []float64{9, 5, 1}, -1},
		{[]float64{1, 2, 3, 4}, []float64{1, 2, 4, 3}, 0.8},
		{[]float64{1, 2, 2, 3}, []float64{1, 2, 2, 3}, 1},
		{[]float64{1, 2, 3}, []float64{5, 5, 5}, 1},
		{[]float64{7}, []float64{3}, 1},
	} {
		assert.InDelta(t, tc.want, spearman(tc.a, tc.b), 1e-12, "%v and %v", tc.a, tc.b)
	}
}

func TestTheSameTopUpToTies(t *testing.T) {
	exact := []float64{9, 8, 7, 6.9, 1}
	for _, tc := range []struct {
		name        string
		approximate []float64
		tie         float64
		want        bool
	}{
		{"equal", exact, 0, true},
		{"another order within", []float64{7, 8, 9, 1, 0}, 0, true},
		{"neighbours swapped", []float64{9, 8, 6.9, 7, 1}, 0.05, false},
		{"neighbours swapped, as a tie", []float64{9, 8, 6.9, 7, 1}, 0.11, true},
		{"the last first", []float64{9, 8, 1, 2, 7}, 0.11, false},
		{"only the first two looked at", firstOnly(exact, 2), 0.11, false},
		{"only the first three looked at", firstOnly(exact, 3), 0, true},
	} {
		assert.Equal(t, tc.want, sameTop(exact, tc.approximate, 3, tc.tie), tc.name)
	}
	assert.True(t, sameTop(exact, exact, 20, 0), "fewer than are looked at")
}
