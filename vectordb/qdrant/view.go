package qdrant

import (
	"context"
	"time"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// keptFor is how long old versions are kept after the commit that ended them: a reader that is done within this time sees
// one commit throughout. A slower one asks again when versions of its commit may have gone.
const keptFor = 10 * time.Second

// view is what one call of a Reader method sees: the index at one commit.
type view struct {
	state
	s     *Store
	taken time.Time
	tagsG *string // the generation that features come from, once it is known
}

func (s *Store) look(ctx context.Context) (*view, error) {
	taken := time.Now()
	st, err := s.readState(ctx)
	return &view{state: st, s: s, taken: taken}, err
}

// whole says that everything that was read under the view was there while it was read.
func (v *view) whole(ctx context.Context) (bool, error) {
	if time.Since(v.taken) < keptFor/2 {
		return true, nil
	}
	now, err := v.s.readState(ctx)
	return now.swept <= v.commit, err
}

// attempts is how often a read begins anew that a switch of generations or a very slow answer has broken.
const attempts = 4

// read lets work see the index at one commit. Work may run more than once.
func (s *Store) read(ctx context.Context, doing string, work func(*view) error) error {
	leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for n := 1; ; n++ {
		v, err := s.look(ctx)
		if err != nil {
			return s.server.explain(err, doing)
		}
		err = work(v)
		if missing(err) && n < attempts {
			continue // the generation was dropped meanwhile
		}
		if err != nil {
			return s.server.explain(err, doing)
		}
		whole, err := v.whole(ctx)
		if err != nil || whole || n == attempts {
			return s.server.explain(err, doing)
		}
	}
}

// features gives the generation that features and probabilities come from: the serving one, or the one of the model that
// the handle is pinned to. It is "" in an index without a model.
func (v *view) features(ctx context.Context) (string, error) {
	if v.tagsG != nil {
		return *v.tagsG, nil
	}
	g, err := v.findFeatures(ctx)
	if err == nil {
		v.tagsG = &g
	}
	return g, err
}

func (v *view) findFeatures(ctx context.Context) (string, error) {
	pinned := v.s.pinned.Load()
	if pinned == nil || v.serving == "" || sameModel(*pinned, v.model) {
		return v.serving, nil
	}
	// A switch after the view was taken takes the point of the generation that serves then away: the state is asked again
	// before a generation counts as gone.
	for at := v.commit; ; {
		others, err := v.s.otherGenerations(ctx, v.serving)
		if err != nil {
			return "", err
		}
		for _, g := range others {
			if g.State == vectordb.Retired && sameModel(*pinned, g.Model) {
				return g.ID, nil
			}
		}
		now, err := v.s.readState(ctx)
		switch {
		case err != nil:
			return "", err
		case sameModel(*pinned, now.model):
			return now.serving, nil
		case now.commit == at:
			return "", v.s.otherModel(now.model, *pinned)
		}
		at = now.commit
	}
}

// sameModel compares what data depends on; names are for people.
func sameModel(a, b vectordb.Model) bool { return a.Feature == b.Feature && a.Scoring == b.Scoring }

func (s *Store) otherModel(has, asked vectordb.Model) error {
	return sightline.Errorf(sightline.CodeIndexMismatch,
		"the index in %s was made with model %q (features %.12s), not with %q (features %.12s)",
		s.target, has.Name, has.Feature, asked.Name, asked.Feature).
		WithHint("use the bundle that it was made with, or another prefix in the store's URL")
}
