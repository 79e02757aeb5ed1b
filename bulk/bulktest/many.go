package bulktest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/bulk"
)

// patience is how long the suite waits for a lease to run out, at most.
const patience = time.Minute

func oneLeads(t *testing.T, join Join) {
	first, second := join.lead(t), join.join(t)
	leading, err := second.Lead(t.Context())
	require.NoError(t, err)
	require.False(t, leading)
	added, err := second.Offer(t.Context(), batch(0))
	require.ErrorIs(t, err, bulk.ErrNotLeading)
	require.False(t, added)
	require.ErrorIs(t, second.Finish(t.Context()), bulk.ErrNotLeading)
	require.Equal(t, bulk.Progress{}, progress(t, second))
	offer(t, first, 0)
	require.Equal(t, batch(0).Items, take(t, second).Items, "whoever does not lead works")
}

// followed waits until a queue leads.
func followed(t *testing.T, q bulk.Queue) {
	t.Helper()
	require.Eventually(t, func() bool {
		leading, err := q.Lead(t.Context())
		return err == nil && leading
	}, patience, 10*time.Millisecond)
}

func deadLeader(t *testing.T, join Join) {
	dead, next := join.lead(t), join.join(t)
	offer(t, dead, 0)
	followed(t, next)
	last, err := next.Offered(t.Context())
	require.NoError(t, err)
	require.Equal(t, batch(0).Last(), last, "it goes on where the first one stopped")
	offer(t, next, 1)
	_, err = dead.Offer(t.Context(), batch(1))
	require.ErrorIs(t, err, bulk.ErrNotLeading, "it was only asleep")
	leading, err := dead.Lead(t.Context())
	require.NoError(t, err)
	require.False(t, leading)
	require.Equal(t, bulk.Progress{Offered: 4}, progress(t, dead))
}

func closedLeader(t *testing.T, join Join) {
	first, next := join(t), join.join(t)
	leading, err := first.Lead(t.Context())
	require.NoError(t, err)
	require.True(t, leading)
	offer(t, first, 0)
	require.NoError(t, first.Close())
	leading, err = next.Lead(t.Context())
	require.NoError(t, err)
	require.True(t, leading, "at once")
}

func deadWorker(t *testing.T, join Join) {
	dead, alive := join.lead(t), join.join(t)
	offer(t, dead, 0, 1)
	lost := take(t, dead)
	require.NoError(t, alive.Done(t.Context(), take(t, alive), nil))
	again := take(t, alive) // waits for the lease to run out
	require.Equal(t, lost.Items, again.Items)
	require.NoError(t, alive.Done(t.Context(), again, nil))
	require.NoError(t, dead.Keep(t.Context(), lost), "it was only asleep")
	require.NoError(t, dead.Done(t.Context(), lost, []bulk.Failure{{ID: lost.Last()}}))
	require.Equal(t, bulk.Progress{Offered: 4, Done: 4}, progress(t, alive))
	list, err := alive.Failures(t.Context())
	require.NoError(t, err)
	require.Empty(t, list, "the first Done counts")
}

// kept: a worker that says that it is at it keeps its batch, however long that is; one that does not loses it.
func kept(t *testing.T, join Join) {
	slow, dead, waiting := join.lead(t), join.join(t), join.join(t)
	offer(t, slow, 0, 1)
	mine, lost := take(t, slow), take(t, dead)
	done := make(chan bulk.Batch)
	go func() {
		b, _ := waiting.Take(t.Context()) // an error shows as a batch without items
		done <- b
	}()
	for {
		select {
		case b := <-done:
			require.Equal(t, lost.Items, b.Items)
			require.NotEqual(t, mine.Items, b.Items)
			return
		case <-time.After(time.Millisecond):
			require.NoError(t, slow.Keep(t.Context(), mine))
		}
	}
}

func begunAnew(t *testing.T, join Join) {
	first := join.lead(t)
	offer(t, first, 0)
	b := take(t, first)
	require.NoError(t, first.Done(t.Context(), b, []bulk.Failure{{ID: b.Last()}}))
	require.NoError(t, first.Finish(t.Context()))
	_, err := first.Take(t.Context())
	require.ErrorIs(t, err, bulk.ErrFinished)

	second := join.join(t)
	followed(t, second)
	require.Equal(t, bulk.Progress{}, progress(t, second))
	last, err := second.Offered(t.Context())
	require.NoError(t, err)
	require.Empty(t, last)
	offer(t, second, 0)
	require.Equal(t, batch(0).Items, take(t, second).Items)
	_, err = first.Take(t.Context())
	require.ErrorIs(t, err, bulk.ErrFinished, "whoever was part of the first job knows that it is over")
	list, err := first.Failures(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
}
