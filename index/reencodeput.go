package index

import (
	"context"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// score gives features their probabilities.
func (r *Rebuild) score(ctx context.Context, ids []sightline.ImageID, features []sightline.Features) ([]vectordb.Encoded, error) {
	tags, err := r.stages.Score(ctx, features)
	if err != nil {
		return nil, err
	}
	encoded := make([]vectordb.Encoded, len(ids))
	for i, id := range ids {
		encoded[i] = vectordb.Encoded{ID: id, Features: features[i], Tags: tags[i]}
	}
	return encoded, nil
}

// putBatch is how many images are stored in one commit, at least: a commit waits for the disk.
const putBatch = 32

// putAll stores what was made.
func (r *Rebuild) putAll(ctx context.Context, made <-chan []vectordb.Encoded) error {
	var waiting []vectordb.Encoded
	for encoded := range made {
		if waiting = append(waiting, encoded...); len(waiting) < putBatch {
			continue
		}
		if err := r.builder.Put(ctx, waiting); err != nil {
			return err
		}
		waiting = nil
	}
	if len(waiting) == 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	return r.builder.Put(ctx, waiting)
}

// takeOver stores the images whose features the serving generation has already, where only the scoring of the model is
// another one, and gives the others.
func (r *Rebuild) takeOver(ctx context.Context, sources []Source) ([]Source, error) {
	if !r.stored {
		return sources, nil
	}
	ids := make([]sightline.ImageID, len(sources))
	for i, s := range sources {
		ids[i] = s.ID
	}
	there, err := r.x.store.Features(ctx, ids)
	if err != nil {
		return nil, err
	}
	var rest []Source
	for _, s := range sources {
		if _, ok := there[s.ID]; !ok {
			rest = append(rest, s)
		}
	}
	known, features := pick(ids, there)
	if len(known) == 0 {
		return rest, nil
	}
	encoded, err := r.score(ctx, known, features)
	if err != nil {
		return nil, err
	}
	return rest, r.builder.Put(ctx, encoded)
}
