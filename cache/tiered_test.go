package cache_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/cache"
	"github.com/sightline-search/sightline/cache/cachetest"
)

func TestTiered(t *testing.T) {
	cachetest.Run(t, func(*testing.T) cache.Cache { return cache.NewTiered(cache.NewLRU(4<<20), cache.NewLRU(4<<20)) })
}

func TestTieredIsRightWhereEitherSideKeepsNothing(t *testing.T) {
	for name, c := range map[string]cache.Cache{
		"nothing near": cache.NewTiered(cache.NewLRU(0), cache.NewLRU(1<<20)),
		"nothing far":  cache.NewTiered(cache.NewLRU(1<<20), cache.NewLRU(0)),
	} {
		c.Set(t.Context(), "a", []byte("one"))
		value, ok := c.Get(t.Context(), "a")
		assert.True(t, ok, name)
		assert.Equal(t, "one", string(value), name)
		require.NoError(t, c.Close())
	}
}

func TestTieredBringsWhatFarHasNear(t *testing.T) {
	near, far := cache.NewLRU(1<<20), cache.NewLRU(1<<20)
	c := cache.NewTiered(near, far)
	defer c.Close()
	far.Set(t.Context(), "a", []byte("one"))
	near.Set(t.Context(), "b", []byte("two"))

	values := c.GetMany(t.Context(), []string{"a", "b", "c"})
	assert.Equal(t, [][]byte{[]byte("one"), []byte("two"), nil}, values)
	_, ok := near.Get(t.Context(), "a")
	assert.True(t, ok)
	assert.EqualValues(t, 2, far.Stats().Hits+far.Stats().Misses, "far is not asked for what near has")
	assert.EqualValues(t, 2, c.Stats().Hits)
	assert.EqualValues(t, 1, c.Stats().Misses)
}
