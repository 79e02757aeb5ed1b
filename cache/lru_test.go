package cache_test

import (
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/cache"
	"github.com/sightline-search/sightline/cache/cachetest"
)

func TestLRU(t *testing.T) {
	cachetest.Run(t, func(*testing.T) cache.Cache { return cache.NewLRU(4 << 20) })
}

func TestLRUNeverHoldsMoreThanItsBudget(t *testing.T) {
	const budget = 100_000
	c := cache.NewLRU(budget)
	defer c.Close()
	for i := range 1000 {
		c.Set(t.Context(), fmt.Sprintf("key %d", i), make([]byte, i*7%9000))
		require.LessOrEqual(t, c.Stats().Bytes, int64(budget), "after entry %d", i)
	}
	assert.Positive(t, c.Stats().Entries)
}

func TestLRUKeepsWhatIsUsed(t *testing.T) {
	c := cache.NewLRU(100_000)
	defer c.Close()
	c.Set(t.Context(), "dear", make([]byte, 1000))
	for i := range 1000 {
		c.Set(t.Context(), fmt.Sprintf("passing %d", i), make([]byte, 1000))
		_, ok := c.Get(t.Context(), "dear")
		require.True(t, ok, "lost after %d others", i)
	}
}

func TestLRUDropsValuesOverItsBudget(t *testing.T) {
	for _, budget := range []int64{1000, 1, 0, -5} {
		c := cache.NewLRU(budget)
		c.Set(t.Context(), "big", make([]byte, 1000))
		_, ok := c.Get(t.Context(), "big")
		assert.False(t, ok, "budget %d", budget)
		assert.Zero(t, c.Stats().Bytes, "budget %d", budget)
		require.NoError(t, c.Close())
	}
}

func TestLRUForgetsTheOldValueWhenTheNewOneIsTooBig(t *testing.T) {
	c := cache.NewLRU(1000)
	defer c.Close()
	c.Set(t.Context(), "a", []byte("old"))
	c.Set(t.Context(), "a", make([]byte, 5000))
	_, ok := c.Get(t.Context(), "a")
	assert.False(t, ok)
}

func TestLRUTakesAnyBudget(t *testing.T) {
	c := cache.NewLRU(math.MaxInt64)
	defer c.Close()
	c.Set(t.Context(), "a", []byte("one"))
	_, ok := c.Get(t.Context(), "a")
	assert.True(t, ok)
}

func TestLRUHoldsItsBudgetUnderManyWriters(t *testing.T) {
	const budget = 50_000
	c := cache.NewLRU(budget)
	defer c.Close()
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := range 300 {
				c.Set(t.Context(), fmt.Sprint(g, i), make([]byte, 500))
				c.Get(t.Context(), fmt.Sprint(g, i-1))
			}
		})
	}
	group.Wait()
	assert.LessOrEqual(t, c.Stats().Bytes, int64(budget))
}
