package redis_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/bulk"
	"github.com/sightline-search/sightline/bulk/bulktest"
	"github.com/sightline-search/sightline/bulk/redis"
	"github.com/sightline-search/sightline/internal/redistest"
)

var jobs atomic.Int64

// options are those of a job that no other test has.
func options(address string) redis.Options {
	return redis.Options{
		URL: "redis://" + address, Job: fmt.Sprintf("test %d %d", time.Now().UnixNano(), jobs.Add(1)),
		Feature: "feature", Scoring: "scoring",
	}
}

func open(t *testing.T, o redis.Options) *redis.Queue {
	t.Helper()
	q, err := redis.Open(t.Context(), o)
	require.NoError(t, err)
	return q
}

func fresh(address string, lease time.Duration) func(*testing.T) bulktest.Join {
	return func(*testing.T) bulktest.Join {
		o := options(address)
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
