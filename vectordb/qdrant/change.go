package qdrant

import (
	"context"
	"errors"
	"time"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// change is one commit: everything that a call of a Writer method does. What it writes is seen by nobody until the state
// names it, and by everybody from then on.
type change struct {
	s      *Store
	ctx    context.Context //nolint:containedctx // lives for one call of a Writer method
	v      *view           // what held before
	after  state           // what holds afterwards
	images map[sightline.ImageID]*slot
	owners map[string]sightline.ImageID // by path, of the files that were asked about
	bad    map[string]*badSlot

	wrote bool // something must be committed
	ended bool // it ends versions

	afterwards func() error // done once the commit holds, when there is something to do
}

// flip is a commit that ended versions, and when it was made.
type flip struct {
	commit int64
	at     time.Time
}

// change runs work and commits what it writes.
func (s *Store) change(ctx context.Context, doing string, work func(*change) error) error {
	leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if s.lease == nil {
		return sightline.Errorf(sightline.CodeInternal, "the index in %s is opened for reading: cannot %s", s.target, doing)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.server.explain(s.changeAlone(ctx, work), doing)
}

func (s *Store) changeAlone(ctx context.Context, work func(*change) error) error {
	if err := s.lease.hold(ctx); err != nil {
		return err
	}
	v, err := s.look(ctx)
	if err != nil {
		return err
	}
	if err := s.recover(ctx, v); err != nil {
		return err
	}
	c := &change{
		s: s, ctx: ctx, v: v, after: v.state, images: map[sightline.ImageID]*slot{}, owners: map[string]sightline.ImageID{}, bad: map[string]*badSlot{},
	}
	c.after.commit, c.after.flipped, c.after.pending, c.after.untag = v.commit+1, now(), nil, ""
	s.dirty = true
	if err := work(c); err != nil {
		return err
	}
	if c.wrote {
		if err := c.commit(); err != nil {
			return err
		}
	}
	s.dirty = false
	return nil
}

// recover brings everything into the state that the state names, after a change that did not reach its end.
func (s *Store) recover(ctx context.Context, v *view) error {
	if !s.dirty {
		return nil
	}
	collections, err := s.collections(ctx, v.serving)
	if err != nil {
		return err
	}
	for _, name := range collections {
		if err := s.lease.hold(ctx); err != nil {
			return err
		}
		if err := s.deletePoints(ctx, name, api.NewPointsSelectorFilter(unborn(v.commit))); err != nil {
			return err
		}
		if err := s.clearUntil(ctx, name, spared(v.commit)); err != nil {
			return err
		}
	}
	pending, untag, err := s.readPending(ctx)
	if err != nil {
		return err
	}
	if err := s.carry(ctx, v, pending, untag); err != nil {
		return err
	}
	if len(s.history) == 0 {
		s.history = []flip{{v.commit, time.UnixMilli(v.flipped)}}
	}
	s.dirty = false
	return nil
}

// collections names all collections that hold versions.
func (s *Store) collections(ctx context.Context, serving string) ([]string, error) {
	names := []string{s.meta()}
	others, err := s.otherGenerations(ctx, serving)
	if err != nil {
		return nil, err
	}
	for _, g := range append(others, vectordb.Generation{ID: serving}) {
		if g.ID != "" {
			names = append(names, s.search(g.ID), s.patchesOf(g.ID))
		}
	}
	return names, nil
}

// commit lets the state name what was written, carries facts into the other generations and tidies up.
func (c *change) commit() error {
	if err := c.s.lease.hold(c.ctx); err != nil {
		return err
	}
	sweep := c.sweepable()
	if sweep > 0 {
		c.after.swept = sweep
	}
	if err := c.alone(); err != nil {
		return err
	}
	ok, err := c.s.writeState(c.ctx, c.v.state, c.after)
	if err != nil {
		return err
	}
	if !ok {
		return c.overtaken()
	}
	if c.ended {
		c.s.history = append(c.s.history, flip{c.after.commit, time.Now()})
	}
	committed := &view{state: c.after, s: c.s, taken: time.Now()}
	err = errors.Join(c.s.carry(c.ctx, committed, c.after.pending, c.after.untag), c.sweep(sweep))
	if err == nil && c.afterwards != nil {
		err = c.afterwards()
	}
	return err
}

// alone forgets what has to be carried where there is no other generation.
func (c *change) alone() error {
	if len(c.after.pending) == 0 && c.after.untag == "" {
		return nil
	}
	others, err := c.s.otherGenerations(c.ctx, c.after.serving)
	if err == nil && len(others) == 0 {
		c.after.pending, c.after.untag = nil, ""
	}
	return err
}

// overtaken says who has written in our place.
func (c *change) overtaken() error {
	if err := c.s.lease.renew(c.ctx); err != nil {
		return err
	}
	return sightline.Errorf(sightline.CodeUnavailable, "the commit to the index in %s was not taken; nothing of it is stored", c.s.target).
		WithHint("try again")
}

// sweepable is the commit up to which ended versions are needed by nobody any more; 0 for none.
func (c *change) sweepable() (commit int64) {
	for len(c.s.history) > 0 && time.Since(c.s.history[0].at) > keptFor {
		commit = c.s.history[0].commit
		c.s.history = c.s.history[1:]
	}
	return commit
}

// sweep deletes versions that ended at the commit or before.
func (c *change) sweep(commit int64) error {
	if commit == 0 {
		return nil
	}
	collections, err := c.s.collections(c.ctx, c.after.serving)
	if err != nil {
		return err
	}
	for _, name := range collections {
		if err := c.s.deletePoints(c.ctx, name, api.NewPointsSelectorFilter(ended(commit))); err != nil {
			return err
		}
	}
	return nil
}

// upsert writes versions that are seen from this commit on.
func (c *change) upsert(collection string, points []*api.PointStruct) error {
	if len(points) == 0 {
		return nil
	}
	c.wrote = true
	if err := c.s.lease.hold(c.ctx); err != nil {
		return err
	}
	return c.s.upsert(c.ctx, collection, points)
}

// end ends versions with this commit.
func (c *change) end(collection string, points []string) error {
	if len(points) == 0 {
		return nil
	}
	c.wrote, c.ended = true, true
	if err := c.s.lease.hold(c.ctx); err != nil {
		return err
	}
	return c.s.setPayload(c.ctx, collection, points, map[string]*api.Value{"until": integer(c.after.commit)})
}
