package qdranttest

import (
	"context"

	"github.com/qdrant/go-client/qdrant"
)

func (s *points) Scroll(_ context.Context, r *qdrant.ScrollPoints) (*qdrant.ScrollResponse, error) {
	limit := 10
	if r.Limit != nil {
		limit = int(r.GetLimit())
	}
	if limit == 0 {
		return nil, invalid("Validation error in body: [limit: value 0 invalid, must be 1 or larger]")
	}
	return read(s.data, r.GetCollectionName(), func(c *collection) (*qdrant.ScrollResponse, error) {
		if r.GetOrderBy() != nil {
			return c.scrollOrdered(r, limit)
		}
		return c.scrollByID(r, limit)
	})
}

// scrollByID gives a page of points from an id on, and the id that the next page begins with.
func (c *collection) scrollByID(r *qdrant.ScrollPoints, limit int) (*qdrant.ScrollResponse, error) {
	found, err := c.under(r.GetFilter())
	if err != nil {
		return nil, err
	}
	if r.GetOffset() != nil {
		from, err := parseID(r.GetOffset())
		if err != nil {
			return nil, err
		}
		for len(found) > 0 && found[0].id.compare(from) < 0 {
			found = found[1:]
		}
	}
	reply := &qdrant.ScrollResponse{}
	if len(found) > limit {
		reply.NextPageOffset, found = found[limit].id.proto(), found[:limit]
	}
	reply.Result, err = retrieved(found, r.GetWithPayload(), r.GetWithVectors())
	return reply, err
}

// scrollOrdered gives the first points by a field. It has no offset: the next page starts from a value.
func (c *collection) scrollOrdered(r *qdrant.ScrollPoints, limit int) (*qdrant.ScrollResponse, error) {
	if r.GetOffset() != nil {
		return nil, wrongInput("Cannot use an `offset` when using `order_by`. The alternative for paging is to use " +
			"`order_by.start_from` and a filter to exclude the IDs that you've already seen for the `order_by.start_from` value")
	}
	found, err := c.ordered(r.GetFilter(), r.GetOrderBy())
	if err != nil {
		return nil, err
	}
	found = found[:min(limit, len(found))]
	plain := make([]*point, len(found))
	for i, o := range found {
		plain[i] = o.point
	}
	result, err := retrieved(plain, r.GetWithPayload(), r.GetWithVectors())
	for i, p := range result {
		p.OrderValue = found[i].value
	}
	return &qdrant.ScrollResponse{Result: result}, err
}
