package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/internal/redistest"
)

// cacheStats reads the counts of a server's cache.
func (s *serving) cacheStats(t *testing.T) map[string]any {
	t.Helper()
	status, body := fetch(t, s.base+"/v1/stats")
	require.Equal(t, 200, status, body)
	return parse(t, body)["cache"].(map[string]any)
}

func TestServersShareTheirTextsAndSurviveTheCache(t *testing.T) {
	server := redistest.Start(t, "--requirepass", "hunter2")
	p := newPlace(t)
	p.must(exitDone, "index", photographs(t, 3))
	p.env = append(p.env, "SIGHTLINE_REDIS=redis://:hunter2@"+server.Address)
	words := url.Values{"q": {"an animal in the morning mist"}}

	first := p.serve("--listen", "127.0.0.1:0")
	want := first.search(t, words)
	require.Zero(t, first.stop(t, os.Interrupt), "stopping writes what waits")
	client := redis.NewClient(&redis.Options{Addr: server.Address, Password: "hunter2"})
	defer client.Close()
	keys, err := client.Keys(t.Context(), "sightline:cache:1:text:1:*").Result()
	require.NoError(t, err)
	assert.NotEmpty(t, keys)
	assert.NotContains(t, strings.Join(keys, " "), "mist", "what people search for is theirs")

	var second *serving
	for hits := 0.0; hits == 0; { // on a busy machine its first search may come before the cache answers
		if second != nil {
			second.stop(t, os.Interrupt)
		}
		second = p.serve("--listen", "127.0.0.1:0")
		assert.Equal(t, want["results"], second.search(t, words)["results"])
		hits = second.cacheStats(t)["hits"].(float64)
	}
	server.Kill()
	for _, q := range []string{"one", "two", "three", "four"} {
		second.search(t, url.Values{"q": {"an animal number " + q}})
	}
	assert.Positive(t, second.cacheStats(t)["errors"])
	require.Zero(t, second.stop(t, os.Interrupt))
	assert.Contains(t, second.rest.String(), "the shared cache does not answer")
	assert.NotContains(t, second.rest.String(), "hunter2")
}

func TestDoctorNamesTheCacheAndTellsWhetherItAnswers(t *testing.T) {
	server := redistest.Start(t, "--requirepass", "hunter2", "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
	p := newPlace(t)
	p.must(exitDone, "index", photographs(t, 1))
	p.env = append(p.env, "SIGHTLINE_REDIS=redis://:hunter2@"+server.Address)
	cache := func() map[string]any {
		doctor := p.json(exitDone, "doctor")
		assert.NotContains(t, doctor, "hunter2")
		return findingOf(t, doctor, "cache")
	}
	lines := func(finding map[string]any) string { return fmt.Sprint(finding["lines"].([]any)...) }
	good := cache()
	assert.Equal(t, "ok", good["mark"])
	assert.Contains(t, lines(good), "redis://(hidden)@"+server.Address)
	assert.Regexp(t, `Redis \d+\.\d+\.\d+ answers in .* limit 104\.9 MB, allkeys-lru when full`, lines(good))
	text := p.must(exitDone, "doctor").stdout
	assert.NotContains(t, text, "hunter2")
	assert.Contains(t, text, "redis = redis://(hidden)@"+server.Address+" (SIGHTLINE_REDIS)")

	client := redis.NewClient(&redis.Options{Addr: server.Address, Password: "hunter2"})
	defer client.Close()
	for limit, hint := range map[string]string{"0": "no limit of memory", "100mb": "a full server keeps nothing new"} {
		require.NoError(t, client.ConfigSet(t.Context(), "maxmemory", limit).Err())
		require.NoError(t, client.ConfigSet(t.Context(), "maxmemory-policy", "noeviction").Err())
		warned := cache()
		assert.Equal(t, "warn", warned["mark"])
		assert.Contains(t, warned["hint"], hint)
	}

	server.Kill()
	gone := cache()
	assert.Equal(t, "warn", gone["mark"], "everything works without it")
	assert.Equal(t, "unavailable", gone["code"])
	assert.Contains(t, lines(gone), "does not answer")
}
