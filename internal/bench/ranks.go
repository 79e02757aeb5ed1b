package bench

import (
	"math"
	"slices"
)

// ranking is one query's logits for the same candidates, exactly and approximately. Candidates are in the order of the
// cheap head.
type ranking struct{ exact, rounded []float64 }

// share is how many of the rankings, 0..1, hold is true for.
func share(all []ranking, hold func(ranking) bool) float64 {
	count := 0
	for _, r := range all {
		if hold(r) {
			count++
		}
	}
	return float64(count) / float64(len(all))
}

// spearman is the rank correlation of two lists; equal values share their mean rank.
func spearman(a, b []float64) float64 {
	x, y := ranks(a), ranks(b)
	middle := float64(len(x)-1) / 2
	var xy, xx, yy float64
	for i := range x {
		dx, dy := x[i]-middle, y[i]-middle
		xy, xx, yy = xy+dx*dy, xx+dx*dx, yy+dy*dy
	}
	if xx == 0 || yy == 0 {
		return 1
	}
	return xy / math.Sqrt(xx*yy)
}

// ranks are the places of values in their ascending order, from 0.
func ranks(values []float64) []float64 {
	order := ascending(values)
	places := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			places[i] = float64(from+to-1) / 2
		}
		from = to
	}
	return places
}

func ascending(values []float64) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case values[i] < values[j]:
			return -1
		case values[i] > values[j]:
			return 1
		}
		return 0
	})
	return order
}

// sameTop reports whether the best n by approximate logits are the best n by exact ones. Images whose exact logits are
// within tie of each other may stand for each other.
func sameTop(exact, approximate []float64, n int, tie float64) bool {
	want, got := best(exact, n), best(approximate, n)
	missing, extra := math.Inf(-1), math.Inf(1)
	for i := range want {
		if !got[i] {
			missing = max(missing, exact[i])
		}
	}
	for i := range got {
		if !want[i] {
			extra = min(extra, exact[i])
		}
	}
	return missing-extra <= tie
}

// best is the set of the n largest.
func best(values []float64, n int) map[int]bool {
	order := ascending(values)
	set := map[int]bool{}
	for _, i := range order[max(0, len(order)-n):] {
		set[i] = true
	}
	return set
}

// firstOnly puts everything but the first k behind everything else.
func firstOnly(values []float64, k int) []float64 {
	cut := slices.Clone(values)
	for i := k; i < len(cut); i++ {
		cut[i] = math.Inf(-1)
	}
	return cut
}
