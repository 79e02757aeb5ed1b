package vectordb

import (
	"context"
	"sync"

	"github.com/sightline-search/sightline"
)

// Calls counts the running calls of a store, so that Close can wait for them and later ones are refused. The zero value is
// an open store's.
type Calls struct {
	running sync.WaitGroup
	mu      sync.Mutex // guards closed
	closed  bool
}

// Enter counts a call in; leave must follow. Once the store is closed it fails; name is the store's in the error.
func (c *Calls) Enter(ctx context.Context, name string) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, sightline.Errorf(sightline.CodeUnavailable, "the index in %s is closed", name)
	}
	c.running.Add(1)
	return c.running.Done, nil
}

// Close lets no more calls in and waits for the running ones. First is false when that was done before.
func (c *Calls) Close() (first bool) {
	c.mu.Lock()
	first = !c.closed
	c.closed = true
	c.mu.Unlock()
	c.running.Wait()
	return first
}
