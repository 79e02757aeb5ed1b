package index

import (
	"context"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/query"
)

// scoreBatch bounds the features in memory: 256 images of the official size are 38 MB. One default search is one batch,
// and the decoder loses efficiency under 25.
const scoreBatch = 256

// score gives every image on the list its probability.
func (s *search) score(ctx context.Context, p *plan, texts []sightline.TextQuery, l *shortlist) ([]scored, error) {
	ranked := make([]scored, 0, len(l.ids))
	for ids := range slices.Chunk(l.ids, scoreBatch) {
		b := &batch{plan: p, list: l, ids: ids}
		if err := s.read(ctx, b); err != nil {
			return nil, err
		}
		if len(b.features) > 0 {
			err := timed(&s.took.Decode, func() (err error) {
				b.scores, err = s.x.align.Score(ctx, texts, b.features)
				return err
			})
			if err != nil {
				return nil, err
			}
			s.decoded += len(b.features)
		}
		for i := range b.ids {
			ranked = append(ranked, b.compose(i))
		}
	}
	return ranked, nil
}

// batch is some images of a shortlist while they are scored.
type batch struct {
	*plan
	list     *shortlist
	ids      []sightline.ImageID
	features []sightline.Features                   // of ids, where the query has free text
	scores   [][]align.Score                        // [ids x texts]
	images   map[sightline.ImageID]*sightline.Image // where the rest of the query has facts
}

// read fetches what scoring the batch needs. An image that was deleted meanwhile is dropped.
func (s *search) read(ctx context.Context, b *batch) error {
	return timed(&s.took.Fetch, func() error {
		if len(b.texts) > 0 {
			stored, err := s.x.store.Features(ctx, b.ids)
			if err != nil {
				return err
			}
			b.ids, b.features = pick(b.ids, stored)
		}
		if len(b.facts) > 0 {
			var err error
			b.images, err = s.x.imagesByID(ctx, b.ids)
			return err
		}
		return nil
	})
}

// compose gives the i-th image of the batch its probability.
func (b *batch) compose(i int) scored {
	out := scored{id: b.ids[i], probability: 1, terms: make([]float64, len(b.terms))}
	for n, t := range b.terms {
		if t.label != "" {
			out.terms[n] = b.list.labels[t.label][out.id]
		} else {
			out.terms[n] = b.scores[i][t.text].Probability
		}
	}
	if b.rest == nil {
		return out
	}
	term := func(t query.Term) float64 {
		return out.terms[slices.IndexFunc(b.terms, func(known planTerm) bool { return known.Term == t })]
	}
	fact := func(f sightline.Filter) bool {
		img := b.images[out.id]
		return img != nil && sightline.MatchFilter(f, img, func(name string) float64 { return b.list.labels[name][out.id] })
	}
	out.probability = query.Probability(b.rest, term, fact)
	return out
}

// imagesByID reads the facts of images.
func (x *Index) imagesByID(ctx context.Context, ids []sightline.ImageID) (map[sightline.ImageID]*sightline.Image, error) {
	known, err := x.store.Get(ctx, ids)
	images := make(map[sightline.ImageID]*sightline.Image, len(known))
	for _, img := range known {
		images[img.ID] = img
	}
	return images, err
}
