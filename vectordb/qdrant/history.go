package qdrant

import (
	"context"
	"encoding/json"
	"fmt"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/migrations"
)

// step is a change of the collections. The writer's lease is held while it runs. It may begin again after a kill, and it
// must bear points that the commit of a killed writer has left. Readers are refused once it is recorded, not before: what
// they need, Up and Down take away last.
type step = migrations.StepFor[*Store]

// steps is the history of the collections of an index.
var steps = []step{
	{Name: "versions of images by generation, state and lease", Up: func(ctx context.Context, s *Store) error { return s.createMeta(ctx) }},
}

func (s *Store) layout() migrations.PlanFor[*Store] {
	return migrations.PlanFor[*Store]{Steps: s.steps}
}
func (s *Store) recorded() migrations.Ledger[*Store] { return migrations.Documented(record{s}, s) }

// layoutOf reads the number of the layout. The first states had none.
func layoutOf(p map[string]*api.Value) int64 {
	if number, said := p["layout"]; said {
		return number.GetIntegerValue()
	}
	return 1
}

// knows refuses the state of an index in another layout. Every call reads the state, so a process that runs while the
// layout is changed notices.
func (s *Store) knows(st state) error {
	newest := int64(len(s.steps))
	switch {
	case st.layout > newest:
		return sightline.Errorf(sightline.CodeIndexVersion, "the index in %s has layout version %d, this program knows versions up to %d",
			s.target, st.layout, newest).WithHint("use the newer version of Sightline that wrote it")
	case st.layout > 0 && st.layout < newest && !s.older:
		return sightline.Errorf(sightline.CodeIndexVersion, "the index in %s has layout version %d, this program reads version %d",
			s.target, st.layout, newest).WithHint("run `sightline index` or `sightline migrate up` once")
	}
	return nil
}

// record is the ledger. It is a field of the state, so that it and the number of the layout, which every call compares,
// change at one moment, and only by whoever has the lease.
type record struct{ s *Store }

// Load gives the ledger. An index from before there was one has layout 1.
func (r record) Load(ctx context.Context) ([]byte, error) {
	st, err := r.s.readState(ctx)
	if err != nil || st.layout == 0 {
		return nil, err
	}
	if st.steps == "" {
		return json.Marshal([]migrations.Applied{{Version: 1, Name: r.s.steps[0].Name}})
	}
	return []byte(st.steps), nil
}

// Save merges the ledger into the state of whoever has the lease.
func (r record) Save(ctx context.Context, data []byte) error {
	var applied []migrations.Applied
	if err := json.Unmarshal(data, &applied); err != nil {
		return fmt.Errorf("record the layout: %w", err)
	}
	if err := r.s.lease.hold(ctx); err != nil {
		return err
	}
	_, err := ask(ctx, r.s.server, writeLimit, func(ctx context.Context) (*api.UpdateResult, error) {
		return r.s.server.client.SetPayload(ctx, &api.SetPayloadPoints{
			CollectionName: r.s.meta(), Wait: new(true), Ordering: strongly(),
			Payload:        map[string]*api.Value{"layout": integer(int64(len(applied))), "steps": text(string(data))},
			PointsSelector: api.NewPointsSelectorFilter(and(ofKind("state"), must(api.NewMatchKeyword("token", r.s.lease.token)))),
		})
	})
	if err != nil {
		return r.s.server.explain(err, "record the layout")
	}
	written, err := r.s.readState(ctx)
	if err != nil || written.steps == string(data) {
		return err
	}
	if err := r.s.lease.renew(ctx); err != nil {
		return err // the usual reason: another process has it
	}
	return sightline.Errorf(sightline.CodeUnavailable, "the index in %s has not taken the record of its layout", r.s.target).WithHint("try again")
}
