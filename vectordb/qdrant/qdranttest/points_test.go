package qdranttest_test

import (
	"math"
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

func ids(t *testing.T, w *wire) {
	name := w.collection()
	const a, b = "0123ABCD-0000-4000-8000-000000000000", "ffffffff000040008000000000000000"
	for _, id := range []*qdrant.PointId{qdrant.NewID(b), qdrant.NewID(a), qdrant.NewIDNum(math.MaxUint64), qdrant.NewIDNum(7), qdrant.NewIDNum(10)} {
		w.put(name, &qdrant.PointStruct{Id: id, Vectors: qdrant.NewVectorsMap(nil)})
	}
	want := []string{"7", "10", "18446744073709551615", "0123abcd-0000-4000-8000-000000000000", "ffffffff-0000-4000-8000-000000000000"}
	assert.Equal(t, want, w.under(name, nil), "numbers before UUIDs, in the usual spelling")
	for _, wrong := range []*qdrant.PointId{qdrant.NewID("not a UUID"), qdrant.NewID(""), {}, nil} {
		_, err := w.Upsert(w.ctx(), &qdrant.UpsertPoints{CollectionName: name, Points: []*qdrant.PointStruct{{Id: wrong, Vectors: qdrant.NewVectorsMap(nil)}}, Wait: new(true)})
		refused(t, codes.InvalidArgument, err, wrong)
		_, err = w.Get(w.ctx(), &qdrant.GetPoints{CollectionName: name, Ids: []*qdrant.PointId{wrong}})
		refused(t, codes.InvalidArgument, err, wrong)
	}
}

var everyKind = map[string]any{
	"text": "größe ✗ 海", "empty": "", "int": int64(math.MaxInt64), "minus": int64(-5), "double": 0.1, "whole": 3.0,
	"yes": true, "no": false, "nothing": nil, "list": []any{int64(1), "two", nil, []any{}},
	"object": map[string]any{"inner": []any{map[string]any{"x": int64(1)}}}, "empty list": []any{}, "empty object": map[string]any{},
}

func everythingComesBack(t *testing.T, w *wire) {
	name := w.collection()
	p := point(1, everyKind)
	p.Vectors = qdrant.NewVectorsMap(map[string]*qdrant.Vector{
		"global": qdrant.NewVector(3, 0, -4),
		"tags":   qdrant.NewVectorSparse([]uint32{9, 2, math.MaxUint32}, []float32{0.25, 1, -1}),
	})
	w.put(name, p)
	got := w.all(name)["1"]
	require.NotNil(t, got)
	require.Len(t, got.GetPayload(), len(everyKind))
	for key, v := range p.GetPayload() {
		assert.True(t, proto.Equal(v, got.GetPayload()[key]), "%s: %s != %s", key, v, got.GetPayload()[key])
	}
	vectors := got.GetVectors().GetVectors().GetVectors()
	require.Len(t, vectors, 2)
	assert.Equal(t, []float32{3, 0, -4}, vectors["global"].GetDense().GetData())
	assert.Equal(t, []uint32{2, 9, math.MaxUint32}, vectors["tags"].GetSparse().GetIndices(), "sorted")
	assert.Equal(t, []float32{1, 0.25, -1}, vectors["tags"].GetSparse().GetValues())
}

func partsOfPoints(t *testing.T, w *wire) {
	name := w.collection()
	p := point(1, map[string]any{"a": "x", "b": "y"})
	p.GetVectors().GetVectors().GetVectors()["tags"] = qdrant.NewVectorSparse(nil, nil)
	w.put(name, p, point(2, nil), point(3, nil))
	get := func(payload *qdrant.WithPayloadSelector, vectors *qdrant.WithVectorsSelector) *qdrant.RetrievedPoint {
		found, err := w.Get(w.ctx(), &qdrant.GetPoints{CollectionName: name, Ids: nums(1), WithPayload: payload, WithVectors: vectors})
		require.NoError(t, err)
		require.Len(t, found, 1)
		return found[0]
	}
	keys := func(p *qdrant.RetrievedPoint) []string {
		out := []string{}
		for key := range p.GetPayload() {
			out = append(out, key)
		}
		return out
	}
	assert.Empty(t, keys(get(nil, nil)))
	assert.Nil(t, get(nil, nil).GetVectors().GetVectors())
	assert.Empty(t, keys(get(qdrant.NewWithPayload(false), nil)))
	assert.Equal(t, []string{"b"}, keys(get(qdrant.NewWithPayloadInclude("b", "unknown"), nil)))
	assert.Len(t, get(nil, qdrant.NewWithVectors(true)).GetVectors().GetVectors().GetVectors(), 2)
	assert.Len(t, get(nil, qdrant.NewWithVectorsInclude("global")).GetVectors().GetVectors().GetVectors(), 1)

	found, err := w.Get(w.ctx(), &qdrant.GetPoints{CollectionName: name, Ids: nums(3, 99, 1, 3)})
	require.NoError(t, err)
	assert.Equal(t, []string{"3", "1"}, idsOf(found), "unknown ids are left out, others come once")
	found, err = w.Get(w.ctx(), &qdrant.GetPoints{CollectionName: name})
	require.NoError(t, err)
	assert.Empty(t, found)
}

func refusedVectors(t *testing.T, w *wire) {
	name := w.collection()
	for what, v := range map[string]map[string]*qdrant.Vector{
		"too short":       {"global": qdrant.NewVector(1, 2)},
		"too long":        {"global": qdrant.NewVector(1, 2, 3, 4)},
		"none":            {"global": qdrant.NewVectorDense(nil)},
		"unknown":         {"other": qdrant.NewVector(1, 2, 3)},
		"sparse as dense": {"global": qdrant.NewVectorSparse([]uint32{1}, []float32{1})},
		"dense as sparse": {"tags": qdrant.NewVector(1, 2, 3)},
		"index twice":     {"tags": qdrant.NewVectorSparse([]uint32{1, 1}, []float32{1, 2})},
		"value missing":   {"tags": qdrant.NewVectorSparse([]uint32{1, 2}, []float32{1})},
	} {
		_, err := w.Upsert(w.ctx(), &qdrant.UpsertPoints{
			CollectionName: name, Wait: new(true), Points: []*qdrant.PointStruct{withVectors(1, v)},
		})
		refused(t, codes.InvalidArgument, err, what)
	}
	assert.Empty(t, w.under(name, nil))
}

func upsertsReplace(t *testing.T, w *wire) {
	name := w.collection()
	first := point(1, map[string]any{"a": "x", "b": "y"})
	w.put(name, first)
	w.put(name, withVectors(1, map[string]*qdrant.Vector{"global": qdrant.NewVector(7, 7, 7)}))
	got := w.all(name)["1"]
	assert.Empty(t, got.GetPayload(), "payload is replaced, not merged")
	assert.Equal(t, []float32{7, 7, 7}, got.GetVectors().GetVectors().GetVectors()["global"].GetDense().GetData())
	w.put(name, point(1, map[string]any{"c": "early"}), point(1, map[string]any{"c": "late"}))
	assert.Equal(t, "late", w.all(name)["1"].GetPayload()["c"].GetStringValue(), "of two in a call the last one holds")
	_, err := w.Upsert(w.ctx(), &qdrant.UpsertPoints{CollectionName: name, Wait: new(true)})
	refused(t, codes.InvalidArgument, err, "nothing to do")
}

func conditionalUpserts(t *testing.T, w *wire) {
	name := w.collection()
	w.put(name, point(1, map[string]any{"state": "old"}), point(2, map[string]any{"state": "locked"}))
	now := map[string]any{"state": "new"}
	_, err := w.Upsert(w.ctx(), &qdrant.UpsertPoints{
		CollectionName: name, Wait: new(true), Points: []*qdrant.PointStruct{point(1, now), point(2, now), point(3, now)},
		UpdateFilter: must(qdrant.NewMatch("state", "old")), Ordering: &qdrant.WriteOrdering{Type: qdrant.WriteOrderingType_Strong},
	})
	require.NoError(t, err)
	got := map[string]string{}
	for id, p := range w.all(name) {
		got[id] = p.GetPayload()["state"].GetStringValue()
	}
	assert.Equal(t, map[string]string{"1": "new", "2": "locked", "3": "new"}, got, "what is new is inserted whatever the condition")
}
