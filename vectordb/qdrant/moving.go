package qdrant

import (
	"context"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/migrations"
)

// A step is many calls, and there are no transactions: the state names the step before it begins, and no more once it is
// recorded. Nobody else sees an index in between, and whoever finds one that was left so knows what to make again.

// announced is a ledger that names steps in the state.
type announced struct {
	migrations.Ledger[*Store]
	s *Store
}

// Apply makes a step.
func (a announced) Apply(ctx context.Context, version int, name string, change func(context.Context, *Store) error) error {
	if err := a.s.begin(ctx, version); err != nil {
		return err
	}
	return a.Ledger.Apply(ctx, version, name, change)
}

// TakeBack takes the last step back.
func (a announced) TakeBack(ctx context.Context, version int, change func(context.Context, *Store) error) error {
	if err := a.s.begin(ctx, version); err != nil {
		return err
	}
	return a.Ledger.TakeBack(ctx, version, change)
}

func (s *Store) begin(ctx context.Context, version int) error {
	return s.mergeState(ctx, map[string]*api.Value{"moving": integer(int64(version))}, func(st state) bool { return st.moving == int64(version) })
}

// finish makes a step anew that was being taken back. One that was being made is pending: it needs nothing more.
func (s *Store) finish(ctx context.Context) error {
	st, err := s.readState(ctx)
	if err != nil || st.moving == 0 || st.moving > st.layout {
		return err
	}
	version := int(st.moving)
	return s.recorded().Apply(ctx, version, s.steps[version-1].Name, s.steps[version-1].Up)
}

// noneBegun refuses to take steps back while one above them is half made.
func (s *Store) noneBegun(ctx context.Context) error {
	st, err := s.readState(ctx)
	if err != nil || st.moving <= st.layout {
		return err
	}
	return sightline.Errorf(sightline.CodeIndexVersion, "step %d of the layout of the index in %s was begun and has not reached its end", st.moving, s.target).
		WithHint("run `sightline migrate up` first")
}

// mergeState writes fields into the state of whoever has the lease; taken says that they are there.
func (s *Store) mergeState(ctx context.Context, fields map[string]*api.Value, taken func(state) bool) error {
	if err := s.lease.hold(ctx); err != nil {
		return err
	}
	_, err := ask(ctx, s.server, writeLimit, func(ctx context.Context) (*api.UpdateResult, error) {
		return s.server.client.SetPayload(ctx, &api.SetPayloadPoints{
			CollectionName: s.meta(), Wait: new(true), Ordering: strongly(), Payload: fields,
			PointsSelector: api.NewPointsSelectorFilter(and(ofKind("state"), must(api.NewMatchKeyword("token", s.lease.token)))),
		})
	})
	if err != nil {
		return s.server.explain(err, "record the layout")
	}
	written, err := s.readState(ctx)
	if err != nil || taken(written) {
		return err
	}
	if err := s.lease.renew(ctx); err != nil {
		return err // the usual reason: another process has it
	}
	return sightline.Errorf(sightline.CodeUnavailable, "the index in %s has not taken the record of its layout", s.target).WithHint("try again")
}
