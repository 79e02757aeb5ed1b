package qdranttest

import (
	"context"
	"maps"

	"github.com/qdrant/go-client/qdrant"
)

// The calls that change points. Each is one operation of UpdateBatch by itself. They are applied before they answer,
// whatever `wait` says.

func (s *points) Upsert(_ context.Context, r *qdrant.UpsertPoints) (*qdrant.PointsOperationResponse, error) {
	return s.apply(r.GetCollectionName(), qdrant.NewPointsUpdateUpsert(&qdrant.PointsUpdateOperation_PointStructList{
		Points: r.GetPoints(), UpdateFilter: r.GetUpdateFilter(), UpdateMode: r.UpdateMode,
	}))
}

func (s *points) Delete(_ context.Context, r *qdrant.DeletePoints) (*qdrant.PointsOperationResponse, error) {
	return s.apply(r.GetCollectionName(), qdrant.NewPointsUpdateDeletePoints(&qdrant.PointsUpdateOperation_DeletePoints{Points: r.GetPoints()}))
}

func (s *points) SetPayload(_ context.Context, r *qdrant.SetPayloadPoints) (*qdrant.PointsOperationResponse, error) {
	return s.apply(r.GetCollectionName(), qdrant.NewPointsUpdateSetPayload(&qdrant.PointsUpdateOperation_SetPayload{
		Payload: r.GetPayload(), PointsSelector: r.GetPointsSelector(), Key: r.Key,
	}))
}

func (s *points) OverwritePayload(_ context.Context, r *qdrant.SetPayloadPoints) (*qdrant.PointsOperationResponse, error) {
	return s.apply(r.GetCollectionName(), qdrant.NewPointsUpdateOverwritePayload(&qdrant.PointsUpdateOperation_OverwritePayload{
		Payload: r.GetPayload(), PointsSelector: r.GetPointsSelector(), Key: r.Key,
	}))
}

func (s *points) DeletePayload(_ context.Context, r *qdrant.DeletePayloadPoints) (*qdrant.PointsOperationResponse, error) {
	return s.apply(r.GetCollectionName(), qdrant.NewPointsUpdateDeletePayload(&qdrant.PointsUpdateOperation_DeletePayload{
		Keys: r.GetKeys(), PointsSelector: r.GetPointsSelector(),
	}))
}

func (s *points) UpdateVectors(_ context.Context, r *qdrant.UpdatePointVectors) (*qdrant.PointsOperationResponse, error) {
	return s.apply(r.GetCollectionName(), qdrant.NewPointsUpdateUpdateVectors(&qdrant.PointsUpdateOperation_UpdateVectors{
		Points: r.GetPoints(), UpdateFilter: r.GetUpdateFilter(),
	}))
}

func (s *points) DeleteVectors(_ context.Context, r *qdrant.DeletePointVectors) (*qdrant.PointsOperationResponse, error) {
	return s.apply(r.GetCollectionName(), qdrant.NewPointsUpdateDeleteVectors(&qdrant.PointsUpdateOperation_DeleteVectors{
		PointsSelector: r.GetPointsSelector(), Vectors: r.GetVectors(),
	}))
}

func (s *points) apply(name string, op *qdrant.PointsUpdateOperation) (*qdrant.PointsOperationResponse, error) {
	return write(s.data, name, func(c *collection) (*qdrant.PointsOperationResponse, error) {
		return completed(), c.apply(op)
	})
}

// UpdateBatch applies operations in their order; those before a refused one stay.
func (s *points) UpdateBatch(_ context.Context, r *qdrant.UpdateBatchPoints) (*qdrant.UpdateBatchResponse, error) {
	return write(s.data, r.GetCollectionName(), func(c *collection) (*qdrant.UpdateBatchResponse, error) {
		reply := &qdrant.UpdateBatchResponse{}
		for _, op := range r.GetOperations() {
			if err := c.apply(op); err != nil {
				return nil, err
			}
			reply.Result = append(reply.Result, completed().GetResult())
		}
		return reply, nil
	})
}

// apply does one operation, or none of it.
func (c *collection) apply(op *qdrant.PointsUpdateOperation) error {
	switch op := op.GetOperation().(type) {
	case *qdrant.PointsUpdateOperation_Upsert:
		return c.upsert(op.Upsert)
	case *qdrant.PointsUpdateOperation_DeletePoints_:
		found, err := c.chosen(op.DeletePoints.GetPoints(), false)
		for _, p := range found {
			delete(c.points, p.id)
		}
		return err
	case *qdrant.PointsUpdateOperation_SetPayload_:
		if op.SetPayload.Key != nil {
			return unimplemented("SetPayload below a key")
		}
		return c.change(op.SetPayload.GetPointsSelector(), func(p *point) error {
			p.payload = merged(p.payload, op.SetPayload.GetPayload())
			return nil
		})
	case *qdrant.PointsUpdateOperation_OverwritePayload_:
		return c.change(op.OverwritePayload.GetPointsSelector(), func(p *point) error {
			p.payload = op.OverwritePayload.GetPayload()
			return nil
		})
	case *qdrant.PointsUpdateOperation_DeletePayload_:
		return c.change(op.DeletePayload.GetPointsSelector(), func(p *point) (err error) {
			p.payload, err = without(p.payload, op.DeletePayload.GetKeys())
			return err
		})
	case *qdrant.PointsUpdateOperation_UpdateVectors_:
		return c.updateVectors(op.UpdateVectors)
	case *qdrant.PointsUpdateOperation_DeleteVectors_:
		return c.change(op.DeleteVectors.GetPointsSelector(), func(p *point) error {
			p.vectors = maps.Clone(p.vectors)
			for _, name := range op.DeleteVectors.GetVectors().GetNames() {
				delete(p.vectors, name)
			}
			return nil
		})
	}
	return unimplemented("this operation: " + op.String())
}

// chosen gives the known points of a selector. strict refuses ids that are not known.
func (c *collection) chosen(s *qdrant.PointsSelector, strict bool) ([]*point, error) {
	switch s := s.GetPointsSelectorOneOf().(type) {
	case *qdrant.PointsSelector_Filter:
		return c.under(s.Filter)
	case *qdrant.PointsSelector_Points:
		ids, err := parseIDs(s.Points.GetIds())
		var found []*point
		for _, id := range ids {
			p := c.points[id]
			if p == nil && strict {
				return nil, notFound("Not found: No point with id %s found", id)
			}
			if p != nil {
				found = append(found, p)
			}
		}
		return found, err
	}
	return nil, invalid("PointSelector is missing")
}

// change replaces the chosen points by changed copies.
func (c *collection) change(s *qdrant.PointsSelector, how func(*point) error) error {
	found, err := c.chosen(s, true)
	if err != nil {
		return err
	}
	for _, p := range found {
		changed := *p
		if err := how(&changed); err != nil {
			return err
		}
		c.points[p.id] = &changed
	}
	return nil
}
