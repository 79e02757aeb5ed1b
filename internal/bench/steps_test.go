package bench

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
)

func TestAnswersInStepsAreComparedWithWholeOnes(t *testing.T) {
	answer := func(matches, decoded int, ids ...sightline.ImageID) *index.Result {
		r := &index.Result{Matched: matches > 0, Matches: matches, Searched: index.Searched{Decoded: decoded}}
		for _, id := range ids {
			r.Results = append(r.Results, index.Hit{ID: id})
		}
		return r
	}
	rejected := func(id sightline.ImageID) *index.Result {
		return &index.Result{NearestRejected: &index.Rejected{ID: id}, Searched: index.Searched{Decoded: 50}}
	}
	for name, c := range map[string]struct {
		steps, all *index.Result
		same, top  float64
	}{
		"the same":                 {answer(2, 50, "a", "b"), answer(2, 200, "a", "b"), 1, 1},
		"another order":            {answer(2, 50, "b", "a"), answer(2, 200, "a", "b"), 0, 1},
		"another image":            {answer(2, 50, "a", "c"), answer(2, 200, "a", "b"), 0, 0},
		"one lost on a later page": {answer(2, 50, "a", "b"), answer(3, 200, "a", "b"), 0, 1},
		"nothing":                  {rejected("a"), rejected("a"), 1, 1},
		"another nearest":          {rejected("a"), rejected("b"), 0, 0},
		"nothing found any more":   {rejected("a"), answer(1, 200, "a"), 0, 0},
	} {
		f := &Steps{}
		f.count(c.steps, c.all)
		assert.Equal(t, [2]float64{c.same, c.top}, [2]float64{f.Same, f.SameTop20}, name)
		assert.Equal(t, 50, f.MostDecoded, name)
	}
}

func TestAPersonSeesWhatTwoStepsSave(t *testing.T) {
	steps := &Steps{Queries: 500, Set: "a set", Same: 0.998, SameTop20: 1, Decoded: 66.24, DecodedAll: 200, CPU: 5, CPUAll: 10, Elapsed: 3, ElapsedAll: 4}
	shown := fmt.Sprint(stepsRows(&Report{Steps: steps}))
	for _, want := range []string{"500 queries of a set", "against decoding 200", "100.0 %", "99.8 %", "66.2", "5.0 ms", "0.50 of it", "0.75 of it"} {
		assert.Contains(t, shown, want)
	}
	assert.Empty(t, stepsRows(&Report{}), "it was not asked for")
}
