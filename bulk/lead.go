package bulk

import (
	"context"
	"errors"
	"time"

	"github.com/sightline-search/sightline"
)

// ahead is how many batches a leader reads from the store at once: a long list would keep the store from tidying up.
const ahead = 16

// leader is what a process knows while it leads.
type leader struct {
	*run
	after  sightline.ImageID          // the last image that was offered
	failed map[sightline.ImageID]bool // not offered again; nil in the first round
	listed []Batch                    // read and not offered yet
	end    bool                       // nothing is left after what is listed
}

// lead offers batches while this process leads, and shows the progress, until the job is finished.
func (r *run) lead(ctx context.Context, ended <-chan struct{}) error {
	beat := time.NewTicker(r.options.Beat)
	defer beat.Stop()
	var l *leader
	for {
		finished, err := r.leadOnce(ctx, &l)
		if errors.Is(err, ErrNotLeading) {
			l, err = nil, nil
		}
		if err != nil || finished {
			return err
		}
		r.report(ctx)
		select {
		case <-ended:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-beat.C:
		}
	}
}

// leadOnce does what there is to do for a leader just now; it sets l while this process leads.
func (r *run) leadOnce(ctx context.Context, l **leader) (finished bool, err error) {
	leading, err := r.queue.Lead(ctx)
	if err != nil || !leading {
		*l = nil
		return false, err
	}
	if *l == nil {
		after, err := r.queue.Offered(ctx)
		if err != nil {
			return false, err
		}
		*l = &leader{run: r, after: after}
	}
	return (*l).offer(ctx)
}

// offer offers what the queue takes, and ends the job when nothing is left.
func (l *leader) offer(ctx context.Context) (finished bool, err error) {
	for began := time.Now(); time.Since(began) < l.options.Beat; {
		if len(l.listed) == 0 {
			if l.end {
				return l.round(ctx)
			}
			if err := l.list(ctx); err != nil {
				return false, err
			}
			continue
		}
		added, err := l.queue.Offer(ctx, l.listed[0])
		if err != nil || !added {
			return false, err
		}
		l.listed = l.listed[1:]
	}
	return false, nil
}

// list reads the next images that are missing.
func (l *leader) list(ctx context.Context) error {
	var items []Item
	add := func() {
		l.listed = append(l.listed, Batch{Items: items})
		items = nil
	}
	l.end = true
	for item, err := range l.work.Missing(ctx, l.after) {
		if err != nil {
			return err
		}
		if l.after = item.ID; l.failed[item.ID] {
			continue
		}
		if items = append(items, item); len(items) < l.options.Batch {
			continue
		}
		if add(); len(l.listed) == ahead {
			l.end = false
			break
		}
	}
	if len(items) > 0 {
		add()
	}
	return nil
}

// round begins again at the first image once everything is done, for images that the store has got meanwhile. When there
// is none but those that failed, the job is over.
func (l *leader) round(ctx context.Context) (finished bool, err error) {
	p, err := l.queue.Progress(ctx)
	if err != nil || !p.Idle() {
		return false, err
	}
	failures, err := l.queue.Failures(ctx)
	if err != nil {
		return false, err
	}
	l.failed = make(map[sightline.ImageID]bool, len(failures))
	for _, f := range failures {
		l.failed[f.ID] = true
	}
	l.after = ""
	if err := l.list(ctx); err != nil || len(l.listed) > 0 {
		return false, err
	}
	if l.options.End != nil {
		err := l.options.End(ctx, failures)
		if errors.Is(err, ErrNotYet) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, l.queue.Finish(ctx)
}
