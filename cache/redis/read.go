package redis

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Get gives the value of key.
func (c *Cache) Get(ctx context.Context, key string) ([]byte, bool) {
	value := c.GetMany(ctx, []string{key})[0]
	return value, value != nil
}

// GetMany reads all keys in one round trip, within the budget.
func (c *Cache) GetMany(ctx context.Context, keys []string) [][]byte {
	values := make([][]byte, len(keys))
	if !c.closed.Load() {
		c.read(ctx, keys, values)
	}
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

func (c *Cache) read(ctx context.Context, keys []string, values [][]byte) {
	var missing []int
	for i, key := range keys {
		if values[i] = c.writer.waiting(key); values[i] == nil {
			missing = append(missing, i)
		}
	}
	if len(missing) == 0 {
		return
	}
	if !c.gate.open() {
		c.errors.Add(1)
		return
	}
	bounded, cancel := context.WithTimeout(ctx, c.options.Budget)
	defer cancel()
	replies, err := c.ask(bounded, keys, missing)
	if err != nil {
		if ctx.Err() == nil { // whoever asked still waits, so it was the server that took too long
			c.fail(err)
		}
		return
	}
	c.gate.succeeded()
	for j, i := range missing {
		values[i] = c.accept(keys[i], replies[j])
	}
}

// ask reads at most as much of each value as a value may have: what lies under our keys may be of any size.
func (c *Cache) ask(ctx context.Context, keys []string, places []int) ([]*redis.StringCmd, error) {
	replies := make([]*redis.StringCmd, len(places))
	pipe := c.client.Pipeline()
	for j, i := range places {
		replies[j] = pipe.GetRange(ctx, c.keyOf(keys[i]), 0, int64(frameHeader+c.options.MaxValue-1))
	}
	_, err := pipe.Exec(ctx)
	if err == nil || isWrongType(err) {
		err = nil
		for _, reply := range replies {
			if e := reply.Err(); e != nil && !isWrongType(e) {
				err = e
			}
		}
	}
	return replies, err
}

// accept gives the value of a reply, nil when there is none or none to be trusted.
func (c *Cache) accept(key string, reply *redis.StringCmd) []byte {
	raw, err := reply.Bytes()
	if err == nil {
		if len(raw) == 0 || c.tooLarge(raw) {
			return nil
		}
		if value, ok := openFrame(key, raw); ok {
			return value
		}
	}
	c.corrupt.Add(1)
	return nil
}

// tooLarge: the beginning of a value from a program that takes larger ones. It is nothing to worry about.
func (c *Cache) tooLarge(raw []byte) bool {
	return len(raw) == frameHeader+c.options.MaxValue && claimedSize(raw) > c.options.MaxValue
}

// isWrongType: something else than a string lies under the key. That is garbage, not an outage.
func isWrongType(err error) bool { return redis.HasErrorPrefix(err, "WRONGTYPE") }
