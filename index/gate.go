package index

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/sightline-search/sightline"
)

// maxWaiting is how many steps of searches may wait. At the speed of a small machine that is about the minute after which
// a request is given up anyhow.
const maxWaiting = 1024

// gate bounds how many steps of searches compute at the same time: encoding and retrieval are one step, and so is each
// batch of candidates that is read and decoded. More at once would not be sooner, only each later, and with the features of
// all of them in memory. Whoever waits comes in by order of arrival, so that under load every answer takes about as long
// as the next one, and a long search lets others in between its batches.
type gate struct {
	places  int
	free    *semaphore.Weighted
	waiting atomic.Int64
}

func newGate(places int) *gate {
	if places <= 0 {
		places = runtime.GOMAXPROCS(0)
	}
	return &gate{places: places, free: semaphore.NewWeighted(int64(places))}
}

// do runs f when there is a place for it and adds the time until then to wait. Who is gone before that leaves the queue.
func (g *gate) do(ctx context.Context, wait *float64, f func() error) error {
	if n := g.waiting.Add(1); n > maxWaiting+int64(g.places) {
		g.waiting.Add(-1)
		return sightline.Errorf(sightline.CodeUnavailable, "%d searches wait already, no more than %d may", n-1, maxWaiting).
			WithHint("ask again in a moment; more cores or more servers answer more at the same time")
	}
	err := timed(wait, func() error { return g.free.Acquire(ctx, 1) })
	g.waiting.Add(-1)
	if err != nil {
		return context.Cause(ctx)
	}
	defer g.free.Release(1)
	return f()
}

// share spreads a duration over the parts of a Timing that were measured in steps beside each other, so that the parts
// stay comparable with the whole.
func (t *Timing) share(elapsed time.Duration, steps []Timing) {
	var sum Timing
	for _, s := range steps {
		sum.Wait, sum.Fetch, sum.Decode = sum.Wait+s.Wait, sum.Fetch+s.Fetch, sum.Decode+s.Decode
	}
	all := sum.Wait + sum.Fetch + sum.Decode
	if all == 0 {
		return
	}
	factor := milliseconds(elapsed) / all
	t.Wait += factor * sum.Wait
	t.Fetch += factor * sum.Fetch
	t.Decode += factor * sum.Decode
}
