package redis

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bulk"
)

// forgetAfter is how long the server keeps what is over: as long as a process may have slept that still wants to know.
const forgetAfter = time.Hour

// join finds the run that is under way, or begins one.
func (q *Queue) join(ctx context.Context) error {
	for number := 0; ; {
		now, next := keysOf(q.options.Job, number), keysOf(q.options.Job, number+1)
		answer, err := q.call(ctx, joinScript, []string{now.run, now.state, now.leader, next.state, next.batches, next.failures, next.leader},
			number, string(q.options.Feature), string(q.options.Scoring), forgetAfter.Milliseconds())
		if err != nil {
			return err
		}
		switch found := numberOf(answer); word(answer) {
		case moved:
			number = found
		case other:
			return sightline.Errorf(sightline.CodeIndexMismatch, "a job with another model (%.12s) works on %s just now, and this process has %.12s",
				text(answer, 1), q.options.Job, q.options.Feature).WithHint("name the same bundle on all machines (--bundle), or wait until that job is over")
		default:
			q.keys = keysOf(q.options.Job, found)
			return nil
		}
	}
}

// numberOf is the number of a run in an answer.
func numberOf(answer []any) int { return number(answer, 1) }

// Lead makes this process the leader, or keeps it so, for one lease.
func (q *Queue) Lead(ctx context.Context) (bool, error) {
	k := q.keys
	answer, err := q.call(ctx, leadScript, []string{k.run, k.state, k.batches, k.failures, k.leader},
		k.number, q.me, q.options.Lease.Milliseconds(), string(q.options.Feature), string(q.options.Scoring))
	return err == nil && word(answer) == yes, err
}

// Offer adds a batch.
func (q *Queue) Offer(ctx context.Context, b bulk.Batch) (bool, error) {
	answer, err := q.call(ctx, offerScript, []string{q.keys.state, q.keys.batches, q.keys.leader},
		q.me, rand.Text(), encodeItems(b.Items), string(b.Last()), len(b.Items), q.options.Ready)
	if err == nil && word(answer) == deposed {
		err = bulk.ErrNotLeading
	}
	return err == nil && word(answer) == yes, err
}

// Finish ends the job.
func (q *Queue) Finish(ctx context.Context) error {
	k := q.keys
	answer, err := q.call(ctx, finishScript, []string{k.run, k.state, k.batches, k.failures, k.leader}, q.me, forgetAfter.Milliseconds())
	if err == nil && word(answer) == deposed {
		err = bulk.ErrNotLeading
	}
	return err
}

// Close leaves the job. Where the server is away its leases do that.
func (q *Queue) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_, _ = q.tryOnce(ctx, closeScript, []string{q.keys.batches, q.keys.leader}, []any{q.me})
	return q.client.Close()
}
