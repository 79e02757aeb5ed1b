package redis

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bulk"
)

// A worker that finds nothing looks again several times a lease, and at least so often.
const (
	looksPerLease = 8
	leastLooks    = 250 * time.Millisecond
)

// Take waits for a batch.
func (q *Queue) Take(ctx context.Context) (bulk.Batch, error) {
	for {
		answer, err := q.call(ctx, takeScript, []string{q.keys.run, q.keys.state, q.keys.batches}, q.keys.number, q.me, q.options.Lease.Milliseconds())
		if err != nil {
			return bulk.Batch{}, err
		}
		switch word(answer) {
		case yes:
			items, err := decodeItems(text(answer, 2))
			return bulk.Batch{Items: items, Ticket: text(answer, 1)}, err
		case finished:
			return bulk.Batch{}, bulk.ErrFinished
		case replaced:
			return bulk.Batch{}, sightline.Errorf(sightline.CodeIndexMismatch, "this process has slept, and a job with another model has been begun on %s", q.options.Job).
				WithHint("name the same bundle on all machines (--bundle) and start it again")
		}
		if err := wait(ctx, min(q.options.Lease/looksPerLease, leastLooks)); err != nil {
			return bulk.Batch{}, err
		}
	}
}

// Keep prolongs the lease of a batch.
func (q *Queue) Keep(ctx context.Context, b bulk.Batch) error {
	_, err := q.call(ctx, keepScript, []string{q.keys.batches}, b.Ticket, q.me)
	return err
}

// Done says that a batch is worked off.
func (q *Queue) Done(ctx context.Context, b bulk.Batch, failed []bulk.Failure) error {
	args := []any{b.Ticket, len(b.Items)}
	for _, f := range failed {
		args = append(args, string(f.ID), encodeFailure(f))
	}
	_, err := q.call(ctx, doneScript, []string{q.keys.state, q.keys.batches, q.keys.failures}, args...)
	return err
}

// Return gives a batch back.
func (q *Queue) Return(ctx context.Context, b bulk.Batch) error {
	_, err := q.call(ctx, returnScript, []string{q.keys.batches}, b.Ticket, q.me)
	return err
}

// Offered gives the last image that was offered.
func (q *Queue) Offered(ctx context.Context) (sightline.ImageID, error) {
	answer, err := q.read(ctx, "")
	return sightline.ImageID(text(answer, 4)), err
}

// Progress is the sum over all workers.
func (q *Queue) Progress(ctx context.Context) (bulk.Progress, error) {
	answer, err := q.read(ctx, "")
	return bulk.Progress{Offered: number(answer, 1), Done: number(answer, 2), Failed: number(answer, 3)}, err
}

// Failures lists the images that could not be encoded.
func (q *Queue) Failures(ctx context.Context) ([]bulk.Failure, error) {
	answer, err := q.read(ctx, "failures")
	if err != nil {
		return nil, err
	}
	pairs, _ := answer[len(answer)-1].([]any)
	var failures []bulk.Failure
	for i := 0; i+1 < len(pairs); i += 2 {
		f, err := decodeFailure(text(pairs, i), text(pairs, i+1))
		if err != nil {
			return nil, err
		}
		failures = append(failures, f)
	}
	slices.SortFunc(failures, func(a, b bulk.Failure) int { return cmp.Compare(a.ID, b.ID) })
	return failures, nil
}

func (q *Queue) read(ctx context.Context, what string) ([]any, error) {
	return q.call(ctx, readScript, []string{q.keys.state, q.keys.failures}, what)
}
