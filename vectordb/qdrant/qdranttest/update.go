package qdranttest

import (
	"context"
	"maps"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// change runs a call that changes points. A server that need not wait answers before it knows whether a change is
// possible at all; the stand-in asks to wait.
func (s *points) change(name string, wait bool, how func(*collection) error) (*qdrant.PointsOperationResponse, error) {
	if !wait {
		return nil, unimplemented("changes without wait")
	}
	err := s.data.change(name, how)
	return &qdrant.PointsOperationResponse{Result: &qdrant.UpdateResult{Status: qdrant.UpdateStatus_Completed}}, err
}

func (s *points) CreateFieldIndex(_ context.Context, r *qdrant.CreateFieldIndexCollection) (*qdrant.PointsOperationResponse, error) {
	return s.change(r.GetCollectionName(), r.GetWait(), func(c *collection) error {
		switch r.GetFieldType() {
		case qdrant.FieldType_FieldTypeKeyword, qdrant.FieldType_FieldTypeInteger, qdrant.FieldType_FieldTypeUuid:
			c.indexes[r.GetFieldName()] = r.GetFieldType()
			return plain(r.GetFieldName())
		default:
			return unimplemented("an index of " + r.GetFieldType().String())
		}
	})
}

// Upsert stores whole points: payload and vectors replace those that were there. A filter holds back known points that
// are not under it.
func (s *points) Upsert(_ context.Context, r *qdrant.UpsertPoints) (*qdrant.PointsOperationResponse, error) {
	if len(r.GetPoints()) == 0 {
		return nil, nothingToDo()
	}
	return s.change(r.GetCollectionName(), r.GetWait(), func(c *collection) error {
		holds, err := compile(r.GetUpdateFilter())
		if err != nil {
			return err
		}
		given := map[pointID]*point{}
		for _, p := range r.GetPoints() {
			id, err := parseID(p.GetId())
			if err != nil {
				return err
			}
			vectors, err := c.vectorsOf(p.GetVectors())
			if err != nil {
				return err
			}
			given[id] = &point{id: id, payload: p.GetPayload(), vectors: vectors}
		}
		maps.DeleteFunc(given, func(id pointID, _ *point) bool { return c.points[id] != nil && !holds(c.points[id]) })
		c.put(slices.Collect(maps.Values(given))...)
		return nil
	})
}

func (s *points) Delete(_ context.Context, r *qdrant.DeletePoints) (*qdrant.PointsOperationResponse, error) {
	return s.change(r.GetCollectionName(), r.GetWait(), func(c *collection) error {
		found, _, err := c.chosen(r.GetPoints())
		c.remove(found...)
		return err
	})
}

func (s *points) SetPayload(_ context.Context, r *qdrant.SetPayloadPoints) (*qdrant.PointsOperationResponse, error) {
	return s.change(r.GetCollectionName(), r.GetWait(), func(c *collection) error {
		return c.replace(r.GetPointsSelector(), func(p *point) { p.payload = merged(p.payload, r.GetPayload()) })
	})
}

func (s *points) DeletePayload(_ context.Context, r *qdrant.DeletePayloadPoints) (*qdrant.PointsOperationResponse, error) {
	if err := plain(r.GetKeys()...); err != nil {
		return nil, err
	}
	return s.change(r.GetCollectionName(), r.GetWait(), func(c *collection) error {
		return c.replace(r.GetPointsSelector(), func(p *point) { p.payload = without(p.payload, r.GetKeys()) })
	})
}

// UpdateVectors replaces the named vectors of points and leaves the others and the payload.
func (s *points) UpdateVectors(_ context.Context, r *qdrant.UpdatePointVectors) (*qdrant.PointsOperationResponse, error) {
	if len(r.GetPoints()) == 0 {
		return nil, nothingToDo()
	}
	return s.change(r.GetCollectionName(), r.GetWait(), func(c *collection) error {
		for _, update := range r.GetPoints() {
			vectors, err := c.vectorsOf(update.GetVectors())
			if err != nil {
				return err
			}
			err = c.replace(qdrant.NewPointsSelector(update.GetId()), func(p *point) {
				p.vectors = maps.Clone(p.vectors)
				maps.Copy(p.vectors, vectors)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// chosen gives the known points of a selector and the first id that is not known.
func (c *collection) chosen(s *qdrant.PointsSelector) (found []*point, unknown *pointID, err error) {
	switch s := s.GetPointsSelectorOneOf().(type) {
	case *qdrant.PointsSelector_Filter:
		found, err = c.under(s.Filter)
		return found, nil, err
	case *qdrant.PointsSelector_Points:
		ids, err := parseIDs(s.Points.GetIds())
		if err == nil && len(ids) == 0 {
			err = nothingToDo()
		}
		for _, id := range ids {
			if p := c.points[id]; p != nil {
				found = append(found, p)
			} else if unknown == nil {
				unknown = &id
			}
		}
		return found, unknown, err
	}
	return nil, nil, invalid("PointsSelector is missing")
}

// replace puts changed copies in the place of the chosen points. An unknown one is reported, but only afterwards.
func (c *collection) replace(s *qdrant.PointsSelector, how func(*point)) error {
	found, unknown, err := c.chosen(s)
	if err != nil {
		return err
	}
	for _, p := range found {
		changed := *p
		how(&changed)
		c.put(&changed)
	}
	if unknown != nil {
		return notFound("Not found: No point with id %s found", unknown)
	}
	return nil
}

func nothingToDo() error { return invalid("Bad request: Empty update request") }
