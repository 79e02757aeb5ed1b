package index

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/sightline-search/sightline"
)

// warmText is what Warm encodes. It goes past the vocabulary: were it a label of the model, a search for it would be
// answered from what is stored, and no graph would be loaded.
const warmText = "a photograph of something to look at"

// warmRounds is how often: the first round still finds memory to reserve, the third takes what every search takes.
const warmRounds = 3

// Warm does what is done once, so that the first searches do not wait for it: graphs are loaded and optimised, memory is
// reserved, the store opens its connections and reads its pages. As many searches run as there are places; an index without
// images gets one without features.
func (x *Index) Warm(ctx context.Context) error {
	if x.texts == nil {
		return nil
	}
	if _, err := x.readable(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for range x.gate.places {
		group.Go(func() (err error) {
			for round := 0; round < warmRounds && err == nil; round++ {
				err = x.warmOnce(ctx)
			}
			return err
		})
	}
	return group.Wait()
}

func (x *Index) warmOnce(ctx context.Context) error {
	encoded, err := x.texts.Encode(ctx, []string{warmText})
	if err != nil {
		return err
	}
	texts, err := x.align.Queries(ctx, encoded)
	if err != nil {
		return err
	}
	near, err := x.store.Nearest(ctx, texts[0].Vector, defaultCandidates, nil)
	if err != nil {
		return err
	}
	ids := idsOf(near)
	stored, err := x.store.Features(ctx, ids)
	if err != nil {
		return err
	}
	_, features := pick(ids, stored)
	if len(features) == 0 {
		f := x.bundle.Manifest.Features
		features = []sightline.Features{{Patches: make([]byte, f.PatchBytes()), Global: make([]float32, f.Global)}}
	}
	_, err = x.align.Score(ctx, texts, features[:min(len(features), batchSize(len(features), x.gate.places))])
	return err
}
