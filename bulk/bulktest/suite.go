// Package bulktest is the conformance suite of bulk.Queue. It must not know any queue server.
package bulktest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bulk"
)

// Join joins the job of a test, as another process would.
type Join func(t *testing.T) bulk.Queue

// Run holds a queue to the contract. fresh begins a job that nobody is part of.
func Run(t *testing.T, fresh func(t *testing.T) Join) {
	t.Helper()
	run(t, fresh, map[string]func(*testing.T, Join){
		"offered, taken, done":            onceThrough,
		"a returned batch is handed out":  returned,
		"done twice counts once":          doneTwice,
		"the last failure of an image":    failures,
		"a full queue takes no more":      full,
		"a finished context":              finishedContext,
		"many workers do everything once": manyWorkers,
	})
}

// RunMany holds a queue for many processes to the rest of the contract. Its lease should be short: the suite waits for
// it to run out.
func RunMany(t *testing.T, fresh func(t *testing.T) Join) {
	t.Helper()
	run(t, fresh, map[string]func(*testing.T, Join){
		"one leads":                             oneLeads,
		"a dead leader is followed":             deadLeader,
		"a leader that closes is followed":      closedLeader,
		"what a dead worker held is handed out": deadWorker,
		"a kept batch stays with its worker":    kept,
		"a finished job is begun anew":          begunAnew,
	})
}

func run(t *testing.T, fresh func(t *testing.T) Join, tests map[string]func(*testing.T, Join)) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

// join joins the job and leaves it when the test ends.
func (j Join) join(t *testing.T) bulk.Queue {
	t.Helper()
	q := j(t)
	t.Cleanup(func() { assert.NoError(t, q.Close()) })
	return q
}

// lead joins the job as its leader.
func (j Join) lead(t *testing.T) bulk.Queue {
	t.Helper()
	q := j.join(t)
	leading, err := q.Lead(t.Context())
	require.NoError(t, err)
	require.True(t, leading)
	return q
}

// batch makes the n-th batch of a test, of two images with odd paths.
func batch(n int) bulk.Batch {
	item := func(i int) bulk.Item {
		return bulk.Item{ID: sightline.ImageID(fmt.Sprintf("%064x", i)), Paths: []string{fmt.Sprintf("/größe %d/\xff\"'.jpg", i), "/b.jpg"}}
	}
	return bulk.Batch{Items: []bulk.Item{item(2 * n), item(2*n + 1)}}
}

func offer(t *testing.T, q bulk.Queue, numbers ...int) {
	t.Helper()
	for _, n := range numbers {
		added, err := q.Offer(t.Context(), batch(n))
		require.NoError(t, err)
		require.True(t, added)
	}
}

func take(t *testing.T, q bulk.Queue) bulk.Batch {
	t.Helper()
	b, err := q.Take(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, b.Ticket)
	return b
}

func progress(t *testing.T, q bulk.Queue) bulk.Progress {
	t.Helper()
	p, err := q.Progress(t.Context())
	require.NoError(t, err)
	return p
}

func onceThrough(t *testing.T, join Join) {
	q := join.lead(t)
	require.True(t, progress(t, q).Idle())
	last, err := q.Offered(t.Context())
	require.NoError(t, err)
	require.Empty(t, last)
	offer(t, q, 0, 1)
	last, err = q.Offered(t.Context())
	require.NoError(t, err)
	require.Equal(t, batch(1).Last(), last)
	for n := range 2 {
		b := take(t, q)
		require.Equal(t, batch(n).Items, b.Items)
		require.NoError(t, q.Keep(t.Context(), b))
		require.False(t, progress(t, q).Idle())
		require.NoError(t, q.Done(t.Context(), b, nil))
	}
	require.Equal(t, bulk.Progress{Offered: 4, Done: 4}, progress(t, q))
	require.NoError(t, q.Finish(t.Context()))
	for range 2 {
		_, err = q.Take(t.Context())
		require.ErrorIs(t, err, bulk.ErrFinished)
	}
}

func returned(t *testing.T, join Join) {
	q := join.lead(t)
	offer(t, q, 0)
	require.NoError(t, q.Return(t.Context(), take(t, q)))
	b := take(t, q)
	require.Equal(t, batch(0).Items, b.Items)
	require.NoError(t, q.Done(t.Context(), b, nil))
	require.NoError(t, q.Return(t.Context(), b), "too late")
	require.Equal(t, bulk.Progress{Offered: 2, Done: 2}, progress(t, q))
}

func doneTwice(t *testing.T, join Join) {
	q := join.lead(t)
	offer(t, q, 0, 1)
	b := take(t, q)
	for range 3 {
		require.NoError(t, q.Done(t.Context(), b, nil))
	}
	require.Equal(t, bulk.Progress{Offered: 4, Done: 2}, progress(t, q))
}

func failures(t *testing.T, join Join) {
	q := join.lead(t)
	failure := func(n, of int, code sightline.Code) bulk.Failure {
		item := batch(n).Items[of]
		return bulk.Failure{ID: item.ID, Path: item.Paths[0], Code: code, Reason: "größe \xff is gone"}
	}
	offer(t, q, 1, 0, 1) // the last one a second time, as for images that came back
	for _, failed := range [][]bulk.Failure{{failure(1, 0, sightline.CodeVanished), failure(1, 1, sightline.CodeVanished)}, {failure(0, 1, sightline.CodeChanged)}, {failure(1, 1, sightline.CodeUnreadable)}} {
		require.NoError(t, q.Done(t.Context(), take(t, q), failed))
	}
	list, err := q.Failures(t.Context())
	require.NoError(t, err)
	require.Equal(t, []bulk.Failure{failure(0, 1, sightline.CodeChanged), failure(1, 0, sightline.CodeVanished), failure(1, 1, sightline.CodeUnreadable)}, list)
	require.Equal(t, bulk.Progress{Offered: 6, Done: 6, Failed: 3}, progress(t, q))
}

// full: a queue has an end, and what was refused by it can be offered again.
func full(t *testing.T, join Join) {
	q := join.lead(t)
	const most = 100_000
	n := 0
	for added := true; added; n++ {
		require.Less(t, n, most)
		var err error
		added, err = q.Offer(t.Context(), batch(n))
		require.NoError(t, err)
	}
	last, err := q.Offered(t.Context())
	require.NoError(t, err)
	require.Equal(t, batch(n-2).Last(), last)
	require.NoError(t, q.Done(t.Context(), take(t, q), nil))
	offer(t, q, n-1)
}

func finishedContext(t *testing.T, join Join) {
	q := join.lead(t)
	offer(t, q, 0, 1)
	b := take(t, q)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	errs := map[string]error{
		"Finish": q.Finish(ctx), "Keep": q.Keep(ctx, b), "Done": q.Done(ctx, b, nil), "Return": q.Return(ctx, b),
	}
	_, errs["Lead"] = q.Lead(ctx)
	_, errs["Offered"] = q.Offered(ctx)
	_, errs["Offer"] = q.Offer(ctx, batch(2))
	_, errs["Take"] = q.Take(ctx)
	_, errs["Progress"] = q.Progress(ctx)
	_, errs["Failures"] = q.Failures(ctx)
	for name, err := range errs {
		assert.ErrorIs(t, err, context.Canceled, name)
	}
	require.Equal(t, bulk.Progress{Offered: 4}, progress(t, q))
}

func manyWorkers(t *testing.T, join Join) {
	q := join.lead(t)
	const batches = 40
	var workers sync.WaitGroup
	var mu sync.Mutex
	worked := map[sightline.ImageID]int{}
	for range 4 {
		worker := join.join(t)
		workers.Go(func() {
			for {
				b, err := worker.Take(context.Background()) // the workers may outlast the test's own
				if err != nil {
					assert.ErrorIs(t, err, bulk.ErrFinished)
					return
				}
				mu.Lock()
				worked[b.Last()]++
				mu.Unlock()
				assert.NoError(t, worker.Done(context.Background(), b, nil))
			}
		})
	}
	for n := 0; n < batches; {
		added, err := q.Offer(t.Context(), batch(n))
		require.NoError(t, err)
		if added {
			n++
		}
	}
	for !progress(t, q).Idle() {
		_, err := q.Lead(t.Context())
		require.NoError(t, err)
	}
	require.NoError(t, q.Finish(t.Context()))
	workers.Wait()
	require.Len(t, worked, batches)
	for id, times := range worked {
		require.Equal(t, 1, times, id)
	}
	require.Equal(t, bulk.Progress{Offered: 2 * batches, Done: 2 * batches}, progress(t, q))
}
