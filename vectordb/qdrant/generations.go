package qdrant

import (
	"cmp"
	"context"
	"slices"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// Generations that do not serve have a point each: the one that is built under an id that only one can have, which is
// what keeps two of them from being built at once. What serves is the state's to say.

func buildingID() string        { return uuid("building") }
func retiredID(g string) string { return uuid("retired", g) }

func generationPayload(kind string, g vectordb.Generation) map[string]*api.Value {
	p := map[string]*api.Value{"kind": text(kind), "generation": text(g.ID), "at": integer(now())}
	putModel(p, g.Model)
	return p
}

// retire remembers a generation that no longer serves.
func (s *Store) retire(ctx context.Context, g vectordb.Generation) error {
	return s.upsert(ctx, s.meta(), []*api.PointStruct{{
		Id: pointID(retiredID(g.ID)), Payload: generationPayload("retired", g), Vectors: api.NewVectorsMap(nil),
	}})
}

// otherGenerations gives the one that is built, then the retired ones, newest first, without their sizes.
func (s *Store) otherGenerations(ctx context.Context, serving string) (others []vectordb.Generation, err error) {
	at := map[string]int64{}
	err = s.eachPage(ctx, &api.ScrollPoints{
		CollectionName: s.meta(), Filter: must(api.NewMatchKeywords("kind", "building", "retired")), WithPayload: api.NewWithPayload(true),
	}, func(points []*api.RetrievedPoint) error {
		for _, p := range points {
			payload := p.GetPayload()
			g := vectordb.Generation{ID: payload["generation"].GetStringValue(), State: vectordb.GenerationState(payload["kind"].GetStringValue()), Model: modelOf(payload)}
			if g.ID != serving {
				others = append(others, g)
				at[g.ID] = payload["at"].GetIntegerValue()
			}
		}
		return nil
	})
	if missing(err) {
		return nil, nil
	}
	slices.SortFunc(others, func(a, b vectordb.Generation) int {
		return cmp.Or(cmp.Compare(a.State, b.State), cmp.Compare(at[b.ID], at[a.ID])) // "building" comes before "retired"
	})
	return others, err
}

func (s *Store) modelOfGeneration(ctx context.Context, id string) (vectordb.Model, error) {
	others, err := s.otherGenerations(ctx, "")
	for _, g := range others {
		if g.ID == id {
			return g.Model, err
		}
	}
	return vectordb.Model{}, err
}

// Generations lists the generations.
func (s *Store) Generations(ctx context.Context) (all []vectordb.Generation, err error) {
	err = s.read(ctx, "list the generations", func(v *view) error {
		others, err := v.others(ctx)
		if err != nil {
			return err
		}
		all = append([]vectordb.Generation{{ID: v.serving, State: vectordb.Serving, Model: v.model}}, others...)
		for i := range all {
			if all[i].Images, err = v.featured(ctx, all[i].ID); err != nil {
				return err
			}
		}
		all[0].Bytes = v.bytes
		return nil
	})
	return all, err
}

// isFeatured is the condition that a version has features.
func isFeatured() *api.Filter { return must(api.NewMatchInt("featured", 1)) }

// featured counts the images that a generation has features of.
func (v *view) featured(ctx context.Context, g string) (int, error) {
	dim, err := v.s.dim(ctx, g)
	if err != nil || dim == 0 {
		return 0, err
	}
	return v.s.count(ctx, v.s.search(g), and(visible(v.commit), isFeatured()))
}

// others gives the generations that do not serve. The view moves on to the commit at which they are all there: a switch
// takes away the point of the generation that serves from then on.
func (v *view) others(ctx context.Context) ([]vectordb.Generation, error) {
	for n := 1; ; n++ {
		others, err := v.s.otherGenerations(ctx, v.serving)
		if err != nil {
			return nil, err
		}
		now, err := v.s.readState(ctx)
		if err != nil || now.commit == v.commit || now.serving == v.serving && n >= attempts {
			return others, err
		}
		v.state = now
	}
}

// find gives a generation; CodeNotFound when there is none.
func (v *view) find(ctx context.Context, id string) (vectordb.Generation, error) {
	if id == v.serving && id != "" {
		return vectordb.Generation{ID: id, State: vectordb.Serving, Model: v.model}, nil
	}
	others, err := v.s.otherGenerations(ctx, v.serving)
	for _, g := range others {
		if g.ID == id {
			return g, err
		}
	}
	if err != nil {
		return vectordb.Generation{}, err
	}
	return vectordb.Generation{}, sightline.Errorf(sightline.CodeNotFound, "the index has no generation %q", id)
}

// Switch lets another generation serve.
func (s *Store) Switch(ctx context.Context, id string, partial bool) error {
	return s.change(ctx, "switch the generation", func(c *change) error {
		g, err := c.v.find(ctx, id)
		if err != nil || g.State == vectordb.Serving {
			return err
		}
		if !partial {
			lacking, err := c.v.lacking(ctx, g.ID)
			if err != nil {
				return err
			}
			if lacking > 0 {
				return sightline.Errorf(sightline.CodeIndexMismatch, "generation %s (model %q) lacks %d of the images that can be searched now",
					id, g.Model.Name, lacking)
			}
		}
		if err := c.complete(g.ID); err != nil {
			return err
		}
		return c.serve(g)
	})
}

// serve lets the state name another generation. The user's tags have to be scored again there.
func (c *change) serve(g vectordb.Generation) error {
	tags, err := c.v.userTags(c.ctx, nil)
	if err != nil {
		return err
	}
	for _, t := range tags {
		t.tag.Scored, t.tag.Complete = "", false
		if err := c.upsert(c.s.meta(), []*api.PointStruct{userTagPoint(t.tag, c.after.commit)}); err != nil {
			return err
		}
		if err := c.end(c.s.meta(), []string{t.point}); err != nil {
			return err
		}
	}
	if err := c.s.retire(c.ctx, vectordb.Generation{ID: c.v.serving, Model: c.v.model}); err != nil {
		return err
	}
	c.after.serving, c.after.model, c.wrote = g.ID, g.Model, true
	c.afterwards = func() error {
		point := retiredID(g.ID)
		if g.State == vectordb.Building {
			point = buildingID()
		}
		if err := c.s.deletePoints(c.ctx, c.s.meta(), api.NewPointsSelectorIDs([]*api.PointId{pointID(point)})); err != nil {
			return err
		}
		return c.s.alias(c.ctx, g.ID)
	}
	return nil
}

// alias points the names for people at the serving pair, both in one call.
func (s *Store) alias(ctx context.Context, g string) error {
	present, err := ask(ctx, s.server, readLimit, func(ctx context.Context) ([]*api.AliasDescription, error) { return s.server.client.ListAliases(ctx) })
	if err != nil {
		return err
	}
	var actions []*api.AliasOperations
	for _, a := range [][2]string{{s.searchAlias(), s.search(g)}, {s.patchesAlias(), s.patchesOf(g)}} {
		if slices.ContainsFunc(present, func(p *api.AliasDescription) bool { return p.GetAliasName() == a[0] }) {
			actions = append(actions, api.NewAliasDelete(a[0]))
		}
		actions = append(actions, api.NewAliasCreate(a[0], a[1]))
	}
	_, err = ask(ctx, s.server, setUpLimit, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, s.server.client.UpdateAliases(ctx, actions)
	})
	return err
}

// Drop deletes a generation.
func (s *Store) Drop(ctx context.Context, id string) error {
	return s.change(ctx, "drop the generation", func(c *change) error {
		g, err := c.v.find(ctx, id)
		switch {
		case sightline.CodeOf(err) == sightline.CodeNotFound:
			return nil
		case err != nil:
			return err
		case g.State == vectordb.Serving:
			return sightline.Errorf(sightline.CodeInvalid, "generation %s serves and cannot be dropped", id).WithHint("let another one serve first")
		}
		point := retiredID(id)
		if g.State == vectordb.Building {
			point = buildingID()
		}
		if err := s.deletePoints(ctx, s.meta(), api.NewPointsSelectorIDs([]*api.PointId{pointID(point)})); err != nil {
			return err
		}
		return s.dropGeneration(ctx, id)
	})
}

// Pin binds the handle to a model.
func (s *Store) Pin(m vectordb.Model) { s.pinned.Store(&m) }
