package index

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
)

// busy takes all places of a gate until it is told to leave.
func busy(t *testing.T, g *gate) (leave func()) {
	t.Helper()
	in, out := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	for range g.places {
		all.Go(func() {
			var wait float64
			assert.NoError(t, g.do(t.Context(), &wait, func() error {
				in <- struct{}{}
				<-out
				return nil
			}))
		})
		<-in
	}
	return func() {
		close(out)
		all.Wait()
	}
}

// arrived waits until so many wait at the gate.
func arrived(t *testing.T, g *gate, n int64) {
	t.Helper()
	require.Eventually(t, func() bool { return g.waiting.Load() == n }, time.Minute, time.Millisecond)
}

func TestNoMoreComputeThanThereArePlaces(t *testing.T) {
	g := newGate(3)
	var mu sync.Mutex
	inside, most := 0, 0
	count := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		inside += by
		most = max(most, inside)
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			var wait float64
			assert.NoError(t, g.do(t.Context(), &wait, func() error {
				count(+1)
				defer count(-1)
				return nil
			}))
		})
	}
	all.Wait()
	assert.LessOrEqual(t, most, 3)
}

func TestAClientThatGoesAwayLeavesTheQueue(t *testing.T) {
	g := newGate(2)
	leave := busy(t, g)
	gone := errors.New("the client went away")
	ctx, cancel := context.WithCancelCause(t.Context())
	answer := make(chan error, 1)
	go func() {
		var wait float64
		answer <- g.do(ctx, &wait, func() error {
			assert.Fail(t, "nobody waits for this any more")
			return nil
		})
	}()
	arrived(t, g, 1)
	cancel(gone)
	require.ErrorIs(t, <-answer, gone)
	arrived(t, g, 0)
	leave()
	var wait float64
	require.NoError(t, g.do(t.Context(), &wait, func() error { return nil }), "both places are free again")
}

func TestAnErrorFreesThePlace(t *testing.T) {
	g := newGate(1)
	bad := errors.New("bad")
	var wait float64
	for range 3 {
		require.ErrorIs(t, g.do(t.Context(), &wait, func() error { return bad }), bad)
	}
}

func TestMoreThanMayWaitAreSentAway(t *testing.T) {
	g := newGate(1)
	leave := busy(t, g)
	defer leave()
	g.waiting.Add(maxWaiting + 1)
	var wait float64
	err := g.do(t.Context(), &wait, func() error { return nil })
	require.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(err))
	require.ErrorContains(t, err, "1024")
}

func TestCandidatesAreSpreadOverThePlaces(t *testing.T) {
	for _, tc := range []struct{ n, places, want int }{
		{200, 2, 100}, {200, 1, 200}, {201, 2, 101}, {200, 16, leastBatch}, {10, 4, leastBatch}, {10_000, 4, scoreBatch}, {0, 2, leastBatch},
	} {
		assert.Equal(t, tc.want, batchSize(tc.n, tc.places), "%d candidates, %d places", tc.n, tc.places)
	}
}

func TestTimesOfStepsBesideEachOtherAddUpToWhatPassed(t *testing.T) {
	took := Timing{Fetch: 1}
	took.share(20*time.Millisecond, []Timing{{Wait: 10, Fetch: 5, Decode: 5}, {Fetch: 5, Decode: 15}})
	assert.InDelta(t, 5, took.Wait, 1e-9)
	assert.InDelta(t, 1+5, took.Fetch, 1e-9)
	assert.InDelta(t, 10, took.Decode, 1e-9)
	took.share(time.Millisecond, []Timing{{}})
	assert.InDelta(t, 5, took.Wait, 1e-9, "nothing was measured, nothing is spread")
}
