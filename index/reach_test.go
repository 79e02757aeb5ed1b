package index

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/vectordb"
)

// looked is a search whose first look is over: the cosines of 100 images fall from 1 by a hundredth each, and the decoder
// moved the logit of every other one by 0.1 up, of the rest by 0.1 down, from cosine * 10 - 8.
func looked(cut float64) (s *search, seen []scored, near []vectordb.Scored) {
	b := &bundle.Bundle{Calibration: bundle.Calibration{TextScale: bundle.Scale{Scale: 1}}}
	b.Manifest.Decoder.Residual.Scale = 10
	for i := range 100 {
		near = append(near, vectordb.Scored{ID: sightline.ImageID(fmt.Sprintf("%064x", i)), Score: 1 - float64(i)/100})
	}
	for i, n := range near[:firstLook] {
		logit := 10*n.Score - 8 + 0.1 - 0.2*float64(i%2)
		p := b.TextScale.Probability(logit)
		seen = append(seen, scored{id: n.ID, probability: p, terms: []align.Score{{Logit: logit, Probability: p}}})
	}
	return &search{x: &Index{bundle: b}, cut: cut}, seen, near
}

func TestWhatTheDecoderCouldStillLiftOverTheCutIsWithinReach(t *testing.T) {
	at := func(logit float64) float64 { return 1 / (1 + math.Exp(-logit)) }
	for name, c := range map[string]struct {
		cut  float64
		want int // of the 36 behind the first look, whose logits may come to -4.0 (image 64), -4.1, ...
	}{
		"over all":               {at(2), 0},
		"just over the next":     {at(-3.95), 0},
		"just under the next":    {at(-4.05), 1},
		"lower":                  {at(-5.05), 11},
		"under all":              {at(-8), 36},
		"nothing is cut":         {0, 36},
		"over the best that was": {1, 0},
	} {
		s, seen, near := looked(c.cut)
		assert.Len(t, s.withinReach(seen, near), c.want, name)
		s, seen, near = looked(1)
		s.request.MinProbability = &c.cut
		assert.Len(t, s.withinReach(seen, near), c.want, "%s, as the request says", name)
	}
}

func TestTheBestOfAnAnswerWithoutMatchesMayStillBeBehindTheFirstLook(t *testing.T) {
	s, seen, near := looked(0.9)
	for i := range seen { // all of them come out as low as the last one
		seen[i].terms[0].Logit, seen[i].probability = -4.5, 0.011
	}
	assert.NotEmpty(t, s.withinReach(seen, near))
}

func TestWhereNothingOfTheFirstLookIsLeftAllOthersAreWithinReach(t *testing.T) {
	s, _, near := looked(0.5)
	assert.Len(t, s.withinReach(nil, near), 36)
}
