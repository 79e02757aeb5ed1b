package qdrant

import (
	"context"
	"encoding/json"
	"fmt"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/migrations"
)

// step is a change of the collections. The writer's lease is held while it runs, and everybody else is refused. It may begin
// again after a kill, in both directions, and must bear points that the commit of a killed writer has left.
type step = migrations.StepFor[*Store]

// steps is the history of the collections of an index.
var steps = []step{
	{Name: "versions of images by generation, state and lease", Up: func(ctx context.Context, s *Store) error { return s.createMeta(ctx) }},
}

func (s *Store) layout() migrations.PlanFor[*Store] {
	return migrations.PlanFor[*Store]{Steps: s.steps}
}

func (s *Store) recorded() migrations.Ledger[*Store] {
	return announced{migrations.Documented(record{s}, s), s}
}

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
	case max(st.layout, st.moving) > newest:
		return sightline.Errorf(sightline.CodeIndexVersion, "the index in %s has layout version %d, this program knows versions up to %d",
			s.target, max(st.layout, st.moving), newest).WithHint("use the newer version of Sightline that wrote it")
	case st.layout == 0 || s.older:
		return nil
	case st.moving > 0:
		return sightline.Errorf(sightline.CodeUnavailable, "the layout of the index in %s is being changed", s.target).
			WithHint("ask again when that is done; where it was cut short, run `sightline migrate up` once")
	case st.layout < newest:
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
	return r.s.mergeState(ctx, map[string]*api.Value{
		"layout": integer(int64(len(applied))), "steps": text(string(data)), "moving": integer(0),
	}, func(st state) bool { return st.steps == string(data) && st.moving == 0 })
}
