package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/sightline-search/sightline/cache"
	"github.com/sightline-search/sightline/cache/redis"
	"github.com/sightline-search/sightline/internal/config"
)

// openCache makes the cache of texts: in this process, and in front of the shared one where there is one.
func (a *app) openCache() (cache.Cache, error) {
	near := cache.NewLRU(a.CacheSize)
	if a.Redis == "" {
		return near, nil
	}
	far, err := redis.New(redis.Options{URL: a.Redis, TTL: a.RedisTTL, MaxValue: a.RedisMaxValue, Changed: a.tellOfOutages()})
	if err != nil {
		return nil, err
	}
	return cache.NewTiered(near, far), nil
}

// tellOfOutages logs when the shared cache goes away and when it is back.
func (a *app) tellOfOutages() func(reason error) {
	out := false
	return func(reason error) {
		switch {
		case reason != nil:
			out = true
			a.log.LogAttrs(context.Background(), slog.LevelWarn, "the shared cache does not answer; searches go on without it",
				slog.String("redis", config.ShownRedis(a.Redis)), slog.String("error", reason.Error()))
		case out:
			out = false
			a.log.LogAttrs(context.Background(), slog.LevelInfo, "the shared cache answers again", slog.String("redis", config.ShownRedis(a.Redis)))
		}
	}
}

// examineWait is how long the shared cache may take to answer the doctor.
const examineWait = 3 * time.Second

// examineCache asks the shared cache. Nothing depends on it, so trouble is a warning.
func (a *app) examineCache(ctx context.Context) finding {
	f := found("cache", fmt.Sprintf("in this process, at most %d MiB of texts", a.CacheSize>>20))
	if a.Redis == "" {
		return f
	}
	ctx, cancel := context.WithTimeout(ctx, examineWait)
	defer cancel()
	shared := "shared: " + config.ShownRedis(a.Redis)
	facts, err := redis.Ask(ctx, a.Redis)
	if err != nil {
		bad := failed("cache", err)
		bad.Mark, bad.Lines = markWarn, append(append(f.Lines, shared), bad.Lines...)
		return bad
	}
	f.Lines = append(f.Lines, shared, fmt.Sprintf("Redis %s answers in %.1f ms; %s in use, %s", facts.Version,
		facts.Took.Seconds()*1000, bytesText(facts.Used), roomText(facts)))
	switch {
	case facts.Max == 0:
		f.Mark, f.Hint = markWarn, "the server has no limit of memory: give it maxmemory and maxmemory-policy allkeys-lru (volatile-lru where it hands out work, too)"
	case facts.Policy == "noeviction":
		f.Mark, f.Hint = markWarn, "a full server keeps nothing new: set maxmemory-policy allkeys-lru (volatile-lru where it hands out work, too)"
	}
	return f
}

func roomText(facts redis.Facts) string {
	if facts.Max == 0 {
		return "no limit"
	}
	return fmt.Sprintf("limit %s, %s when full", bytesText(facts.Max), facts.Policy)
}
