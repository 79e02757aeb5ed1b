package bulk

import (
	"context"
	"errors"
	"iter"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/progress"
)

// Work is what has to be done to all images; index.Rebuild is it. Its methods are safe for concurrent use.
type Work interface {
	// Missing streams what is left to do, after an id, in the order of ids.
	Missing(ctx context.Context, after sightline.ImageID) iter.Seq2[Item, error]
	// Count gives how many images are done, and how many there are.
	Count(ctx context.Context) (done, all int, err error)
	// Encode does some of it, for good when it returns. It may be done twice. An error means that the worker cannot go on.
	Encode(ctx context.Context, items []Item) ([]Failure, error)
}

// Options steer Run.
type Options struct {
	Workers  int               // batches worked at the same time by this process; 0 means 2, so that one is read while another is encoded
	Batch    int               // images a batch; 0 means 64
	Beat     time.Duration     // how often this process shows that it is alive: several times in a lease of the queue. 0 means a second
	Progress progress.Reporter // nil is silent
	// End is called by the process that leads when everything is done, with the images that failed, before the others are
	// told. It is called again, by another process, when this one dies in it, and a beat later when it gives ErrNotYet.
	// May be nil.
	End func(ctx context.Context, failed []Failure) error
}

// Run is one process of a job: it works off batches until the job is finished, and offers them while it leads. It may be
// interrupted and killed at any moment; what is stored is kept, and what it held is done by others or by the next run.
// It gives the images that failed in the whole job.
func Run(ctx context.Context, work Work, q Queue, o Options) ([]Failure, error) {
	r := &run{work: work, queue: q, options: o.orDefaults()}
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	group, working := errgroup.WithContext(ctx)
	ended := make(chan struct{}) // somebody has noticed that the job is finished
	workers, taking := errgroup.WithContext(working)
	for range r.options.Workers {
		workers.Go(func() error { return r.takeAll(taking) })
	}
	group.Go(func() error {
		defer close(ended)
		return workers.Wait()
	})
	group.Go(func() error { return r.lead(working, ended) })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	r.report(ctx)
	return q.Failures(ctx)
}

func (o Options) orDefaults() Options {
	if o.Workers <= 0 {
		o.Workers = 2
	}
	if o.Batch <= 0 {
		o.Batch = 64
	}
	if o.Beat <= 0 {
		o.Beat = time.Second
	}
	if o.Progress == nil {
		o.Progress = progress.Silent()
	}
	return o
}

// run is the state of one Run.
type run struct {
	work    Work
	queue   Queue
	options Options
	before  int // images that were done before the job began
	told    int // images that the progress has been told of
}

// begin finds out how far the work is. What the job has done already, on other machines, is among what is stored.
func (r *run) begin(ctx context.Context) error {
	p, err := r.queue.Progress(ctx)
	if err != nil {
		return err
	}
	done, all, err := r.work.Count(ctx)
	r.before = max(0, done-(p.Done-p.Failed))
	r.options.Progress.Total(all)
	return err
}

// report tells the progress the sum over all workers. Counts that cannot be had just now are told the next time.
func (r *run) report(ctx context.Context) {
	p, err := r.queue.Progress(ctx)
	if now := r.before + p.Done; err == nil && now > r.told {
		r.options.Progress.Done(now - r.told)
		r.told = now
	}
}

// takeAll works off batches until the job is finished.
func (r *run) takeAll(ctx context.Context) error {
	for {
		b, err := r.queue.Take(ctx)
		if errors.Is(err, ErrFinished) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.workOff(ctx, b); err != nil {
			return err
		}
	}
}

// goodbye is how long a process that stops tries to give back what it holds; others wait for its lease otherwise.
const goodbye = 5 * time.Second

// workOff does one batch and says so. A worker that has to stop gives it back.
func (r *run) workOff(ctx context.Context, b Batch) error {
	failed, err := r.encode(ctx, b)
	if err == nil {
		err = r.queue.Done(ctx, b, failed)
	}
	if err == nil {
		return nil
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	return errors.Join(err, r.queue.Return(late, b))
}

// encode does a batch and keeps it meanwhile.
func (r *run) encode(ctx context.Context, b Batch) (failed []Failure, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group, keeping := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer stop()
		var err error
		failed, err = r.work.Encode(keeping, b.Items)
		return err
	})
	group.Go(func() error { return r.keep(keeping, b) })
	return failed, group.Wait()
}

// keep says that a batch is being worked until the context ends.
func (r *run) keep(ctx context.Context, b Batch) error {
	beat := time.NewTicker(r.options.Beat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
			if err := r.queue.Keep(ctx, b); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}
