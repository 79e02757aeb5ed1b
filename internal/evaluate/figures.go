package evaluate

import (
	"cmp"
	"math"
	"slices"
)

// missed is the rank of an image that is not among the candidates.
const missed = math.MaxInt

// rank is the place of the own score among the scores, 0 the best. Ties count against it.
func rank(scores []float64, own int) int {
	if own < 0 {
		return missed
	}
	better := -1 // itself
	for _, s := range scores {
		if s >= scores[own] {
			better++
		}
	}
	return better
}

// recall is the share of ranks under k; nil of none.
func recall(ranks []int, k int) *float64 {
	hits := make([]float64, len(ranks))
	for i, r := range ranks {
		if r < k {
			hits[i] = 1
		}
	}
	return mean(hits)
}

// mean is nil of no values.
func mean(values []float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	sum /= float64(len(values))
	return &sum
}

// averagePrecision is the mean precision at each positive in the order of falling scores; ties keep the given order.
func averagePrecision(scores []float64, truth []bool) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	hits, sum := 0, 0.0
	for place, i := range order {
		if truth[i] {
			hits++
			sum += float64(hits) / float64(place+1)
		}
	}
	return sum / float64(max(hits, 1))
}

func count(truth []bool) int {
	n := 0
	for _, t := range truth {
		if t {
			n++
		}
	}
	return n
}

// pair is a probability and whether it came true.
type pair struct {
	probability float64
	positive    bool
}

// Calibration is judged where it matters: over all pairs, the mass of certain negatives would flatter it.
const (
	leastProbability = 0.05
	calibrationBins  = 15
)

// counting keeps the pairs that calibration is judged on.
func counting(pairs []pair) []pair {
	return slices.DeleteFunc(pairs, func(p pair) bool { return p.probability <= leastProbability })
}

// calibrationError is the expected calibration error: the pairs in bins of equal mass, sorted by probability; the mean
// over all pairs of the distance between their bin's mean probability and its share of positives. Nil of no pairs.
func calibrationError(pairs []pair) *float64 {
	if len(pairs) == 0 {
		return nil
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(a.probability, b.probability) })
	bins := min(calibrationBins, len(pairs))
	sum, from := 0.0, 0
	for b := range bins {
		size := len(pairs) / bins
		if b < len(pairs)%bins {
			size++
		}
		probability, positives := 0.0, 0.0
		for _, p := range pairs[from : from+size] {
			probability += p.probability
			if p.positive {
				positives++
			}
		}
		sum += math.Abs(probability - positives)
		from += size
	}
	sum /= float64(len(pairs))
	return &sum
}
