package qdranttest

import (
	"cmp"
	"context"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

func (s *points) Scroll(_ context.Context, r *qdrant.ScrollPoints) (*qdrant.ScrollResponse, error) {
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
		found = slices.DeleteFunc(found, func(p *point) bool { return p.id.compare(from) < 0 })
	}
	reply := &qdrant.ScrollResponse{}
	if len(found) > limit {
		reply.NextPageOffset, found = found[limit].id.proto(), found[:limit]
	}
	for _, p := range found {
		reply.Result = append(reply.Result, p.retrieved(r.GetWithPayload(), r.GetWithVectors()))
	}
	return reply, nil
}

// scrollOrdered gives the first points by an integer field and then by id; a point with a list comes once a value. There
// is no offset.
func (c *collection) scrollOrdered(r *qdrant.ScrollPoints, limit int) (*qdrant.ScrollResponse, error) {
	key := r.GetOrderBy().GetKey()
	switch kind, indexed := c.indexes[key]; {
	case r.GetOffset() != nil:
		return nil, wrongInput("Cannot use an `offset` when using `order_by`")
	case !indexed || kind != qdrant.FieldType_FieldTypeInteger:
		return nil, wrongInput("No range index for `order_by` key: `%s`. Please create one to use `order_by`.", key)
	}
	found, err := c.under(r.GetFilter())
	if err != nil {
		return nil, err
	}
	reply := &qdrant.ScrollResponse{}
	for _, p := range found {
		for _, v := range values(p.payload, key) {
			if n, ok := v.GetKind().(*qdrant.Value_IntegerValue); ok {
				hit := p.retrieved(r.GetWithPayload(), r.GetWithVectors())
				hit.OrderValue = qdrant.NewOrderValueInt(n.IntegerValue)
				reply.Result = append(reply.Result, hit)
			}
		}
	}
	slices.SortStableFunc(reply.Result, func(a, b *qdrant.RetrievedPoint) int {
		return cmp.Compare(a.GetOrderValue().GetInt(), b.GetOrderValue().GetInt())
	})
	if r.GetOrderBy().GetDirection() == qdrant.Direction_Desc {
		slices.Reverse(reply.Result)
	}
	reply.Result = reply.Result[:min(limit, len(reply.Result))]
	return reply, nil
}
