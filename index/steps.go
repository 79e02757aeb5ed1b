package index

import (
	"context"
	"math"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/query"
	"github.com/sightline-search/sightline/vectordb"
)

const (
	// firstLook is how many of the nearest are decoded before the others are thought about: two batches, so that two
	// cores are as busy with it as they would be with more.
	firstLook = 2 * leastBatch

	// reach is how many standard deviations over the mean of the first look the decoder is given credit for.
	reach = 4
)

// scoreInSteps gives every image its probability that can be in the answer, or be the nearest one that is not. Where the
// cosine is part of a text's logit it says much of what the decoder will say: the nearest are decoded first, and show how
// far the decoder moves a logit under this text; of the others only those are decoded that could still be moved over the
// cut. So an answer is the same as if all were decoded, with all of its pages and in any order (docs/decisions.md).
func (s *search) scoreInSteps(ctx context.Context, p *plan, texts []sightline.TextQuery, l *shortlist) ([]scored, error) {
	if s.all || !s.cosinesTell(p) || len(l.near) <= firstLook {
		return s.score(ctx, p, texts, l, l.ids)
	}
	named := l.ids[len(l.near):] // nobody knows how near they are
	seen, err := s.score(ctx, p, texts, l, slices.Concat(l.ids[:firstLook], named))
	if err != nil {
		return nil, err
	}
	rest := s.withinReach(seen, l.near)
	if len(rest) == 0 {
		return seen, nil
	}
	more, err := s.score(ctx, p, texts, l, rest)
	return append(seen, more...), err
}

// cosinesTell reports whether an image's probability is that of one free text, and its cosine a part of the logit.
func (s *search) cosinesTell(p *plan) bool {
	_, single := p.rest.(query.Term)
	return single && len(p.texts) == 1 && s.x.bundle.Manifest.Decoder.Residual.Scale != 0
}

// withinReach are the images behind the first look whose probability may come to the cut, or to the best so far where
// that is under the cut.
func (s *search) withinReach(seen []scored, near []vectordb.Scored) (ids []sightline.ImageID) {
	scale, cosine := s.x.bundle.Manifest.Decoder.Residual.Scale, map[sightline.ImageID]float64{}
	for _, n := range near[:firstLook] {
		cosine[n.ID] = n.Score
	}
	best := 0.0
	var moved []float64 // by the decoder
	for _, i := range seen {
		best = max(best, i.probability)
		if c, known := cosine[i.id]; known {
			moved = append(moved, i.terms[0].Logit-scale*c)
		}
	}
	mean, deviation := spread(moved)
	goal := min(s.least(), best)
	for _, n := range near[firstLook:] {
		most := scale*n.Score + mean + reach*deviation
		if s.x.bundle.TextScale.Probability(most) < goal {
			continue
		}
		ids = append(ids, n.ID)
	}
	return ids
}

// spread gives the mean and the standard deviation of values; of none it gives no numbers, which compare with nothing.
func spread(values []float64) (mean, deviation float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v
	}
	mean /= n
	for _, v := range values {
		deviation += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(deviation / n)
}
