package redis_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/cache"
	"github.com/sightline-search/sightline/cache/cachetest"
	"github.com/sightline-search/sightline/cache/redis"
	"github.com/sightline-search/sightline/internal/redistest"
)

const maxValue = 1 << 20

var namespaces atomic.Int64

// opened is a cache with the reports of whether its server answers.
type opened struct {
	*redis.Cache
	changes chan error
	options redis.Options
}

// open makes a cache on the server whose budget no busy machine exceeds.
func open(tb testing.TB, address string, change ...func(*redis.Options)) *opened {
	tb.Helper()
	o := &opened{changes: make(chan error, 100)}
	o.options = redis.Options{
		URL: "redis://" + address, TTL: time.Hour, MaxValue: maxValue, Budget: 20 * time.Second, Retry: 5 * time.Millisecond,
		Namespace: fmt.Sprintf("test-%d-%d:", time.Now().UnixNano(), namespaces.Add(1)),
		Changed:   func(reason error) { o.changes <- reason },
	}
	for _, f := range change {
		f(&o.options)
	}
	var err error
	o.Cache, err = redis.New(o.options)
	require.NoError(tb, err)
	tb.Cleanup(func() { assert.NoError(tb, o.Close()) })
	return o
}

// ready waits until the server answers the cache.
func (o *opened) ready(tb testing.TB) *opened {
	tb.Helper()
	for reason := range o.changes {
		if reason == nil {
			return o
		}
	}
	return o
}

// away waits until the cache has noticed that the server does not answer, asking as searches do.
func (o *opened) away(tb testing.TB) {
	tb.Helper()
	for i := 0; ; i++ {
		select {
		case reason := <-o.changes:
			if reason != nil {
				return
			}
		default:
			_, ok := o.Get(tb.Context(), fmt.Sprintf("never set %d", i))
			require.False(tb, ok)
		}
	}
}

// twin is another process's view of the same cache.
func (o *opened) twin(tb testing.TB) *opened {
	tb.Helper()
	return open(tb, "", func(other *redis.Options) {
		changed := other.Changed
		*other = o.options
		other.Changed = changed
	}).ready(tb)
}

// flush waits until what was set is on the server.
func (o *opened) flush(tb testing.TB) {
	tb.Helper()
	require.NoError(tb, o.Close())
}

func TestConformance(t *testing.T) {
	address := redistest.Address(t)
	cachetest.Run(t, func(t *testing.T) cache.Cache { return open(t, address).ready(t) })
}

func TestConformanceBehindAnInProcessCache(t *testing.T) {
	address := redistest.Address(t)
	cachetest.Run(t, func(t *testing.T) cache.Cache { return cache.NewTiered(cache.NewLRU(4<<20), open(t, address).ready(t)) })
}

func TestConformanceOfTheInProcessCacheWhereNoServerIs(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	cachetest.Run(t, func(t *testing.T) cache.Cache {
		far := open(t, server.Address)
		return &withoutErrors{cache.NewTiered(cache.NewLRU(4<<20), far)}
	})
}

// withoutErrors leaves out the count that an absent server gives.
type withoutErrors struct{ cache.Cache }

func (c *withoutErrors) Stats() cache.Stats {
	s := c.Cache.Stats()
	s.Errors = 0
	return s
}

func TestAnotherProcessFindsWhatThisOneSet(t *testing.T) {
	address := redistest.Address(t)
	a := open(t, address).ready(t)
	a.SetMany(t.Context(), []cache.Entry{{Key: "a", Value: []byte("one")}, {Key: "empty"}, {Key: "large", Value: make([]byte, maxValue)}, {Key: "too large", Value: make([]byte, maxValue+1)}})
	a.flush(t)

	b := a.twin(t)
	got := b.GetMany(t.Context(), []string{"a", "empty", "large", "too large", "never set"})
	assert.Equal(t, "one", string(got[0]))
	assert.NotNil(t, got[1])
	assert.Len(t, got[2], maxValue)
	assert.Nil(t, got[3], "over the limit of a value")
	assert.Nil(t, got[4])
	assert.Equal(t, cache.Stats{Hits: 3, Misses: 2}, b.Stats())
}

func TestAKeyOfAnotherNamespaceIsNotFound(t *testing.T) {
	address := redistest.Address(t)
	a := open(t, address).ready(t)
	a.Set(t.Context(), "a", []byte("one"))
	a.flush(t)
	_, ok := open(t, address).ready(t).Get(t.Context(), "a")
	assert.False(t, ok)
}

func TestValuesExpire(t *testing.T) {
	address := redistest.Address(t)
	raw := client.NewClient(&client.Options{Addr: address})
	defer raw.Close()
	for _, tc := range []struct {
		ttl     time.Duration
		expires bool
	}{{time.Hour, true}, {0, false}} {
		a := open(t, address, func(o *redis.Options) { o.TTL = tc.ttl }).ready(t)
		a.Set(t.Context(), "a", []byte("one"))
		a.flush(t)
		left, err := raw.TTL(t.Context(), a.options.Namespace+"sightline:cache:1:a").Result()
		require.NoError(t, err)
		assert.Equal(t, tc.expires, left > 0, "%s left of %s", left, tc.ttl)
		assert.LessOrEqual(t, left, tc.ttl)
	}
}

func TestABadAddressIsRefusedWithoutThePassword(t *testing.T) {
	for _, url := range []string{"", "localhost:6379", "http://u:hunter2@h", "redis://u:hunter2@h:port", "redis://u:hunter2@h/one", "redis://u:hunter2@h?x=1", "redis://u:hunter2@%zz"} {
		_, err := redis.New(redis.Options{URL: url})
		require.Error(t, err, url)
		assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err))
		assert.NotContains(t, err.Error(), "hunter2")
	}
}
