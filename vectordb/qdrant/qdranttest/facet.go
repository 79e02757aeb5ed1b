package qdranttest

import (
	"cmp"
	"context"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// Facet counts the points under the filter by the values of a field, most frequent first.
func (s *points) Facet(_ context.Context, r *qdrant.FacetCounts) (*qdrant.FacetResponse, error) {
	return read(s.data, r.GetCollectionName(), func(c *collection) (*qdrant.FacetResponse, error) {
		switch c.indexes[r.GetKey()] {
		case qdrant.PayloadSchemaType_Keyword:
		case qdrant.PayloadSchemaType_Integer, qdrant.PayloadSchemaType_Bool, qdrant.PayloadSchemaType_Uuid:
			return nil, unimplemented("facets of other fields than keywords")
		default:
			return nil, wrongInput("No appropriate index for faceting: `%s`. Please create one to facet on this field.", r.GetKey())
		}
		hits, err := c.facet(r)
		if r.Limit != nil {
			hits = hits[:min(len(hits), int(r.GetLimit()))]
		} else {
			hits = hits[:min(len(hits), 10)]
		}
		return &qdrant.FacetResponse{Hits: hits}, err
	})
}

func (c *collection) facet(r *qdrant.FacetCounts) ([]*qdrant.FacetHit, error) {
	path, err := parseKey(r.GetKey())
	if err != nil {
		return nil, err
	}
	found, err := c.under(r.GetFilter())
	counts := map[string]*qdrant.FacetHit{}
	for _, p := range found {
		seen := map[string]bool{}
		for _, v := range flat(values(p.payload, path)) {
			if s, ok := v.GetKind().(*qdrant.Value_StringValue); ok && !seen[s.StringValue] {
				seen[s.StringValue] = true
				if counts[s.StringValue] == nil {
					counts[s.StringValue] = &qdrant.FacetHit{Value: &qdrant.FacetValue{Variant: &qdrant.FacetValue_StringValue{StringValue: s.StringValue}}}
				}
				counts[s.StringValue].Count++
			}
		}
	}
	hits := make([]*qdrant.FacetHit, 0, len(counts))
	for _, hit := range counts {
		hits = append(hits, hit)
	}
	slices.SortFunc(hits, func(a, b *qdrant.FacetHit) int {
		return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.GetValue().GetStringValue(), b.GetValue().GetStringValue()))
	})
	return hits, err
}
