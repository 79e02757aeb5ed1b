package qdranttest

import (
	"cmp"
	"context"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// Query gives the points with the largest scores, exactly.
func (s *points) Query(_ context.Context, r *qdrant.QueryPoints) (*qdrant.QueryResponse, error) {
	limit := defaultLimit
	if r.Limit != nil {
		limit = int(r.GetLimit())
	}
	if limit == 0 {
		return nil, noLimit()
	}
	if err := plain(r.GetWithPayload().GetInclude().GetFields()...); err != nil {
		return nil, err
	}
	return read(s.data, r.GetCollectionName(), func(c *collection) (*qdrant.QueryResponse, error) {
		score, err := c.scorer(r)
		if err != nil {
			return nil, err
		}
		found, err := c.under(r.GetFilter())
		if err != nil {
			return nil, err
		}
		reply := &qdrant.QueryResponse{}
		for _, hit := range nearest(found, score, limit) {
			reply.Result = append(reply.Result, &qdrant.ScoredPoint{Id: hit.id.proto(), Score: hit.score, Payload: selected(hit.payload, r.GetWithPayload())})
		}
		return reply, nil
	})
}

type scored struct {
	*point
	score float32
}

// nearest gives the best points. A server promises no order among equals: this one is the opposite of the obvious, so that
// nobody leans on it.
func nearest(found []*point, score func(*point) (float32, bool), limit int) []scored {
	var hits []scored
	for _, p := range found {
		if x, ok := score(p); ok {
			hits = append(hits, scored{p, x})
		}
	}
	slices.SortFunc(hits, func(a, b scored) int { return cmp.Or(-cmp.Compare(a.score, b.score), -a.id.compare(b.id)) })
	return hits[:min(limit, len(hits))]
}

// scorer scores points that have the vector. A sparse score of 0 is no hit, except that a server which looks at few points
// under a filter, one by one, gives those that have an index in common.
func (c *collection) scorer(r *qdrant.QueryPoints) (func(*point) (float32, bool), error) {
	using := r.GetUsing()
	switch v := r.GetQuery().GetNearest().GetVariant().(type) {
	case *qdrant.VectorInput_Dense:
		params := c.dense[using]
		if params == nil {
			return nil, wrongInput("Not existing vector name error: %s", using)
		}
		return func(p *point) (float32, bool) {
			stored, ok := p.vectors[using]
			if !ok {
				return 0, false
			}
			return dot(v.Dense, stored.GetDense()), true
		}, fits(params, v.Dense)
	case *qdrant.VectorInput_Sparse:
		if c.sparse[using] == nil {
			return nil, wrongInput("Not existing vector name error: %s", using)
		}
		query, err := sortedSparse(v.Sparse)
		return func(p *point) (float32, bool) {
			score, meet := sparseDot(query, p.vectors[using].GetSparse())
			return score, score != 0 || meet && r.GetFilter() != nil
		}, err
	}
	return nil, unimplemented("a query without a vector")
}
