package qdranttest

import (
	"context"

	"github.com/qdrant/go-client/qdrant"
)

// points serves qdrant.Points.
type points struct {
	qdrant.UnimplementedPointsServer
	data *database
}

func (s *points) Get(_ context.Context, r *qdrant.GetPoints) (*qdrant.GetResponse, error) {
	return read(s.data, r.GetCollectionName(), func(c *collection) (*qdrant.GetResponse, error) {
		ids, err := parseIDs(r.GetIds())
		if err != nil {
			return nil, err
		}
		var found []*point
		for _, id := range ids {
			if p := c.points[id]; p != nil {
				found = append(found, p)
			}
		}
		result, err := retrieved(found, r.GetWithPayload(), r.GetWithVectors())
		return &qdrant.GetResponse{Result: result}, err
	})
}

func retrieved(found []*point, payload *qdrant.WithPayloadSelector, vectors *qdrant.WithVectorsSelector) ([]*qdrant.RetrievedPoint, error) {
	out := make([]*qdrant.RetrievedPoint, len(found))
	for i, p := range found {
		fields, err := selected(p.payload, payload)
		if err != nil {
			return nil, err
		}
		out[i] = &qdrant.RetrievedPoint{Id: p.id.proto(), Payload: fields, Vectors: p.output(vectors)}
	}
	return out, nil
}

func (s *points) Count(_ context.Context, r *qdrant.CountPoints) (*qdrant.CountResponse, error) {
	return read(s.data, r.GetCollectionName(), func(c *collection) (*qdrant.CountResponse, error) {
		found, err := c.under(r.GetFilter())
		return &qdrant.CountResponse{Result: &qdrant.CountResult{Count: uint64(len(found))}}, err
	})
}

func (s *points) CreateFieldIndex(_ context.Context, r *qdrant.CreateFieldIndexCollection) (*qdrant.PointsOperationResponse, error) {
	return write(s.data, r.GetCollectionName(), func(c *collection) (*qdrant.PointsOperationResponse, error) {
		if _, err := parseKey(r.GetFieldName()); err != nil {
			return nil, err
		}
		if r.FieldType == nil {
			return nil, unimplemented("an index without a field type")
		}
		c.indexes[r.GetFieldName()] = qdrant.PayloadSchemaType(r.GetFieldType() + 1) // the two lists differ by Unknown
		return completed(), nil
	})
}

func completed() *qdrant.PointsOperationResponse {
	return &qdrant.PointsOperationResponse{Result: &qdrant.UpdateResult{Status: qdrant.UpdateStatus_Completed}}
}
