package index

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/internal/imagefile"
	"github.com/sightline-search/sightline/vectordb"
)

// decoded is an image of a Rebuild on its way to the encoder.
type decoded struct {
	id     sightline.ImageID
	pixels encoder.Pixels
}

// Encode makes and stores the features of some images. Those that cannot be read any more, as they were indexed, are
// given with the reason and do not stop the others; an error is one of the store, the model or the context.
func (r *Rebuild) Encode(ctx context.Context, sources []Source) ([]Failure, error) {
	sources, err := r.takeOver(ctx, sources)
	if err != nil || len(sources) == 0 {
		return nil, err
	}
	var mu sync.Mutex
	var failures []Failure
	failed := func(f Failure) {
		mu.Lock()
		defer mu.Unlock()
		failures = append(failures, f)
	}
	group, ctx := errgroup.WithContext(ctx)
	queue, ready := make(chan Source), make(chan decoded, r.options.Batch)
	group.Go(func() error {
		defer close(queue)
		return sendAll(ctx, queue, sources)
	})
	group.Go(func() error {
		defer close(ready)
		return r.decodeAll(ctx, queue, ready, failed)
	})
	group.Go(func() error { return r.encodeAll(ctx, ready) })
	err = group.Wait()
	return failures, err
}

func sendAll[T any](ctx context.Context, to chan<- T, values []T) error {
	for _, v := range values {
		if err := send(ctx, to, v); err != nil {
			return err
		}
	}
	return nil
}

// decodeAll reads the sources on all workers.
func (r *Rebuild) decodeAll(ctx context.Context, queue <-chan Source, ready chan<- decoded, failed func(Failure)) error {
	group, ctx := errgroup.WithContext(ctx)
	for range r.options.Workers {
		group.Go(func() error {
			for source := range queue {
				pixels, failure := r.decode(source)
				if failure != nil {
					failed(*failure)
					continue
				}
				if err := send(ctx, ready, decoded{id: source.ID, pixels: pixels}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// decode reads the image from the first of its paths that still holds it.
func (r *Rebuild) decode(source Source) (encoder.Pixels, *Failure) {
	failure := &Failure{ID: source.ID, Code: sightline.CodeVanished, Reason: "it has no file"}
	for _, path := range source.Paths {
		data, id, err := imagefile.Read(path, imagefile.DefaultLimits)
		if err == nil && id != source.ID {
			err = sightline.Errorf(sightline.CodeChanged, "the file holds another image now")
		}
		if err == nil {
			picture, decodeErr := imagefile.Decode(data, imagefile.DefaultLimits, r.x.bundle.Manifest.Image.Orient)
			if decodeErr == nil {
				return r.x.images.Prepare(picture.Image), nil
			}
			err = decodeErr
		}
		failure.Path, failure.Code, failure.Reason = path, sightline.CodeOf(err), err.Error()
	}
	return nil, failure
}

// encodeAll encodes, scores and stores what was decoded, batch by batch.
func (r *Rebuild) encodeAll(ctx context.Context, ready <-chan decoded) error {
	var batch []decoded
	for d := range ready {
		if batch = append(batch, d); len(batch) < r.options.Batch {
			continue
		}
		if err := r.encode(ctx, batch); err != nil {
			return err
		}
		batch = nil
	}
	if len(batch) == 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	return r.encode(ctx, batch)
}

func (r *Rebuild) encode(ctx context.Context, batch []decoded) error {
	ids, pixels := make([]sightline.ImageID, len(batch)), make([]encoder.Pixels, len(batch))
	for i, d := range batch {
		ids[i], pixels[i] = d.id, d.pixels
	}
	features, err := r.x.images.Encode(ctx, pixels)
	if err != nil {
		return err
	}
	return r.store(ctx, ids, features)
}

// store scores features and puts them into the generation.
func (r *Rebuild) store(ctx context.Context, ids []sightline.ImageID, features []sightline.Features) error {
	scorer, err := r.scoring(ctx)
	if err != nil {
		return err
	}
	tags, err := scorer.score(ctx, features)
	if err != nil {
		return err
	}
	encoded := make([]vectordb.Encoded, len(ids))
	for i, id := range ids {
		encoded[i] = vectordb.Encoded{ID: id, Features: features[i], Tags: tags[i]}
	}
	return r.builder.Put(ctx, encoded)
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
	return rest, r.store(ctx, known, features)
}
