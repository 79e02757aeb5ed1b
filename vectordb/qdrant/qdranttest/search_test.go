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
		w.put(name, point(n, map[string]any{"even": n%2 == 0}))
	}
	found, next, err := w.ScrollAndOffset(w.ctx(), &qdrant.ScrollPoints{CollectionName: name})
	require.NoError(t, err)
	assert.Len(t, found, 10, "the default")
	assert.Equal(t, "10", id(next))
	found, next, err = w.ScrollAndOffset(w.ctx(), &qdrant.ScrollPoints{CollectionName: name, Offset: next})
	require.NoError(t, err)
	assert.Equal(t, []string{"10", "11"}, idsOf(found))
	assert.Nil(t, next, "the last page")

	even := must(qdrant.NewMatchBool("even", true))
	found, next, err = w.ScrollAndOffset(w.ctx(), &qdrant.ScrollPoints{CollectionName: name, Filter: even, Limit: qdrant.PtrOf(uint32(2)), Offset: qdrant.NewIDNum(3)})
	require.NoError(t, err)
	assert.Equal(t, []string{"4", "6"}, idsOf(found))
	assert.Equal(t, "8", id(next))
	found, next, err = w.ScrollAndOffset(w.ctx(), &qdrant.ScrollPoints{CollectionName: name, Filter: even, Limit: qdrant.PtrOf(uint32(6))})
	require.NoError(t, err)
	assert.Len(t, found, 6)
	assert.Nil(t, next, "exactly one page")
	_, err = w.Scroll(w.ctx(), &qdrant.ScrollPoints{CollectionName: name, Limit: qdrant.PtrOf(uint32(0))})
	refused(t, codes.InvalidArgument, err)
}

func orders(t *testing.T, w *wire) {
	name := w.collection()
	w.put(name,
		point(1, map[string]any{"size": int64(20), "taken": "2024-03-01T00:00:00Z"}), point(2, map[string]any{"size": int64(10), "taken": "2024-02-01T00:00:00+02:00"}),
		point(3, map[string]any{"size": int64(20)}), point(4, map[string]any{"size": "no number"}), point(5, map[string]any{"size": int64(1<<53 + 1)}), point(6, map[string]any{"size": int64(1 << 53)}),
	)
	scroll := func(by *qdrant.OrderBy) []*qdrant.RetrievedPoint {
		found, next, err := w.ScrollAndOffset(w.ctx(), &qdrant.ScrollPoints{CollectionName: name, OrderBy: by, Limit: qdrant.PtrOf(uint32(5))})
		require.NoError(t, err)
		assert.Nil(t, next, "an order has no next offset")
		return found
	}
	_, err := w.Scroll(w.ctx(), &qdrant.ScrollPoints{CollectionName: name, OrderBy: &qdrant.OrderBy{Key: "size"}})
	refused(t, codes.InvalidArgument, err, "no index")
	w.index(name, "size", qdrant.FieldType_FieldTypeInteger)
	w.index(name, "taken", qdrant.FieldType_FieldTypeDatetime)
	_, err = w.Scroll(w.ctx(), &qdrant.ScrollPoints{CollectionName: name, OrderBy: &qdrant.OrderBy{Key: "size"}, Offset: qdrant.NewIDNum(1)})
	refused(t, codes.InvalidArgument, err, "an offset")

	descending := qdrant.PtrOf(qdrant.Direction_Desc)
	assert.Equal(t, []string{"2", "1", "3", "6", "5"}, idsOf(scroll(&qdrant.OrderBy{Key: "size"})), "by value, then id; what has no integer is left out")
	assert.Equal(t, []string{"5", "6", "3", "1", "2"}, idsOf(scroll(&qdrant.OrderBy{Key: "size", Direction: descending})))
	assert.Equal(t, []string{"1", "3", "6", "5"}, idsOf(scroll(&qdrant.OrderBy{Key: "size", StartFrom: qdrant.NewStartFromInt(20)})))
	assert.Equal(t, []string{"3", "1", "2"}, idsOf(scroll(&qdrant.OrderBy{Key: "size", Direction: descending, StartFrom: qdrant.NewStartFromFloat(20.5)})))
	byTime := scroll(&qdrant.OrderBy{Key: "taken"})
	assert.Equal(t, []string{"2", "1"}, idsOf(byTime))
	assert.EqualValues(t, 1706738400_000000, byTime[0].GetOrderValue().GetInt(), "microseconds")
	assert.Equal(t, []string{"1"}, idsOf(scroll(&qdrant.OrderBy{Key: "taken", StartFrom: qdrant.NewStartFromDatetime("2024-02-02T00:00:00Z")})))
	assert.Equal(t, []string{"1"}, idsOf(scroll(&qdrant.OrderBy{Key: "taken", StartFrom: qdrant.NewStartFromTimestamp(1706832000, 0)})))

	found, err := w.Query(w.ctx(), &qdrant.QueryPoints{
		CollectionName: name, Query: qdrant.NewQueryOrderBy(&qdrant.OrderBy{Key: "size"}), Offset: qdrant.PtrOf(uint64(1)), Limit: qdrant.PtrOf(uint64(2)),
		Filter: mustNot(qdrant.NewHasID(nums(3)...)),
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"1", "6"}, idsOf(found), "a query by an order takes an offset")
}

func nearest(t *testing.T, w *wire) {
	name := w.collection()
	both := func(n uint64, x, y, z float32) *qdrant.PointStruct {
		return withVectors(n, map[string]*qdrant.Vector{"cosine": qdrant.NewVector(x, y, z), "dot": qdrant.NewVector(x, y, z)})
	}
	w.put(name, both(1, 1, 0, 0), both(2, 4, 4, 0), both(3, -1, 0, 0), both(4, 0, 0, 0), withVectors(5, map[string]*qdrant.Vector{"tags": qdrant.NewVectorSparse([]uint32{1}, []float32{1})}))
	query := func(using string, change func(*qdrant.QueryPoints)) ([]string, []float32) {
		q := &qdrant.QueryPoints{CollectionName: name, Query: qdrant.NewQuery(2, 0, 0), Using: &using, Params: &qdrant.SearchParams{Exact: qdrant.PtrOf(true)}}
		change(q)
		found, err := w.Query(w.ctx(), q)
		require.NoError(t, err)
		var scores []float32
		for _, p := range found {
			scores = append(scores, p.GetScore())
		}
		return idsOf(found), scores
	}
	all := func(*qdrant.QueryPoints) {}
	order, scores := query("cosine", all)
	assert.Equal(t, []string{"1", "2", "4", "3"}, order, "what lacks the vector is left out")
	assert.InDeltaSlice(t, []float32{1, 0.70710677, 0, -1}, scores, 1e-6)
	order, scores = query("dot", all)
	assert.Equal(t, []string{"2", "1", "4", "3"}, order)
	assert.Equal(t, []float32{8, 2, 0, -2}, scores)
	order, _ = query("dot", func(q *qdrant.QueryPoints) { q.ScoreThreshold = qdrant.PtrOf(float32(2)) })
	assert.Equal(t, []string{"2", "1"}, order, "the threshold itself passes")
	order, _ = query("dot", func(q *qdrant.QueryPoints) { q.Limit, q.Offset = qdrant.PtrOf(uint64(2)), qdrant.PtrOf(uint64(1)) })
	assert.Equal(t, []string{"1", "4"}, order)
	order, _ = query("dot", func(q *qdrant.QueryPoints) { q.Filter = must(qdrant.NewHasID(nums(3, 5)...)) })
	assert.Equal(t, []string{"3"}, order)
	order, _ = query("dot", func(q *qdrant.QueryPoints) { q.Query, q.Using = nil, nil })
	assert.Equal(t, []string{"1", "2", "3", "4", "5"}, order, "without a query by id")

	for what, q := range map[string]*qdrant.QueryPoints{
		"length":  {Query: qdrant.NewQuery(1, 2), Using: qdrant.PtrOf("dot")},
		"unknown": {Query: qdrant.NewQuery(1, 2, 3), Using: qdrant.PtrOf("other")},
		"unnamed": {Query: qdrant.NewQuery(1, 2, 3)},
		"sparse":  {Query: qdrant.NewQuerySparse([]uint32{1}, []float32{1}), Using: qdrant.PtrOf("dot")},
		"dense":   {Query: qdrant.NewQuery(1, 2, 3), Using: qdrant.PtrOf("tags")},
		"limit 0": {Query: qdrant.NewQuery(1, 2, 3), Using: qdrant.PtrOf("dot"), Limit: qdrant.PtrOf(uint64(0))},
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
	w.put(name, tags(1, []uint32{1, 2}, []float32{0.5, 0.25}), tags(2, []uint32{2}, []float32{1}), tags(3, []uint32{3}, []float32{1}), tags(4, []uint32{2}, []float32{0.125}), point(5, nil))
	found, err := w.Query(w.ctx(), &qdrant.QueryPoints{
		CollectionName: name, Using: qdrant.PtrOf("tags"), Query: qdrant.NewQuerySparse([]uint32{2, 1}, []float32{1, 2}), Filter: mustNot(qdrant.NewHasID(nums(4)...)),
	})
	require.NoError(t, err)
	require.Equal(t, []string{"1", "2"}, idsOf(found), "what has nothing in common is left out")
	assert.InDelta(t, 1.25, found[0].GetScore(), 1e-6)
	assert.InDelta(t, 1, found[1].GetScore(), 1e-6)
	found, err = w.Query(w.ctx(), &qdrant.QueryPoints{
		CollectionName: name, Using: qdrant.PtrOf("tags"), Query: qdrant.NewQuerySparse([]uint32{2}, []float32{1}), ScoreThreshold: qdrant.PtrOf(float32(0.25)),
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"2", "1"}, idsOf(found))
	_, err = w.Query(w.ctx(), &qdrant.QueryPoints{CollectionName: name, Using: qdrant.PtrOf("tags"), Query: qdrant.NewQuerySparse([]uint32{2, 2}, []float32{1, 1})})
	refused(t, codes.InvalidArgument, err, "an index twice")
}

func facets(t *testing.T, w *wire) {
	name := w.collection()
	w.put(name, point(1, map[string]any{"name": []any{"a", "b", "a"}}), point(2, map[string]any{"name": "b"}), point(3, map[string]any{"name": int64(3)}), point(4, map[string]any{"name": "c"}))
	facet := func(f *qdrant.Filter, limit uint64) (map[string]int, error) {
		hits, err := w.Facet(w.ctx(), &qdrant.FacetCounts{CollectionName: name, Key: "name", Filter: f, Limit: &limit, Exact: qdrant.PtrOf(true)})
		counts := map[string]int{}
		for _, hit := range hits {
			counts[hit.GetValue().GetStringValue()] = int(hit.GetCount())
		}
		return counts, err
	}
	_, err := facet(nil, 10)
	refused(t, codes.InvalidArgument, err, "no index")
	w.index(name, "name", qdrant.FieldType_FieldTypeKeyword)
	counts, err := facet(nil, 10)
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"a": 1, "b": 2, "c": 1}, counts)
	counts, err = facet(nil, 1)
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"b": 2}, counts)
	counts, err = facet(must(qdrant.NewHasID(nums(2, 4)...)), 10)
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"b": 1, "c": 1}, counts)
}
