package index

import (
	"context"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/encoder"
)

// rankSimilar finds the images nearest to an indexed one, which is left out, or to a given one. What it reports as
// probability is the cosine of the global vectors, negative ones as 0: monotone and between 0 and 1, but not calibrated,
// as bundles have no scale for pairs of images (docs/decisions.md). So nothing is cut unless the request says where.
func (s *search) rankSimilar(ctx context.Context) ([]scored, error) {
	given, err := s.words.filter(s.request.Filter)
	if err != nil {
		return nil, err
	}
	s.filter, s.tags, s.cut = given, tagsIn(given), 0
	var vector []float32
	var ranked []scored
	err = s.x.gate.do(ctx, &s.took.Wait, func() error {
		if err := timed(&s.took.Text, func() (err error) { vector, err = s.example(ctx); return err }); err != nil {
			return err
		}
		return timed(&s.took.Retrieve, func() (err error) { ranked, err = s.like(ctx, vector, given); return err })
	})
	s.subject = appendFloats(nil, vector)
	return ranked, err
}

// like gives the images nearest to a vector, without the one that was asked about.
func (s *search) like(ctx context.Context, vector []float32, given sightline.Filter) (ranked []scored, err error) {
	near, err := s.x.store.Nearest(ctx, vector, s.request.Candidates+1, given)
	for _, n := range near {
		if n.ID != s.request.Like && len(ranked) < s.request.Candidates {
			ranked = append(ranked, scored{id: n.ID, probability: min(max(n.Score, 0), 1)})
		}
	}
	return ranked, err
}

// example gives the global vector of the query image.
func (s *search) example(ctx context.Context) ([]float32, error) {
	if s.request.Image != nil {
		features, err := s.x.images.Encode(ctx, []encoder.Pixels{s.x.images.Prepare(s.request.Image)})
		if err != nil {
			return nil, err
		}
		return features[0].Global, nil
	}
	stored, err := s.x.store.Features(ctx, []sightline.ImageID{s.request.Like})
	if err != nil {
		return nil, err
	}
	f, ok := stored[s.request.Like]
	if !ok {
		return nil, notIndexed(s.request.Like)
	}
	return f.Global, nil
}
