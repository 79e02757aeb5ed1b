package qdranttest_test

import (
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
)

func pages(t *testing.T, w *wire) {
	name := w.collection()
	for n := range uint64(12) {
		w.put(name, point(n, map[string]any{"odd": int64(n % 2)}))
	}
	found, next, err := w.ScrollAndOffset(w.ctx(), &qdrant.ScrollPoints{CollectionName: name})
	require.NoError(t, err)
	assert.Len(t, found, 10, "the default")
	assert.Equal(t, "10", id(next))
	found, next, err = w.ScrollAndOffset(w.ctx(), &qdrant.ScrollPoints{CollectionName: name, Offset: next})
	require.NoError(t, err)
	assert.Equal(t, []string{"10", "11"}, idsOf(found))
	assert.Nil(t, next, "the last page")

	even := must(qdrant.NewMatchInt("odd", 0))
	found, next, err = w.ScrollAndOffset(w.ctx(), &qdrant.ScrollPoints{CollectionName: name, Filter: even, Limit: new(uint32(2)), Offset: qdrant.NewIDNum(3)})
	require.NoError(t, err)
	assert.Equal(t, []string{"4", "6"}, idsOf(found))
	assert.Equal(t, "8", id(next))
	found, next, err = w.ScrollAndOffset(w.ctx(), &qdrant.ScrollPoints{CollectionName: name, Filter: even, Limit: new(uint32(6))})
	require.NoError(t, err)
	assert.Len(t, found, 6)
	assert.Nil(t, next, "exactly one page")
	_, err = w.Scroll(w.ctx(), &qdrant.ScrollPoints{CollectionName: name, Limit: new(uint32(0))})
	refused(t, codes.InvalidArgument, err)
}

func orders(t *testing.T, w *wire) {
	name := w.collection()
	w.put(name,
		point(1, map[string]any{"size": int64(20)}), point(2, map[string]any{"size": int64(-10)}), point(3, map[string]any{"size": []any{int64(20), int64(1)}}),
		point(4, map[string]any{"size": "no number"}), point(5, map[string]any{"size": big + 1}), point(6, map[string]any{"size": big}),
	)
	order := func(direction qdrant.Direction, limit uint32) []string {
		found, next, err := w.ScrollAndOffset(w.ctx(), &qdrant.ScrollPoints{
			CollectionName: name, OrderBy: &qdrant.OrderBy{Key: "size", Direction: &direction}, Limit: &limit, Filter: mustNot(qdrant.NewHasID(nums(99)...)),
		})
		require.NoError(t, err)
		assert.Nil(t, next, "an order has no next offset")
		return idsOf(found)
	}
	_, err := w.Scroll(w.ctx(), &qdrant.ScrollPoints{CollectionName: name, OrderBy: &qdrant.OrderBy{Key: "size"}})
	refused(t, codes.InvalidArgument, err, "no index")
	w.index(name, "size", qdrant.FieldType_FieldTypeInteger)
	_, err = w.Scroll(w.ctx(), &qdrant.ScrollPoints{CollectionName: name, OrderBy: &qdrant.OrderBy{Key: "size"}, Offset: qdrant.NewIDNum(1)})
	refused(t, codes.InvalidArgument, err, "an offset")
	assert.Equal(t, []string{"2", "3", "1", "3", "6", "5"}, order(qdrant.Direction_Asc, 9), "by value, then id; a list comes once a value")
	assert.Equal(t, []string{"5", "6", "3", "1", "3", "2"}, order(qdrant.Direction_Desc, 9))
	assert.Equal(t, []string{"5", "6"}, order(qdrant.Direction_Desc, 2))
}

func nearest(t *testing.T, w *wire) {
	name := w.collection()
	at := func(n uint64, x, y, z float32) *qdrant.PointStruct {
		return withVectors(n, map[string]*qdrant.Vector{"global": qdrant.NewVector(x, y, z)})
	}
	w.put(name, at(1, 1, 0, 0), at(2, 4, 4, 0), at(3, -1, 0, 0), at(4, 0, 0, 0), withVectors(5, map[string]*qdrant.Vector{"tags": qdrant.NewVectorSparse([]uint32{1}, []float32{1})}))
	query := func(change func(*qdrant.QueryPoints)) ([]string, []float32) {
		q := &qdrant.QueryPoints{CollectionName: name, Query: qdrant.NewQuery(2, 0, 0), Using: new("global"), Params: &qdrant.SearchParams{Exact: new(true)}}
		change(q)
		found, err := w.Query(w.ctx(), q)
		require.NoError(t, err)
		var scores []float32
		for _, p := range found {
			scores = append(scores, p.GetScore())
		}
		return idsOf(found), scores
	}
	order, scores := query(func(*qdrant.QueryPoints) {})
	assert.Equal(t, []string{"2", "1", "4", "3"}, order, "what lacks the vector is left out")
	assert.Equal(t, []float32{8, 2, 0, -2}, scores)
	order, _ = query(func(q *qdrant.QueryPoints) { q.Limit = new(uint64(2)) })
	assert.Equal(t, []string{"2", "1"}, order)
	order, _ = query(func(q *qdrant.QueryPoints) { q.Filter = must(qdrant.NewHasID(nums(3, 5)...)) })
	assert.Equal(t, []string{"3"}, order)

	for what, q := range map[string]*qdrant.QueryPoints{
		"length":  {Query: qdrant.NewQuery(1, 2), Using: new("global")},
		"unknown": {Query: qdrant.NewQuery(1, 2, 3), Using: new("other")},
		"unnamed": {Query: qdrant.NewQuery(1, 2, 3)},
		"sparse":  {Query: qdrant.NewQuerySparse([]uint32{1}, []float32{1}), Using: new("global")},
		"dense":   {Query: qdrant.NewQuery(1, 2, 3), Using: new("tags")},
		"limit 0": {Query: qdrant.NewQuery(1, 2, 3), Using: new("global"), Limit: new(uint64(0))},
	} {
		q.CollectionName = name
		_, err := w.Query(w.ctx(), q)
		refused(t, codes.InvalidArgument, err, what)
	}
}

func nearestSparse(t *testing.T, w *wire) {
	name := w.collection()
	tags := func(n uint64, indices []uint32, values []float32) *qdrant.PointStruct {
		return withVectors(n, map[string]*qdrant.Vector{"tags": qdrant.NewVectorSparse(indices, values)})
	}
	w.put(name,
		tags(1, []uint32{1, 2}, []float32{0.5, 0.25}), tags(2, []uint32{2}, []float32{1}), tags(3, []uint32{3}, []float32{1}), tags(4, []uint32{2}, []float32{0.125}),
		tags(5, []uint32{2}, []float32{0}), tags(6, []uint32{2}, []float32{-1}), tags(7, nil, nil), point(8, nil),
	)
	query := func(q *qdrant.Query, filter *qdrant.Filter) ([]string, []float32) {
		found, err := w.Query(w.ctx(), &qdrant.QueryPoints{
			CollectionName: name, Using: new("tags"), Query: q, Filter: filter, Params: &qdrant.SearchParams{Exact: new(true)},
		})
		require.NoError(t, err)
		var scores []float32
		for _, p := range found {
			scores = append(scores, p.GetScore())
		}
		return idsOf(found), scores
	}
	order, scores := query(qdrant.NewQuerySparse([]uint32{2, 1}, []float32{1, 2}), mustNot(qdrant.NewHasID(nums(4)...)))
	assert.Equal(t, []string{"1", "2", "5", "6"}, order, "what has nothing in common is left out")
	assert.Equal(t, []float32{1.25, 1, 0, -1}, scores)
	order, _ = query(qdrant.NewQuerySparse([]uint32{2}, []float32{1}), nil)
	assert.Equal(t, []string{"2", "1", "4", "6"}, order, "without a filter, so is what scores 0")
	order, _ = query(qdrant.NewQuerySparse(nil, nil), nil)
	assert.Empty(t, order)
	_, err := w.Query(w.ctx(), &qdrant.QueryPoints{CollectionName: name, Using: new("tags"), Query: qdrant.NewQuerySparse([]uint32{2, 2}, []float32{1, 1})})
	refused(t, codes.InvalidArgument, err, "an index twice")
}

func facets(t *testing.T, w *wire) {
	name := w.collection()
	w.put(name, point(1, map[string]any{"name": []any{"a", "b", "a"}}), point(2, map[string]any{"name": "b"}), point(3, map[string]any{"name": int64(3)}), point(4, map[string]any{"name": "c"}))
	facet := func(limit uint64) (map[string]int, error) {
		hits, err := w.Facet(w.ctx(), &qdrant.FacetCounts{CollectionName: name, Key: "name", Limit: &limit, Exact: new(true)})
		counts := map[string]int{}
		for _, hit := range hits {
			counts[hit.GetValue().GetStringValue()] = int(hit.GetCount())
		}
		return counts, err
	}
	_, err := facet(10)
	refused(t, codes.InvalidArgument, err, "no index")
	w.index(name, "name", qdrant.FieldType_FieldTypeKeyword)
	counts, err := facet(10)
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"a": 1, "b": 2, "c": 1}, counts)
	counts, err = facet(1)
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"b": 2}, counts)
}
