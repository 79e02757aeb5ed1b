package bulk

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/sightline-search/sightline"
)

// localReady is how many batches lie ready at most: enough that nobody waits, few enough to hold in memory.
const localReady = 64

// local is a queue for the workers of one process. There is nobody who could die and leave something behind: a batch is
// held until it is done or returned, and everybody leads.
type local struct {
	mu       sync.Mutex
	changed  chan struct{} // closed, and replaced, when there is something new to take
	ready    []Batch
	held     map[string]Batch
	tickets  int
	offered  sightline.ImageID
	progress Progress
	failed   map[sightline.ImageID]Failure
	finished bool
}

// Local makes a queue for the workers of this process. What it holds ends with the process.
func Local() Queue {
	return &local{changed: make(chan struct{}), held: map[string]Batch{}, failed: map[sightline.ImageID]Failure{}}
}

func (q *local) Lead(ctx context.Context) (bool, error) { return true, ctx.Err() }

func (q *local) Offered(ctx context.Context) (sightline.ImageID, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.offered, ctx.Err()
}

func (q *local) Offer(ctx context.Context, b Batch) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := ctx.Err(); err != nil || len(q.ready) >= localReady {
		return false, err
	}
	q.tickets++
	b.Ticket = strconv.Itoa(q.tickets)
	q.ready = append(q.ready, b)
	q.offered = b.Last()
	q.progress.Offered += len(b.Items)
	q.wake()
	return true, nil
}

func (q *local) Finish(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	q.finished = true
	q.wake()
	return nil
}

func (q *local) Take(ctx context.Context) (Batch, error) {
	for {
		b, changed, err := q.take(ctx)
		if err != nil || changed == nil {
			return b, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Batch{}, ctx.Err()
		}
	}
}

// take gives a batch, or what to wait for.
func (q *local) take(ctx context.Context) (Batch, <-chan struct{}, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return Batch{}, nil, ctx.Err()
	case q.finished:
		return Batch{}, nil, ErrFinished
	case len(q.ready) == 0:
		return Batch{}, q.changed, nil
	}
	b := q.ready[0]
	q.ready = q.ready[1:]
	q.held[b.Ticket] = b
	return b, nil, nil
}

func (q *local) Keep(ctx context.Context, _ Batch) error { return ctx.Err() }

func (q *local) Done(ctx context.Context, b Batch, failed []Failure) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, held := q.held[b.Ticket]; ctx.Err() != nil || !held {
		return ctx.Err()
	}
	delete(q.held, b.Ticket)
	for _, f := range failed {
		q.failed[f.ID] = f
	}
	q.progress.Done += len(b.Items)
	q.progress.Failed = len(q.failed)
	return nil
}

func (q *local) Return(ctx context.Context, b Batch) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, held := q.held[b.Ticket]; ctx.Err() != nil || !held {
		return ctx.Err()
	}
	delete(q.held, b.Ticket)
	q.ready = append([]Batch{b}, q.ready...)
	q.wake()
	return nil
}

func (q *local) Progress(ctx context.Context) (Progress, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.progress, ctx.Err()
}

func (q *local) Failures(ctx context.Context) ([]Failure, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var failures []Failure
	for _, id := range slices.Sorted(maps.Keys(q.failed)) {
		failures = append(failures, q.failed[id])
	}
	return failures, ctx.Err()
}

func (q *local) Close() error { return nil }

// wake lets those who wait in Take look again. The caller holds the lock.
func (q *local) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}
