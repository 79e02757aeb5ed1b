package bulk_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bulk"
)

// pile is work that only counts: images, how often each was encoded, and those that fail.
type pile struct {
	mu     sync.Mutex
	images map[sightline.ImageID]int
	bad    map[sightline.ImageID]bool
	each   func(*pile, sightline.ImageID) error // called for every image, with the lock; may be nil
}

func pileOf(n int, bad ...int) *pile {
	p := &pile{images: map[sightline.ImageID]int{}, bad: map[sightline.ImageID]bool{}}
	for i := range n {
		p.images[id(i)] = 0
	}
	for _, i := range bad {
		p.bad[id(i)] = true
	}
	return p
}

func id(n int) sightline.ImageID { return sightline.ImageID(fmt.Sprintf("%064x", n)) }

func (p *pile) Missing(ctx context.Context, after sightline.ImageID) iter.Seq2[bulk.Item, error] {
	p.mu.Lock()
	defer p.mu.Unlock()
	ids := slices.Sorted(maps.Keys(p.images))
	return func(yield func(bulk.Item, error) bool) {
		for _, id := range ids {
			if id > after && !p.done(id) && !yield(bulk.Item{ID: id}, ctx.Err()) {
				return
			}
		}
	}
}

func (p *pile) done(id sightline.ImageID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.images[id] > 0
}

func (p *pile) Count(ctx context.Context) (done, all int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, times := range p.images {
		done += min(times, 1)
	}
	return done, len(p.images), ctx.Err()
}

func (p *pile) Encode(ctx context.Context, items []bulk.Item) (failed []bulk.Failure, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, item := range items {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if p.each != nil {
			if err := p.each(p, item.ID); err != nil {
				return nil, err
			}
		}
		if p.bad[item.ID] {
			failed = append(failed, bulk.Failure{ID: item.ID, Code: sightline.CodeVanished})
			continue
		}
		p.images[item.ID]++
	}
	return failed, nil
}

// onceEach checks that every image but the bad ones was encoded once.
func (p *pile) onceEach(t *testing.T) {
	t.Helper()
	for id, times := range p.images {
		want := 1
		if p.bad[id] {
			want = 0
		}
		assert.Equal(t, want, times, id)
	}
}

// counted sums up what a progress is told.
type counted struct {
	mu          sync.Mutex
	total, done int
}

func (c *counted) Total(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total = n
}

func (c *counted) Done(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done += n
}

func (*counted) Note(string) {}
func (*counted) Finish()     {}

func options() bulk.Options { return bulk.Options{Batch: 3, Workers: 3, Beat: time.Millisecond} }

func TestEverythingIsDoneOnce(t *testing.T) {
	for _, n := range []int{0, 1, 3, 4, 700} { // 700 are more than a leader lists, and a queue holds, at once
		p, shown, o := pileOf(n), &counted{}, options()
		o.Progress = shown
		failed, err := bulk.Run(t.Context(), p, bulk.Local(), o)
		require.NoError(t, err)
		assert.Empty(t, failed)
		p.onceEach(t)
		assert.Equal(t, n, shown.total)
		assert.Equal(t, n, shown.done)
	}
}

func TestFailuresAreGivenAndNotTriedForEver(t *testing.T) {
	p, o := pileOf(20, 3, 11, 19), options()
	var ended []bulk.Failure
	o.End = func(_ context.Context, failed []bulk.Failure) error {
		ended = failed
		return nil
	}
	failed, err := bulk.Run(t.Context(), p, bulk.Local(), o)
	require.NoError(t, err)
	p.onceEach(t)
	var ids []sightline.ImageID
	for _, f := range failed {
		ids = append(ids, f.ID)
	}
	assert.Equal(t, []sightline.ImageID{id(3), id(11), id(19)}, ids)
	assert.Equal(t, failed, ended)
}

func TestWhatComesMeanwhileIsDoneToo(t *testing.T) {
	p, o := pileOf(10, 4), options()
	added := 0
	p.each = func(p *pile, _ sightline.ImageID) error {
		if added < 5 { // ids between those that have been offered already
			p.images[sightline.ImageID(fmt.Sprintf("%s-%d", id(0), added))] = 0
			added++
		}
		return nil
	}
	_, err := bulk.Run(t.Context(), p, bulk.Local(), o)
	require.NoError(t, err)
	require.Len(t, p.images, 15)
	p.onceEach(t)
}

func TestAnEndThatIsNotYetPossibleIsTriedAgain(t *testing.T) {
	p, o := pileOf(5), options()
	tries := 0
	o.End = func(context.Context, []bulk.Failure) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if tries++; tries < 4 {
			p.images[id(100+tries)] = 0 // what comes meanwhile is done first
			return bulk.ErrNotYet
		}
		for id, times := range p.images {
			assert.Equal(t, 1, times, id)
		}
		return nil
	}
	_, err := bulk.Run(t.Context(), p, bulk.Local(), o)
	require.NoError(t, err)
	assert.Equal(t, 4, tries)
	assert.Len(t, p.images, 8)
}

func TestAnInterruptedRunIsGoneOnWith(t *testing.T) {
	p, o := pileOf(60, 7), options()
	for _, stopAt := range []int{1, 10, 25, 50} {
		ctx, stop := context.WithCancel(t.Context())
		begun := 0
		p.each = func(*pile, sightline.ImageID) error {
			if begun++; begun == stopAt {
				stop()
			}
			return nil
		}
		_, err := bulk.Run(ctx, p, bulk.Local(), o)
		stop()
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
		}
	}
	p.each = nil
	shown := &counted{}
	o.Progress = shown
	failed, err := bulk.Run(t.Context(), p, bulk.Local(), o)
	require.NoError(t, err)
	require.Len(t, failed, 1)
	p.onceEach(t)
	assert.Equal(t, 60, shown.done, "what was done before counts")
}

func TestTroubleStopsTheRun(t *testing.T) {
	full := errors.New("the disk is full")
	p := pileOf(30)
	p.each = func(_ *pile, at sightline.ImageID) error {
		if at == id(13) {
			return full
		}
		return nil
	}
	_, err := bulk.Run(t.Context(), p, bulk.Local(), options())
	require.ErrorIs(t, err, full)

	o := options()
	o.End = func(context.Context, []bulk.Failure) error { return full }
	_, err = bulk.Run(t.Context(), pileOf(5), bulk.Local(), o)
	require.ErrorIs(t, err, full)
}
