package qdranttest

import (
	"cmp"
	"context"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

func (s *points) Query(_ context.Context, r *qdrant.QueryPoints) (*qdrant.QueryResponse, error) {
	return read(s.data, r.GetCollectionName(), func(c *collection) (*qdrant.QueryResponse, error) {
		result, err := c.query(r)
		return &qdrant.QueryResponse{Result: result}, err
	})
}

func (s *points) QueryBatch(_ context.Context, r *qdrant.QueryBatchPoints) (*qdrant.QueryBatchResponse, error) {
	return read(s.data, r.GetCollectionName(), func(c *collection) (*qdrant.QueryBatchResponse, error) {
		reply := &qdrant.QueryBatchResponse{}
		for _, q := range r.GetQueryPoints() {
			result, err := c.query(q)
			if err != nil {
				return nil, err
			}
			reply.Result = append(reply.Result, &qdrant.BatchResult{Result: result})
		}
		return reply, nil
	})
}

// scored is a point of an answer.
type scored struct {
	*point
	score float32
	value *qdrant.OrderValue
}

func (c *collection) query(r *qdrant.QueryPoints) ([]*qdrant.ScoredPoint, error) {
	limit := 10
	if r.Limit != nil {
		limit = int(r.GetLimit())
	}
	switch {
	case limit == 0:
		return nil, invalid("Validation error in body: [limit: value 0 invalid, must be 1 or larger]")
	case len(r.GetPrefetch()) > 0 || r.GetLookupFrom() != nil:
		return nil, unimplemented("prefetch and lookup")
	}
	found, err := c.answer(r)
	if err != nil {
		return nil, err
	}
	found = found[min(int(r.GetOffset()), len(found)):]
	out := make([]*qdrant.ScoredPoint, min(limit, len(found)))
	for i := range out {
		p := found[i]
		payload, err := selected(p.payload, r.GetWithPayload())
		if err != nil {
			return nil, err
		}
		out[i] = &qdrant.ScoredPoint{Id: p.id.proto(), Payload: payload, Vectors: p.output(r.GetWithVectors()), Score: p.score, OrderValue: p.value}
	}
	return out, nil
}

// answer gives all points that a query finds, best first.
func (c *collection) answer(r *qdrant.QueryPoints) ([]scored, error) {
	switch q := r.GetQuery().GetVariant().(type) {
	case nil:
		found, err := c.under(r.GetFilter())
		all := make([]scored, len(found))
		for i, p := range found {
			all[i] = scored{point: p}
		}
		return all, err
	case *qdrant.Query_OrderBy:
		found, err := c.ordered(r.GetFilter(), q.OrderBy)
		all := make([]scored, len(found))
		for i, o := range found {
			all[i] = scored{point: o.point, value: o.value}
		}
		return all, err
	case *qdrant.Query_Nearest:
		return c.nearest(r, q.Nearest)
	}
	return nil, unimplemented("this query: " + r.GetQuery().String())
}

func (c *collection) nearest(r *qdrant.QueryPoints, input *qdrant.VectorInput) ([]scored, error) {
	score, err := c.scorer(r.GetUsing(), input)
	if err != nil {
		return nil, err
	}
	found, err := c.under(r.GetFilter())
	if err != nil {
		return nil, err
	}
	var hits []scored
	for _, p := range found {
		x, ok := score(p)
		if ok && (r.ScoreThreshold == nil || x >= r.GetScoreThreshold()) {
			hits = append(hits, scored{point: p, score: x})
		}
	}
	// A server promises no order among equals. This one is the opposite of the obvious, so that nobody leans on it.
	slices.SortFunc(hits, func(a, b scored) int { return cmp.Or(-cmp.Compare(a.score, b.score), -a.id.compare(b.id)) })
	return hits, nil
}

// scorer scores points that have the vector; of sparse ones those that have an index with the query in common.
func (c *collection) scorer(using string, input *qdrant.VectorInput) (func(*point) (float32, bool), error) {
	switch v := input.GetVariant().(type) {
	case *qdrant.VectorInput_Dense:
		params := c.dense[using]
		if params == nil {
			return nil, wrongInput("Not existing vector name error: %s", using)
		}
		query, err := fitting(params, v.Dense.GetData())
		return func(p *point) (float32, bool) {
			stored, ok := p.vectors[using]
			if !ok {
				return 0, false
			}
			return dot(query, stored.GetDense().GetData()), true
		}, err
	case *qdrant.VectorInput_Sparse:
		if c.sparse[using] == nil {
			return nil, wrongInput("Not existing vector name error: %s", using)
		}
		query, err := sortedSparse(v.Sparse)
		return func(p *point) (float32, bool) {
			stored, ok := p.vectors[using]
			if !ok {
				return 0, false
			}
			return sparseDot(query, stored.GetSparse())
		}, err
	}
	return nil, unimplemented("this vector: " + input.String())
}
