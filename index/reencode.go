package index

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/encoder"
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
	crew(group, r.options.Workers, func() error { return r.decodeAll(ctx, queue, ready, failed) }, func() { close(ready) })
	made := make(chan []vectordb.Encoded)
	crew(group, r.options.Encoders, func() error { return r.encodeAll(ctx, ready, made) }, func() { close(made) })
	group.Go(func() error { return r.putAll(ctx, made) })
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

// decodeAll reads sources until there are no more.
func (r *Rebuild) decodeAll(ctx context.Context, queue <-chan Source, ready chan<- decoded, failed func(Failure)) error {
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
}

// decode reads the image from the first of its paths that still holds it.
func (r *Rebuild) decode(source Source) (encoder.Pixels, *Failure) {
	failure := &Failure{ID: source.ID, Code: sightline.CodeVanished, Reason: "it has no file"}
	for _, path := range source.Paths {
		data, id, err := r.stages.Read(path)
		if err == nil && id != source.ID {
			err = sightline.Errorf(sightline.CodeChanged, "the file holds another image now")
		}
		if err == nil {
			picture, decodeErr := r.stages.Decode(data, id)
			if decodeErr == nil {
				return r.stages.Resize(picture.Image), nil
			}
			err = decodeErr
		}
		failure.Path, failure.Code, failure.Reason = path, sightline.CodeOf(err), err.Error()
	}
	return nil, failure
}

// encodeAll encodes and scores what was decoded, batch by batch, on one thread.
func (r *Rebuild) encodeAll(ctx context.Context, ready <-chan decoded, made chan<- []vectordb.Encoded) error {
	var batch []decoded
	for d := range ready {
		if batch = append(batch, d); len(batch) < r.options.Batch {
			continue
		}
		if err := r.encode(ctx, batch, made); err != nil {
			return err
		}
		batch = nil
	}
	if len(batch) == 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	return r.encode(ctx, batch, made)
}

func (r *Rebuild) encode(ctx context.Context, batch []decoded, made chan<- []vectordb.Encoded) error {
	ids, pixels := make([]sightline.ImageID, len(batch)), make([]encoder.Pixels, len(batch))
	for i, d := range batch {
		ids[i], pixels[i] = d.id, d.pixels
	}
	features, err := r.stages.Encode(ctx, pixels)
	if err != nil {
		return err
	}
	encoded, err := r.score(ctx, ids, features)
	if err != nil {
		return err
	}
	return send(ctx, made, encoded)
}
