package cache

import (
	"context"
	"errors"
	"sync/atomic"
)

// NewTiered puts near in front of far: what near has is not asked of far, and what far has is kept in near. It closes both.
func NewTiered(near, far Cache) Cache { return &tiered{near: near, far: far} }

type tiered struct {
	near, far    Cache
	hits, misses atomic.Uint64 // of both together: a value that only far has is one hit
}

func (c *tiered) Get(ctx context.Context, key string) ([]byte, bool) {
	value := c.GetMany(ctx, []string{key})[0]
	return value, value != nil
}

func (c *tiered) GetMany(ctx context.Context, keys []string) [][]byte {
	values := c.near.GetMany(ctx, keys)
	c.fill(ctx, keys, values)
	found := uint64(0)
	for _, value := range values {
		if value != nil {
			found++
		}
	}
	c.hits.Add(found)
	c.misses.Add(uint64(len(keys)) - found)
	return values
}

// fill asks far for the values that are nil.
func (c *tiered) fill(ctx context.Context, keys []string, values [][]byte) {
	var missing []string
	var places []int
	for i, value := range values {
		if value == nil {
			missing, places = append(missing, keys[i]), append(places, i)
		}
	}
	if len(missing) == 0 {
		return
	}
	for i, value := range c.far.GetMany(ctx, missing) {
		if value != nil {
			values[places[i]] = value
			c.near.Set(ctx, missing[i], value)
		}
	}
}

func (c *tiered) Set(ctx context.Context, key string, value []byte) {
	c.near.Set(ctx, key, value)
	c.far.Set(ctx, key, value)
}

func (c *tiered) SetMany(ctx context.Context, entries []Entry) {
	c.near.SetMany(ctx, entries)
	c.far.SetMany(ctx, entries)
}

// Stats counts what near holds: only its owner knows what a shared cache holds.
func (c *tiered) Stats() Stats {
	near, far := c.near.Stats(), c.far.Stats()
	return Stats{
		Hits: c.hits.Load(), Misses: c.misses.Load(), Entries: near.Entries, Bytes: near.Bytes,
		Errors: near.Errors + far.Errors, Corrupt: near.Corrupt + far.Corrupt,
	}
}

func (c *tiered) Close() error { return errors.Join(c.near.Close(), c.far.Close()) }
