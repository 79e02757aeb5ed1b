package redis

import (
	"context"
	"fmt"
	"time"

	"github.com/sightline-search/sightline"
)

// Facts are what a server says of itself.
type Facts struct {
	Version   string
	Used, Max int64         // bytes; Max 0 is no limit
	Policy    string        // what it does when it is full, such as allkeys-lru or noeviction
	Took      time.Duration // of one small answer
}

// Ask connects to the server and asks who it is.
func Ask(ctx context.Context, url string) (Facts, error) {
	client, err := newClient(url)
	if err != nil {
		return Facts{}, err
	}
	defer client.Close()
	if err := client.Ping(ctx).Err(); err != nil {
		return Facts{}, sightline.Errorf(sightline.CodeUnavailable, "the server does not answer: %w", err).WithParam("redis").
			WithHint("start it, or correct --redis; without it texts are cached in this process only")
	}
	began := time.Now()
	info, err := client.InfoMap(ctx, "server", "memory").Result()
	if err != nil {
		return Facts{}, sightline.Errorf(sightline.CodeUnavailable, "the server answers, but not what it is: %w", err).WithParam("redis").
			WithHint("give the user the right to use INFO")
	}
	f := Facts{Version: info["Server"]["redis_version"], Policy: info["Memory"]["maxmemory_policy"], Took: time.Since(began)}
	if _, err := fmt.Sscan(info["Memory"]["used_memory"]+" "+info["Memory"]["maxmemory"], &f.Used, &f.Max); err != nil {
		return Facts{}, sightline.Errorf(sightline.CodeUnavailable, "the server's INFO is not that of a Redis server: %w", err).WithParam("redis")
	}
	return f, nil
}
