package index

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/internal/imagefile"
	"github.com/sightline-search/sightline/vectordb"
)

// job is a decoded image on its way to the encoder.
type job struct {
	work
	facts  sightline.Image
	pixels encoder.Pixels
}

// change is what the writer stores: exactly one of the fields is set.
type change struct {
	encoded []vectordb.Record
	works   []work // of encoded, in the same order
	place   *place
	bad     *vectordb.BadFile
}

// place is a known image found at a path.
type place struct {
	work
	id sightline.ImageID
}

// pass reads the files and stores what they hold. Its stages run at the same time, each with room for about one batch
// before it: Workers x (read, identify, decode, prepare) -> encode and score -> write. It gives the files that have to
// be looked at again after this pass: a second file with the bytes of one that was being worked on, or a file whose image was deleted meanwhile.
func (r *run) pass(ctx context.Context, todo []work) ([]work, error) {
	group, ctx := errgroup.WithContext(ctx)
	files := make(chan work)
	jobs := make(chan job, r.options.Batch)
	changes := make(chan change, r.options.Batch)

	group.Go(func() error {
		defer close(files)
		for _, w := range todo {
			if err := send(ctx, files, w); err != nil {
				return err
			}
		}
		return nil
	})
	var readers sync.WaitGroup
	for range r.options.Workers {
		readers.Add(1)
		group.Go(func() error {
			defer readers.Done()
			return r.readFiles(ctx, files, jobs, changes)
		})
	}
	group.Go(func() error {
		readers.Wait()
		close(jobs)
		return nil
	})
	group.Go(func() error {
		if err := r.encodeJobs(ctx, jobs, changes); err != nil {
			return err
		}
		close(changes) // jobs was closed, so no reader sends any more
		return nil
	})
	group.Go(func() error { return r.write(ctx, changes) })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return r.next(), nil
}

// send hands a value to the next stage unless the run has ended.
func send[T any](ctx context.Context, to chan<- T, v T) error {
	select {
	case to <- v:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *run) readFiles(ctx context.Context, files <-chan work, jobs chan<- job, changes chan<- change) error {
	for w := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		data, id, err := imagefile.Read(w.file.Path, imagefile.DefaultLimits)
		if err != nil {
			if err := r.reject(ctx, w, err, changes); err != nil {
				return err
			}
			continue
		}
		if err := r.readFile(ctx, w, data, id, jobs, changes); err != nil {
			return err
		}
	}
	return nil
}

// readFile decodes a file's bytes unless their image is known or at work already.
func (r *run) readFile(ctx context.Context, w work, data []byte, id sightline.ImageID, jobs chan<- job, changes chan<- change) error {
	known, err := r.x.store.Get(ctx, []sightline.ImageID{id})
	if err != nil {
		return err
	}
	if len(known) > 0 {
		return send(ctx, changes, change{place: &place{work: w, id: id}})
	}
	mine, verdict := r.reserve(id, w)
	if verdict != nil {
		return r.reject(ctx, w, verdict, changes)
	}
	if !mine {
		return nil
	}
	picture, err := imagefile.Decode(data, imagefile.DefaultLimits, r.x.bundle.Manifest.Image.Orient)
	if err != nil {
		if e, ok := errors.AsType[*sightline.Error](err); ok {
			r.condemn(id, e)
		}
		return r.reject(ctx, w, err, changes)
	}
	return send(ctx, jobs, job{work: w, facts: picture.Facts, pixels: r.x.images.Prepare(picture.Image)})
}

// reject lists a bad file and hands it to the writer, to be remembered.
func (r *run) reject(ctx context.Context, w work, err error, changes chan<- change) error {
	bad := vectordb.BadFile{File: w.file, Code: sightline.CodeOf(err), Reason: err.Error()}
	r.fail(BadInput{Path: w.file.Path, Code: bad.Code, Reason: bad.Reason}, 1)
	switch bad.Code {
	case sightline.CodeVanished:
		r.lose(w.file.Path)
		return nil
	case sightline.CodeUnreadable:
		return nil // it may be granted tomorrow, without a trace in size and time
	default:
		return send(ctx, changes, change{bad: &bad})
	}
}

// encodeJobs makes records of decoded images, batch by batch.
func (r *run) encodeJobs(ctx context.Context, jobs <-chan job, changes chan<- change) error {
	var batch []job
	for j := range jobs {
		if batch = append(batch, j); len(batch) < r.options.Batch {
			continue
		}
		if err := r.encode(ctx, batch, changes); err != nil {
			return err
		}
		batch = nil
	}
	if len(batch) == 0 {
		return nil
	}
	return r.encode(ctx, batch, changes)
}

func (r *run) encode(ctx context.Context, batch []job, changes chan<- change) error {
	pixels := make([]encoder.Pixels, len(batch))
	for i, j := range batch {
		pixels[i] = j.pixels
	}
	features, err := r.x.images.Encode(ctx, pixels)
	if err != nil {
		return err
	}
	scores, err := r.x.align.Labels(ctx, features)
	if err != nil {
		return err
	}
	c := change{encoded: make([]vectordb.Record, len(batch)), works: make([]work, len(batch))}
	for i, j := range batch {
		j.facts.Files = []sightline.File{j.file}
		j.facts.IndexedAt = time.Now()
		c.works[i] = j.work
		c.encoded[i] = vectordb.Record{Image: j.facts, Features: features[i], Tags: r.x.keptTags(scores[i])}
	}
	return send(ctx, changes, c)
}
