package index

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/query"
)

// scoreBatch bounds the features in memory, of one place at the gate: 256 images of the official size are 38 MB.
// leastBatch is what the decoder still takes without losing efficiency, which it does under 25.
const (
	scoreBatch = 256
	leastBatch = 32
)

// score gives some images of the list their probabilities. Batches are scored beside each other as far as there are places,
// each by one thread: for as small a decoder that is faster than sharing one batch among threads.
func (s *search) score(ctx context.Context, p *plan, texts []sightline.TextQuery, l *shortlist, which []sightline.ImageID) ([]scored, error) {
	started := time.Now()
	var batches []*batch
	for ids := range slices.Chunk(which, batchSize(len(which), s.x.gate.places)) {
		batches = append(batches, &batch{plan: p, list: l, ids: ids})
	}
	ranked := make([][]scored, len(batches))
	times := make([]Timing, len(batches))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(s.x.gate.places)
	for i, b := range batches {
		group.Go(func() (err error) {
			ranked[i], err = s.x.scoreBatch(ctx, b, texts, &times[i])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	s.took.share(time.Since(started), times)
	for _, b := range batches {
		s.decoded += len(b.features)
	}
	return slices.Concat(ranked...), nil
}

// batchSize spreads n candidates over the places.
func batchSize(n, places int) int {
	return min(max((n+places-1)/places, leastBatch), scoreBatch)
}

func (x *Index) scoreBatch(ctx context.Context, b *batch, texts []sightline.TextQuery, took *Timing) ([]scored, error) {
	work := func() error {
		if err := timed(&took.Fetch, func() error { return x.read(ctx, b) }); err != nil || len(b.features) == 0 {
			return err
		}
		return timed(&took.Decode, func() (err error) { b.scores, err = x.align.Score(ctx, texts, b.features); return err })
	}
	if len(texts) > 0 {
		computing := work
		work = func() error { return x.gate.do(ctx, &took.Wait, computing) }
	}
	if err := work(); err != nil {
		return nil, err
	}
	ranked := make([]scored, len(b.ids))
	for i := range ranked {
		ranked[i] = b.compose(i)
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
func (x *Index) read(ctx context.Context, b *batch) (err error) {
	if len(b.texts) > 0 {
		stored, err := x.store.Features(ctx, b.ids)
		if err != nil {
			return err
		}
		b.ids, b.features = pick(b.ids, stored)
	}
	if len(b.facts) > 0 {
		b.images, err = x.imagesByID(ctx, b.ids)
	}
	return err
}

// compose gives the i-th image of the batch its probability.
func (b *batch) compose(i int) scored {
	out := scored{id: b.ids[i], probability: 1, terms: make([]align.Score, len(b.terms))}
	for n, t := range b.terms {
		if t.label != "" {
			out.terms[n].Probability = b.list.labels[t.label][out.id]
		} else {
			out.terms[n] = b.scores[i][t.text]
		}
	}
	if b.rest == nil {
		return out
	}
	term := func(t query.Term) float64 {
		return out.terms[slices.IndexFunc(b.terms, func(known planTerm) bool { return known.Term == t })].Probability
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
