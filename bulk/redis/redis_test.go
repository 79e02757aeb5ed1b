package redis_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/bulk"
	"github.com/sightline-search/sightline/bulk/bulktest"
	"github.com/sightline-search/sightline/bulk/redis"
	"github.com/sightline-search/sightline/internal/redistest"
)

var jobs atomic.Int64

// options are those of a job that no other test has, and that leaves nothing on a server which goes on.
func options(t *testing.T, address string) redis.Options {
	t.Helper()
	o := redis.Options{
		URL: "redis://" + address, Job: fmt.Sprintf("test %d %d", time.Now().UnixNano(), jobs.Add(1)),
		Feature: "feature", Scoring: "scoring",
	}
	t.Cleanup(func() {
		raw := client.NewClient(&client.Options{Addr: address, MaxRetries: -1, DialerRetries: 1})
		defer raw.Close()
		keys := raw.Scan(context.Background(), 0, "sightline:bulk:1:{"+o.Job+"}:*", 1000).Iterator()
		for keys.Next(context.Background()) {
			raw.Del(context.Background(), keys.Val())
		}
	})
	return o
}

func open(t *testing.T, o redis.Options) *redis.Queue {
	t.Helper()
	q, err := redis.Open(t.Context(), o)
	require.NoError(t, err)
	return q
}

func fresh(address string, lease time.Duration) func(*testing.T) bulktest.Join {
	return func(t *testing.T) bulktest.Join {
		t.Helper()
		o := options(t, address)
		o.Lease = lease
		return func(t *testing.T) bulk.Queue { return open(t, o) }
	}
}

func TestConformance(t *testing.T) {
	bulktest.Run(t, fresh(redistest.Address(t), time.Minute))
}

func TestConformanceOfManyProcesses(t *testing.T) {
	bulktest.RunMany(t, fresh(redistest.Address(t), time.Second))
}
