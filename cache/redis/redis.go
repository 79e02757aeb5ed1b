// Package redis is the cache that several servers share, on a Redis server. The server may be away, slow, full or hold
// garbage: all of that is a miss and a count, never an error, never a wrong value and never a wait of more than a
// budget. It must not know what the values mean; they must never change under their key.
package redis

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sightline-search/sightline/cache"
)

// Options say where the cache is and what it may cost.
type Options struct {
	URL      string        // redis://[user:password@]host[:port][/database], or rediss:// for TLS
	TTL      time.Duration // how long a value is kept after it was written; 0 keeps it until the server needs the room
	MaxValue int           // bytes of the largest value that is kept
	Budget   time.Duration // how long a read may take; 0 is DefaultBudget
	Retry    time.Duration // how often a server that did not answer is tried again; 0 is DefaultRetry

	// Namespace is in front of every key, so that strangers can share a database.
	Namespace string
	// Changed is told when the server has begun to answer (nil) and why it no longer does; may be nil.
	Changed func(reason error)
}

// DefaultBudget is some three times what encoding a text costs: waiting longer than that for a cache is no use.
const DefaultBudget = 30 * time.Millisecond

// DefaultRetry is how often a server that did not answer is tried again, by nobody who waits.
const DefaultRetry = time.Second

// Cache is a cache.Cache on a Redis server.
type Cache struct {
	options Options
	client  *redis.Client
	gate    *gate
	writer  *writer

	hits, misses, errors, corrupt atomic.Uint64

	closing sync.Once
	closed  atomic.Bool
}

var _ cache.Cache = (*Cache)(nil)

// New makes the cache and returns at once: it begins to be of use when the server has answered for the first time.
func New(o Options) (*Cache, error) {
	client, err := newClient(o.URL)
	if err != nil {
		return nil, err
	}
	if o.Budget == 0 {
		o.Budget = DefaultBudget
	}
	if o.Retry == 0 {
		o.Retry = DefaultRetry
	}
	if o.Changed == nil {
		o.Changed = func(error) {}
	}
	c := &Cache{options: o, client: client}
	c.gate = &gate{probe: c.probe, retry: o.Retry, changed: o.Changed}
	c.writer = &writer{store: c.store, ready: c.gate.open}
	c.gate.opened = c.writer.wake
	c.writer.start()
	c.gate.start()
	return c, nil
}

// Set hands the value to the writer and returns.
func (c *Cache) Set(ctx context.Context, key string, value []byte) {
	c.SetMany(ctx, []cache.Entry{{Key: key, Value: value}})
}

// SetMany hands the values to the writer and returns.
func (c *Cache) SetMany(_ context.Context, entries []cache.Entry) {
	if c.closed.Load() {
		return
	}
	for _, e := range entries {
		if len(e.Value) <= c.options.MaxValue && !c.writer.add(e) {
			c.errors.Add(1)
		}
	}
}

func (c *Cache) keyOf(key string) string { return c.options.Namespace + keyPrefix + key }

// fail counts what the server did not do.
func (c *Cache) fail(err error) {
	c.errors.Add(1)
	c.gate.failed(err)
}

// Stats counts for this process: Entries and Bytes are what it has written or has yet to write. What others wrote, and
// what the server has dropped since, only the server knows.
func (c *Cache) Stats() cache.Stats {
	entries, bytes := c.writer.held()
	return cache.Stats{
		Hits: c.hits.Load(), Misses: c.misses.Load(), Entries: entries, Bytes: bytes,
		Errors: c.errors.Load(), Corrupt: c.corrupt.Load(),
	}
}

// Close writes what waits, if the server answers, and lets go of it.
func (c *Cache) Close() (err error) {
	c.closing.Do(func() {
		c.closed.Store(true)
		c.gate.stop()
		c.writer.stop()
		err = c.client.Close()
	})
	return err
}
