package redis_test

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/cache"
	"github.com/sightline-search/sightline/cache/redis"
	"github.com/sightline-search/sightline/internal/redistest"
)

// quick has a budget that an outage uses up without keeping the test waiting.
func quick(o *redis.Options) { o.Budget = 100 * time.Millisecond }

func TestAKilledServerIsMissedAndFoundAgain(t *testing.T) {
	server := redistest.Start(t)
	c := open(t, server.Address).ready(t)
	for range 3 {
		c.Set(t.Context(), "a", []byte("one"))
		value, ok := c.Get(t.Context(), "a")
		require.True(t, ok)
		assert.Equal(t, "one", string(value))

		server.Kill()
		c.away(t)
		assert.Positive(t, c.Stats().Errors)
		server.Restart()
		c.ready(t)
		_, ok = c.Get(t.Context(), "never set")
		assert.False(t, ok)
	}
	c.Set(t.Context(), "b", []byte("two"))
	c.flush(t)
	value, ok := c.twin(t).Get(t.Context(), "b")
	assert.True(t, ok, "it is written to the server that came back")
	assert.Equal(t, "two", string(value))
}

func TestASlowServerIsNotAskedUntilItIsQuickAgain(t *testing.T) {
	server := redistest.Start(t)
	c := open(t, server.Address, quick).ready(t)
	server.Pause()
	c.away(t)
	errors := c.Stats().Errors
	const searches = 20_000 // with a budget each they would take half an hour
	for i := range searches {
		_, ok := c.Get(t.Context(), fmt.Sprint(i))
		require.False(t, ok)
	}
	assert.Equal(t, errors+searches, c.Stats().Errors, "each is counted")
	c.Set(t.Context(), "a", []byte("one"))
	value, ok := c.Get(t.Context(), "a")
	assert.True(t, ok, "what waits to be written is found")
	assert.Equal(t, "one", string(value))

	server.Resume()
	c.ready(t)
	c.flush(t)
	other := open(t, server.Address, func(o *redis.Options) { o.Namespace = c.options.Namespace }).ready(t)
	_, ok = other.Get(t.Context(), "a")
	assert.True(t, ok, "it was written when the server answered again")
}

func TestClosingDoesNotWaitForASlowServer(t *testing.T) {
	server := redistest.Start(t)
	c := open(t, server.Address).ready(t) // a budget of many seconds, which closing must not wait for
	server.Pause()
	c.Set(t.Context(), "a", []byte("one"))
	require.NoError(t, c.Close())
	server.Resume()
}

func TestAFullServerIsStillReadFrom(t *testing.T) {
	server := redistest.Start(t, "--maxmemory-policy", "noeviction")
	before := open(t, server.Address).ready(t)
	before.Set(t.Context(), "old", []byte("one"))
	before.flush(t)
	raw := client.NewClient(&client.Options{Addr: server.Address})
	defer raw.Close()
	require.NoError(t, raw.ConfigSet(t.Context(), "maxmemory", "1").Err())

	c := before.twin(t)
	for i := range 10 {
		c.Set(t.Context(), fmt.Sprint("new", i), []byte("two"))
	}
	value, ok := c.Get(t.Context(), "old")
	assert.True(t, ok)
	assert.Equal(t, "one", string(value))
	c.flush(t)
	assert.Positive(t, c.Stats().Errors, "what could not be kept is counted")
	assert.Zero(t, c.Stats().Entries)
	assert.Empty(t, c.changes, "a full server answers")

	require.NoError(t, raw.ConfigSet(t.Context(), "maxmemory", "0").Err())
	after := before.twin(t)
	after.Set(t.Context(), "new0", []byte("three"))
	after.flush(t)
	value, ok = before.twin(t).Get(t.Context(), "new0")
	assert.True(t, ok)
	assert.Equal(t, "three", string(value))
}

func TestGarbageUnderOurKeysIsAMiss(t *testing.T) {
	server := redistest.Start(t)
	raw := client.NewClient(&client.Options{Addr: server.Address})
	defer raw.Close()
	c := open(t, server.Address).ready(t)
	c.Set(t.Context(), "a", []byte("the value of a"))
	c.Set(t.Context(), "b", []byte("the value of b"))
	c.flush(t)
	key := func(name string) string { return c.options.Namespace + "sightline:cache:1:" + name }
	frame, err := raw.Get(t.Context(), key("a")).Result()
	require.NoError(t, err)
	other, err := raw.Get(t.Context(), key("b")).Result()
	require.NoError(t, err)

	garbage := map[string]string{
		"text": "hello", "of another key": other, "a byte too much": frame + "x", "huge": strings.Repeat("x", 20<<20),
		"only the beginning": frame[:4], "zeros": strings.Repeat("\x00", len(frame)), "of another layout": "SLC2" + frame[4:],
	}
	for i := range frame {
		garbage[fmt.Sprint("byte ", i, " flipped")] = frame[:i] + string([]byte{frame[i] ^ 1}) + frame[i+1:]
		if i > 0 {
			garbage[fmt.Sprint("cut at ", i)] = frame[:i]
		}
	}
	reader := c.twin(t)
	for name, value := range garbage {
		require.NoError(t, raw.Set(t.Context(), key("a"), value, 0).Err())
		corrupt := reader.Stats().Corrupt
		_, ok := reader.Get(t.Context(), "a")
		assert.False(t, ok, name)
		assert.Equal(t, corrupt+1, reader.Stats().Corrupt, name)
	}
	for name, put := range map[string]func() error{
		"a list": func() error { return raw.RPush(t.Context(), key("a"), "x").Err() },
		"a hash": func() error { return raw.HSet(t.Context(), key("a"), "x", "y").Err() },
	} {
		require.NoError(t, raw.Del(t.Context(), key("a")).Err())
		require.NoError(t, put())
		values := reader.GetMany(t.Context(), []string{"a", "b"})
		assert.Nil(t, values[0], name)
		assert.Equal(t, "the value of b", string(values[1]), "its neighbour is not affected by %s", name)
	}
	assert.Zero(t, reader.Stats().Errors, "garbage is no outage")

	reader.Set(t.Context(), "a", []byte("the value of a"))
	reader.flush(t)
	value, ok := c.twin(t).Get(t.Context(), "a")
	assert.True(t, ok, "a new value replaces garbage of any type")
	assert.Equal(t, "the value of a", string(value))
}

func TestALargerValueOfAnotherServerIsNoGarbage(t *testing.T) {
	address := redistest.Address(t)
	a := open(t, address).ready(t)
	a.Set(t.Context(), "large", make([]byte, 5000))
	a.flush(t)
	b := open(t, address, func(o *redis.Options) { o.Namespace, o.MaxValue = a.options.Namespace, 1000 }).ready(t)
	_, ok := b.Get(t.Context(), "large")
	assert.False(t, ok)
	assert.Zero(t, b.Stats().Corrupt)
}

func TestWhatIsNoRedisServerIsAMiss(t *testing.T) {
	for name, answer := range map[string]string{"silent": "", "http": "HTTP/1.1 400 Bad Request\r\n\r\n", "noise": "\x00\xff\r\n$-7\r\n*9999999999\r\n"} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer listener.Close()
			go func() {
				for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
					_, _ = conn.Write([]byte(answer))
					if answer != "" {
						conn.Close()
					}
				}
			}()
			c := open(t, listener.Addr().String(), quick)
			_, ok := c.Get(t.Context(), "a")
			assert.False(t, ok)
			c.Set(t.Context(), "a", []byte("one"))
			require.NoError(t, c.Close())
			assert.Positive(t, c.Stats().Errors)
		})
	}
}

func TestWhatWaitsForAnAbsentServerIsBounded(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	c := open(t, server.Address)
	for i := range 100 {
		c.Set(t.Context(), fmt.Sprint(i), make([]byte, maxValue))
	}
	assert.LessOrEqual(t, c.Stats().Bytes, int64(8<<20))
	assert.Positive(t, c.Stats().Errors)
}

func TestValuesAreRightWhileTheServerComesAndGoes(t *testing.T) {
	server := redistest.Start(t)
	c := open(t, server.Address, quick).ready(t)
	stop := make(chan struct{})
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				keys := []string{fmt.Sprint("key ", i%50), fmt.Sprint("key ", (i+g)%50)}
				for j, value := range c.GetMany(t.Context(), keys) {
					if value != nil {
						assert.Equal(t, "value of "+keys[j], string(value))
					}
				}
				c.SetMany(t.Context(), []cache.Entry{{Key: keys[0], Value: []byte("value of " + keys[0])}})
			}
		})
	}
	for range 3 {
		server.Kill()
		for reason := range c.changes {
			if reason != nil {
				break
			}
		}
		server.Restart()
		c.ready(t)
	}
	close(stop)
	group.Wait()
	assert.Zero(t, c.Stats().Corrupt)
}
