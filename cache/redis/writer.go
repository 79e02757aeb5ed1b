package redis

import (
	"context"
	"sync"
	"time"

	"github.com/sightline-search/sightline/cache"
)

const (
	waitingBytes = 8 << 20                // bytes of keys and values that may wait to be written; what comes on top is dropped
	writeBatch   = 64                     // values a round trip
	closeGrace   = 500 * time.Millisecond // how long closing may go on writing
)

// writer writes behind the callers' backs. What waits can be read, so that whoever has set a value gets it.
type writer struct {
	store func(context.Context, []*cache.Entry) (stored []bool)
	ready func() bool // whether the server is worth asking

	mu     sync.Mutex
	queue  []*cache.Entry
	latest map[string]*cache.Entry // by key: of what is in the queue or on its way
	bytes  int64                   // of what is in the queue or on its way
	kept   struct {
		entries int
		bytes   int64
	}

	woken, quit, stopped chan struct{}
	cancel               context.CancelFunc
}

func (w *writer) start() {
	ctx, cancel := context.WithCancel(context.Background())
	w.latest, w.cancel = map[string]*cache.Entry{}, cancel
	w.woken, w.quit, w.stopped = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(w.stopped)
		for {
			select {
			case <-w.woken:
				w.writeAll(ctx)
			case <-w.quit:
				w.writeAll(ctx)
				return
			}
		}
	}()
}

// wake makes it look at the queue.
func (w *writer) wake() {
	select {
	case w.woken <- struct{}{}:
	default: // it is going to look anyway
	}
}

func (w *writer) writeAll(ctx context.Context) {
	for ctx.Err() == nil && w.ready() {
		batch := w.next()
		if len(batch) == 0 {
			return
		}
		w.done(batch, w.store(ctx, batch))
	}
}

// add reports whether there was room.
func (w *writer) add(e cache.Entry) bool {
	if e.Value == nil {
		e.Value = []byte{}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bytes+size(&e) > waitingBytes {
		return false
	}
	w.queue, w.latest[e.Key] = append(w.queue, &e), &e
	w.bytes += size(&e)
	w.wake()
	return true
}

// waiting gives a value that is not written yet, nil when there is none.
func (w *writer) waiting(key string) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e, ok := w.latest[key]; ok {
		return e.Value
	}
	return nil
}

func (w *writer) next() []*cache.Entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(w.queue), writeBatch)
	batch := w.queue[:n:n]
	w.queue = w.queue[n:]
	return batch
}

func (w *writer) done(batch []*cache.Entry, stored []bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, e := range batch {
		w.bytes -= size(e)
		if w.latest[e.Key] == e {
			delete(w.latest, e.Key)
		}
		if stored[i] {
			w.kept.entries++
			w.kept.bytes += size(e)
		}
	}
}

// held counts what was written and what is going to be.
func (w *writer) held() (entries int, bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.kept.entries + len(w.latest), w.kept.bytes + w.bytes
}

// stop writes what is in the queue, for a moment at most.
func (w *writer) stop() {
	grace := time.AfterFunc(closeGrace, w.cancel)
	defer grace.Stop()
	close(w.quit)
	<-w.stopped
	w.cancel()
}

func size(e *cache.Entry) int64 { return int64(len(e.Key) + len(e.Value)) }
