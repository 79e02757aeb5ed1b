package index

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/encoder"
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
// before it: Workers x (read, identify, decode, prepare) -> Encoders x (encode, score) -> write. There are enough of each
// to keep all cores busy alone: whoever is ahead waits for room, and the system gives the cores to the others. It gives
// the files that have to be looked at again after this pass: a second file with the bytes of one that was being worked
// on, or a file whose image was deleted meanwhile.
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
	crew(group, r.options.Workers, func() error { return r.readFiles(ctx, files, jobs, changes) }, func() { close(jobs) })
	crew(group, r.options.Encoders, func() error { return r.encodeJobs(ctx, jobs, changes) },
		func() { close(changes) }) // jobs was closed, so no reader sends any more
	group.Go(func() error { return r.write(ctx, changes) })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return r.next(), nil
}

// crew runs n workers of one stage; done is called when the last of them has ended.
func crew(group *errgroup.Group, n int, work func() error, done func()) {
	var workers sync.WaitGroup
	for range n {
		workers.Add(1)
		group.Go(func() error {
			defer workers.Done()
			return work()
		})
	}
	group.Go(func() error {
		workers.Wait()
		done()
		return nil
	})
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
