package qdranttest

import (
	"maps"

	"github.com/qdrant/go-client/qdrant"
)

// upsert stores whole points: payload and vectors replace those that were there. All points are checked first. A filter
// holds back known points that are not under it; the mode holds back known or unknown ones altogether.
func (c *collection) upsert(list *qdrant.PointsUpdateOperation_PointStructList) error {
	holds, err := compile(list.GetUpdateFilter())
	if err != nil {
		return err
	}
	stored := make([]*point, len(list.GetPoints()))
	for i, p := range list.GetPoints() {
		id, err := parseID(p.GetId())
		if err != nil {
			return err
		}
		vectors, err := c.vectorsOf(p.GetVectors())
		if err != nil {
			return err
		}
		stored[i] = &point{id: id, payload: p.GetPayload(), vectors: vectors}
	}
	known := maps.Clone(c.points) // the conditions look at what was there before the call
	for _, p := range stored {
		old := known[p.id]
		switch mode := list.GetUpdateMode(); {
		case mode == qdrant.UpdateMode_InsertOnly && old != nil, mode == qdrant.UpdateMode_UpdateOnly && old == nil:
		case mode != qdrant.UpdateMode_InsertOnly && old != nil && !holds(element{old, old.payload}):
		default:
			c.points[p.id] = p
		}
	}
	return nil
}

// updateVectors replaces the named vectors and leaves the others and the payload.
func (c *collection) updateVectors(op *qdrant.PointsUpdateOperation_UpdateVectors) error {
	holds, err := compile(op.GetUpdateFilter())
	if err != nil {
		return err
	}
	var changed []*point
	for _, update := range op.GetPoints() {
		id, err := parseID(update.GetId())
		if err != nil {
			return err
		}
		vectors, err := c.vectorsOf(update.GetVectors())
		if err != nil {
			return err
		}
		old := c.points[id]
		if old == nil {
			return notFound("Not found: No point with id %s found", id)
		}
		if holds(element{old, old.payload}) {
			all := maps.Clone(old.vectors)
			maps.Copy(all, vectors)
			changed = append(changed, &point{id: id, payload: old.payload, vectors: all})
		}
	}
	for _, p := range changed {
		c.points[p.id] = p
	}
	return nil
}
