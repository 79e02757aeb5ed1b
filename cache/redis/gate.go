package redis

import (
	"context"
	"sync"
	"time"
)

// failuresToShut: one slow answer is chance, this many in a row are a server that is better not asked.
const failuresToShut = 3

// gate is a circuit breaker. While it is shut nobody asks the server but the gate itself, beside everything else, until
// the server answers again; so an outage costs searches failuresToShut budgets and no more. It begins shut.
type gate struct {
	probe   func(context.Context) error
	retry   time.Duration
	changed func(reason error)
	opened  func()

	mu       sync.Mutex
	isOpen   bool
	failures int // in a row

	shut    chan error // the reason, for the goroutine that tries
	cancel  context.CancelFunc
	stopped chan struct{}
}

// start begins to try the server. changed is told of every beginning and end of an outage, opened of its end.
func (g *gate) start() {
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel, g.shut, g.stopped = cancel, make(chan error, 1), make(chan struct{})
	go func() {
		defer close(g.stopped)
		told := false
		for g.tryUntilOpen(ctx, told) {
			select {
			case reason := <-g.shut:
				g.changed(reason)
				told = true
			case <-ctx.Done():
				return
			}
		}
	}()
}

// tryUntilOpen returns false when the gate is being stopped. told: the outage has been reported already.
func (g *gate) tryUntilOpen(ctx context.Context, told bool) bool {
	tick := time.NewTicker(g.retry)
	defer tick.Stop()
	for {
		err := g.probe(ctx)
		switch {
		case ctx.Err() != nil:
			return false
		case err == nil:
			g.unlock()
			return true
		case !told:
			g.changed(err)
			told = true
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
}

func (g *gate) unlock() {
	g.mu.Lock()
	g.isOpen, g.failures = true, 0
	g.mu.Unlock()
	g.changed(nil)
	g.opened()
}

func (g *gate) open() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.isOpen
}

func (g *gate) succeeded() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failures = 0
}

func (g *gate) failed(reason error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failures++; g.isOpen && g.failures >= failuresToShut {
		g.isOpen = false
		g.shut <- reason
	}
}

func (g *gate) stop() {
	g.cancel()
	<-g.stopped
}
