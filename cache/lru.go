package cache

import (
	"context"
	"math"
	"sync/atomic"

	"github.com/maypok86/otter/v2"
	"github.com/maypok86/otter/v2/stats"
)

// NewLRU makes a cache in this process that holds at most maxBytes of keys and values together. What has long not been
// used, or was used once only, gives way first. A value over the whole budget is not kept; without a budget nothing is.
func NewLRU(maxBytes int64) Cache {
	return &lru{
		largest: min(maxBytes, math.MaxUint32), // the library weighs an entry in 32 bits
		entries: otter.Must(&otter.Options[string, []byte]{
			MaximumWeight: uint64(max(maxBytes, 1)),
			Weigher:       weight,
			StatsRecorder: stats.NewCounter(),
			Executor:      func(evict func()) { evict() }, // at once: the budget holds when Set returns
		}),
	}
}

type lru struct {
	largest int64 // bytes of one entry
	entries *otter.Cache[string, []byte]
	closed  atomic.Bool
}

func weight(key string, value []byte) uint32 { return uint32(len(key) + len(value)) }

func (c *lru) Get(_ context.Context, key string) ([]byte, bool) {
	if c.closed.Load() {
		return nil, false
	}
	return c.entries.GetIfPresent(key)
}

func (c *lru) Set(_ context.Context, key string, value []byte) {
	if c.closed.Load() || int64(len(key)+len(value)) > c.largest {
		c.entries.Invalidate(key) // an older value of the key would be wrong now
		return
	}
	c.entries.Set(key, value)
}

func (c *lru) GetMany(ctx context.Context, keys []string) [][]byte {
	values := make([][]byte, len(keys))
	for i, key := range keys {
		if value, ok := c.Get(ctx, key); ok {
			values[i] = present(value)
		}
	}
	return values
}

// present is a value that differs from a miss.
func present(value []byte) []byte {
	if value == nil {
		return []byte{}
	}
	return value
}

func (c *lru) SetMany(ctx context.Context, entries []Entry) {
	for _, e := range entries {
		c.Set(ctx, e.Key, e.Value)
	}
}

func (c *lru) Stats() Stats {
	c.entries.CleanUp()
	counted := c.entries.Stats()
	return Stats{
		Hits: counted.Hits, Misses: counted.Misses,
		Entries: c.entries.EstimatedSize(), Bytes: int64(c.entries.WeightedSize()),
	}
}

func (c *lru) Close() error {
	c.closed.Store(true)
	c.entries.InvalidateAll()
	c.entries.StopAllGoroutines()
	return nil
}
