package qdranttest

import (
	"cmp"
	"context"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// Facet counts points by the values of a keyword field, most frequent first.
func (s *points) Facet(_ context.Context, r *qdrant.FacetCounts) (*qdrant.FacetResponse, error) {
	return read(s.data, r.GetCollectionName(), func(c *collection) (*qdrant.FacetResponse, error) {
		if kind, indexed := c.indexes[r.GetKey()]; !indexed || kind != qdrant.FieldType_FieldTypeKeyword {
			return nil, wrongInput("No appropriate index for faceting: `%s`. Please create one to facet on this field.", r.GetKey())
		}
		limit := defaultLimit
		if r.Limit != nil {
			limit = int(r.GetLimit())
		}
		hits := c.facet(r.GetKey())
		return &qdrant.FacetResponse{Hits: hits[:min(limit, len(hits))]}, nil
	})
}

func (c *collection) facet(key string) []*qdrant.FacetHit {
	carriers := map[string]map[pointID]bool{} // a point counts once, however often its list says the same
	for id, p := range c.points {
		for _, v := range values(p.payload, key) {
			if s, ok := v.GetKind().(*qdrant.Value_StringValue); ok {
				if carriers[s.StringValue] == nil {
					carriers[s.StringValue] = map[pointID]bool{}
				}
				carriers[s.StringValue][id] = true
			}
		}
	}
	hits := make([]*qdrant.FacetHit, 0, len(carriers))
	for value, ids := range carriers {
		hits = append(hits, &qdrant.FacetHit{Value: qdrant.NewFacetValue(value), Count: uint64(len(ids))})
	}
	slices.SortFunc(hits, func(a, b *qdrant.FacetHit) int {
		return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.GetValue().GetStringValue(), b.GetValue().GetStringValue()))
	})
	return hits
}
