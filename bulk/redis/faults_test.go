package redis_test

import (
	"context"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bulk"
	"github.com/sightline-search/sightline/bulk/redis"
	"github.com/sightline-search/sightline/internal/redistest"
)

// slowly is work that tells of every batch before it does it, and waits for the answer.
type slowly struct {
	*files
	begun chan chan struct{}
}

func (s *slowly) Encode(ctx context.Context, items []bulk.Item) ([]bulk.Failure, error) {
	goOn := make(chan struct{})
	select {
	case s.begun <- goOn:
		<-goOn
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return s.files.Encode(ctx, items)
}

func TestAJobSurvivesAServerThatLosesEverything(t *testing.T) {
	server := redistest.Start(t)
	o := options(t, server.Address)
	o.Lease, o.Ready = time.Second, 4
	work := &slowly{files: &files{dir: t.TempDir(), images: 120, bad: 50}, begun: make(chan chan struct{})}
	var group errgroup.Group
	for range 2 {
		q := open(t, o)
		defer q.Close()
		group.Go(func() error {
			_, err := bulk.Run(t.Context(), work, q, bulk.Options{Batch: 5, Beat: 50 * time.Millisecond})
			return err
		})
	}
	ended := make(chan error, 1)
	go func() { ended <- group.Wait() }()
	for n := 0; ; n++ {
		select {
		case goOn := <-work.begun:
			if n == 5 || n == 12 { // while batches are held and others lie ready
				server.Kill()
				server.Restart()
			}
			close(goOn)
			continue
		case err := <-ended:
			require.NoError(t, err)
		}
		break
	}
	done, _, err := work.Count(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 120-3, done)
}

func TestWhoeverLeavesDoesNotWaitForAnAbsentServer(t *testing.T) {
	server := redistest.Start(t)
	q := open(t, options(t, server.Address))
	server.Kill()
	ctx, cancel := context.WithCancel(t.Context())
	taken := make(chan error, 1)
	go func() {
		_, err := q.Take(ctx)
		taken <- err
	}()
	cancel()
	require.ErrorIs(t, <-taken, context.Canceled)
	require.NoError(t, q.Close())
}

func TestAFullServerIsNamedAndHoldsNoHalfBatch(t *testing.T) {
	server := redistest.Start(t, "--maxmemory-policy", "noeviction")
	q := open(t, options(t, server.Address))
	defer q.Close()
	_, err := q.Lead(t.Context())
	require.NoError(t, err)
	raw := client.NewClient(&client.Options{Addr: server.Address})
	defer raw.Close()
	require.NoError(t, raw.ConfigSet(t.Context(), "maxmemory", "1").Err())
	b := bulk.Batch{Items: []bulk.Item{{ID: "a"}}}
	_, err = q.Offer(t.Context(), b)
	require.ErrorContains(t, err, "memory")
	assert.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(err))
	p, err := q.Progress(t.Context())
	require.NoError(t, err)
	assert.Zero(t, p)

	require.NoError(t, raw.ConfigSet(t.Context(), "maxmemory", "0").Err())
	added, err := q.Offer(t.Context(), b)
	require.NoError(t, err)
	assert.True(t, added)
}

func TestAModelIsRefusedWhileAnotherOneIsAtWork(t *testing.T) {
	o := options(t, redistest.Address(t))
	q := open(t, o)
	defer q.Close()
	leading, err := q.Lead(t.Context())
	require.NoError(t, err)
	require.True(t, leading)

	foreign := o
	foreign.Scoring = "another"
	_, err = redis.Open(t.Context(), foreign)
	require.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(err))
	same := open(t, o)
	require.NoError(t, same.Close())

	require.NoError(t, q.Close()) // nobody is at work any more
	taken := open(t, foreign)
	defer taken.Close()
	leading, err = taken.Lead(t.Context())
	require.NoError(t, err)
	assert.True(t, leading)
	_, err = redis.Open(t.Context(), o)
	assert.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(err))
}

func TestWhoSleptWhileItsJobWasReplacedIsTold(t *testing.T) {
	o := options(t, redistest.Address(t))
	asleep := open(t, o)
	defer asleep.Close()
	o.Feature = "another"
	next := open(t, o)
	defer next.Close()
	_, err := asleep.Take(t.Context())
	assert.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(err))
	leading, err := asleep.Lead(t.Context())
	require.NoError(t, err)
	assert.False(t, leading)
	leading, err = next.Lead(t.Context())
	require.NoError(t, err)
	assert.True(t, leading)
}

func TestAFinishedJobLeavesNothingForGood(t *testing.T) {
	address := redistest.Start(t).Address
	o := options(t, address)
	q := open(t, o)
	_, err := q.Lead(t.Context())
	require.NoError(t, err)
	added, err := q.Offer(t.Context(), bulk.Batch{Items: []bulk.Item{{ID: "a"}}})
	require.NoError(t, err)
	require.True(t, added)
	b, err := q.Take(t.Context())
	require.NoError(t, err)
	require.NoError(t, q.Done(t.Context(), b, []bulk.Failure{{ID: "a"}}))
	require.NoError(t, q.Finish(t.Context()))
	require.NoError(t, q.Close())

	raw := client.NewClient(&client.Options{Addr: address})
	defer raw.Close()
	keys, err := raw.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.NotEmpty(t, keys)
	for _, key := range keys {
		left, err := raw.TTL(t.Context(), key).Result()
		require.NoError(t, err)
		assert.Positive(t, left, key)
	}
	require.NoError(t, raw.FlushAll(t.Context()).Err()) // as when that time is over
	_, err = q.Take(t.Context())
	require.Error(t, err, "a closed queue does not wait for its server")
}

func TestAServerThatCannotBeUsedIsNamed(t *testing.T) {
	gone := redistest.Start(t)
	gone.Kill()
	locked := redistest.Start(t, "--requirepass", "hunter2")
	for name, tc := range map[string]struct {
		url  string
		code sightline.Code
	}{
		"no address":     {"hunter2@nowhere", sightline.CodeInvalid},
		"not there":      {"redis://" + gone.Address, sightline.CodeUnavailable},
		"wrong password": {"redis://:wrong-hunter2@" + locked.Address, sightline.CodeUnavailable},
	} {
		_, err := redis.Open(t.Context(), redis.Options{URL: tc.url, Job: "job"})
		require.Error(t, err, name)
		assert.Equal(t, tc.code, sightline.CodeOf(err), name)
		assert.NotContains(t, err.Error(), "hunter2", name)
	}
}

func TestGarbageInTheQueueIsNamed(t *testing.T) {
	address := redistest.Address(t)
	raw := client.NewClient(&client.Options{Addr: address})
	defer raw.Close()
	for name, value := range map[string]string{"noise": "\xff{", "nothing": "[]", "another thing": `{"id": 1}`} {
		o := options(t, address)
		q := open(t, o)
		stream := "sightline:bulk:1:{" + o.Job + "}:1:batches"
		require.NoError(t, raw.XAdd(t.Context(), &client.XAddArgs{Stream: stream, Values: []string{"batch", value}}).Err())
		_, err := q.Take(t.Context())
		require.Error(t, err, name)
		assert.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(err), name)
		require.NoError(t, q.Close())
	}
}
