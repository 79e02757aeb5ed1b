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

// Get gives each known point once, in the order of the ids.
func (s *points) Get(_ context.Context, r *qdrant.GetPoints) (*qdrant.GetResponse, error) {
	if err := plain(r.GetWithPayload().GetInclude().GetFields()...); err != nil {
		return nil, err
	}
	return read(s.data, r.GetCollectionName(), func(c *collection) (*qdrant.GetResponse, error) {
		ids, err := parseIDs(r.GetIds())
		if err != nil {
			return nil, err
		}
		reply, seen := &qdrant.GetResponse{}, map[pointID]bool{}
		for _, id := range ids {
			if p := c.points[id]; p != nil && !seen[id] {
				seen[id] = true
				reply.Result = append(reply.Result, p.retrieved(r.GetWithPayload(), r.GetWithVectors()))
			}
		}
		return reply, nil
	})
}

func (p *point) retrieved(payload *qdrant.WithPayloadSelector, vectors *qdrant.WithVectorsSelector) *qdrant.RetrievedPoint {
	return &qdrant.RetrievedPoint{Id: p.id.proto(), Payload: selected(p.payload, payload), Vectors: p.output(vectors)}
}

func (s *points) Count(_ context.Context, r *qdrant.CountPoints) (*qdrant.CountResponse, error) {
	return read(s.data, r.GetCollectionName(), func(c *collection) (*qdrant.CountResponse, error) {
		found, err := c.under(r.GetFilter())
		return &qdrant.CountResponse{Result: &qdrant.CountResult{Count: uint64(len(found))}}, err
	})
}

// defaultLimit is how many points a server gives when a call says nothing.
const defaultLimit = 10

func noLimit() error {
	return invalid("Validation error in body: [limit: value 0 invalid, must be 1 or larger]")
}
