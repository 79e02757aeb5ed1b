// Package cachetest is the conformance suite of cache.Cache. It must not know any implementation.
package cachetest

import (
	"bytes"
	"context"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/cache"
)

// Run holds a cache to the contract. open gives an empty cache with room for at least 1 MiB; the suite closes it.
func Run(t *testing.T, open func(t *testing.T) cache.Cache) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, cache.Cache){
		"values come back":            valuesComeBack,
		"a value is replaced":         valueIsReplaced,
		"unknown keys miss":           unknownKeysMiss,
		"stats count":                 statsCount,
		"a closed cache misses":       closedCacheMisses,
		"many goroutines":             manyGoroutines,
		"an outdated context is fine": outdatedContext,
		"many keys at once":           manyKeysAtOnce,
		"nothing at once":             nothingAtOnce,
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t)
			defer func() { assert.NoError(t, c.Close()) }()
			test(t, c)
		})
	}
}

func valuesComeBack(t *testing.T, c cache.Cache) {
	big := bytes.Repeat([]byte{0, 1, 2, 255}, 50_000)
	values := map[string][]byte{"a": []byte("one"), "": []byte("no key"), "ключ 鍵 \x00\xff": {0, 255}, "empty": {}, "big": big}
	for key, value := range values {
		c.Set(t.Context(), key, value)
	}
	for key, want := range values {
		got, ok := c.Get(t.Context(), key)
		require.True(t, ok, "key %q", key)
		assert.True(t, bytes.Equal(want, got), "key %q", key)
	}
}

func valueIsReplaced(t *testing.T, c cache.Cache) {
	c.Set(t.Context(), "a", []byte("one"))
	c.Set(t.Context(), "a", []byte("three"))
	got, ok := c.Get(t.Context(), "a")
	require.True(t, ok)
	assert.Equal(t, "three", string(got))
}

func unknownKeysMiss(t *testing.T, c cache.Cache) {
	c.Set(t.Context(), "a", []byte("one"))
	_, ok := c.Get(t.Context(), "A")
	assert.False(t, ok)
}

func statsCount(t *testing.T, c cache.Cache) {
	c.Set(t.Context(), "key", []byte("value"))
	c.Get(t.Context(), "key")
	c.Get(t.Context(), "key")
	c.Get(t.Context(), "other")
	assert.Equal(t, cache.Stats{Hits: 2, Misses: 1, Entries: 1, Bytes: int64(len("key") + len("value"))}, c.Stats())
}

func closedCacheMisses(t *testing.T, c cache.Cache) {
	c.Set(t.Context(), "a", []byte("one"))
	require.NoError(t, c.Close())
	c.Set(t.Context(), "b", []byte("two"))
	for _, key := range []string{"a", "b"} {
		_, ok := c.Get(t.Context(), key)
		assert.False(t, ok, "key %q", key)
	}
}

func manyGoroutines(t *testing.T, c cache.Cache) {
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := range 500 {
				key := strconv.Itoa((g + i) % 40)
				c.Set(t.Context(), key, []byte("value of "+key))
				if value, ok := c.Get(t.Context(), key); ok {
					assert.Equal(t, "value of "+key, string(value))
				}
				c.Stats()
			}
		})
	}
	group.Wait()
}

// outdatedContext: a cache never fails, so a finished context is at most a miss.
func outdatedContext(t *testing.T, c cache.Cache) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.Set(ctx, "a", []byte("one"))
	if value, ok := c.Get(ctx, "a"); ok {
		assert.Equal(t, "one", string(value))
	}
}

func manyKeysAtOnce(t *testing.T, c cache.Cache) {
	c.Set(t.Context(), "alone", []byte("0"))
	c.SetMany(t.Context(), []cache.Entry{{Key: "a", Value: []byte("1")}, {Key: "nil"}, {Key: "b", Value: []byte("2")}, {Key: "b", Value: []byte("3")}})
	got := c.GetMany(t.Context(), []string{"b", "missing", "a", "alone", "nil", "a"})
	require.Len(t, got, 6)
	for i, want := range []string{"3", "", "1", "0", "", "1"} {
		assert.Equal(t, want, string(got[i]), "place %d", i)
	}
	assert.Nil(t, got[1], "a miss")
	assert.NotNil(t, got[4], "a value without bytes is a value")
	stats := c.Stats()
	assert.EqualValues(t, 5, stats.Hits)
	assert.EqualValues(t, 1, stats.Misses)
}

func nothingAtOnce(t *testing.T, c cache.Cache) {
	c.SetMany(t.Context(), nil)
	assert.Empty(t, c.GetMany(t.Context(), nil))
}
