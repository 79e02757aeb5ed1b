package qdranttest_test

import (
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
)

// texts gives the payload of a point whose values are all texts.
func texts(p *qdrant.RetrievedPoint) map[string]string {
	out := map[string]string{}
	for key, v := range p.GetPayload() {
		out[key] = v.GetStringValue()
	}
	return out
}

func payloadChanges(t *testing.T, w *wire) {
	name := w.collection()
	w.put(name, point(1, map[string]any{"a": "1", "b": "1"}), point(2, map[string]any{"a": "2"}))
	set := func(s *qdrant.PointsSelector, payload map[string]any) error {
		_, err := w.SetPayload(w.ctx(), &qdrant.SetPayloadPoints{CollectionName: name, Wait: qdrant.PtrOf(true), PointsSelector: s, Payload: qdrant.NewValueMap(payload)})
		return err
	}
	require.NoError(t, set(qdrant.NewPointsSelector(nums(1)...), map[string]any{"a": "new", "c": "new"}))
	assert.Equal(t, map[string]string{"a": "new", "b": "1", "c": "new"}, texts(w.all(name)["1"]), "fields are set, others stay")
	require.NoError(t, set(qdrant.NewPointsSelector(nums(1)...), map[string]any{"c": nil}))
	assert.Equal(t, map[string]string{"a": "new", "b": "1"}, texts(w.all(name)["1"]), "null takes a field off")
	byFilter := qdrant.NewPointsSelectorFilter(&qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatch("a", "2")}})
	require.NoError(t, set(byFilter, map[string]any{"d": "x"}))
	assert.Equal(t, map[string]string{"a": "2", "d": "x"}, texts(w.all(name)["2"]))
	refused(t, codes.NotFound, set(qdrant.NewPointsSelector(nums(1, 99)...), map[string]any{"e": "x"}), "unknown point")
	refused(t, codes.InvalidArgument, set(nil, map[string]any{"e": "x"}), "no selector")

	_, err := w.OverwritePayload(w.ctx(), &qdrant.SetPayloadPoints{
		CollectionName: name, Wait: qdrant.PtrOf(true), PointsSelector: qdrant.NewPointsSelector(nums(1)...), Payload: qdrant.NewValueMap(map[string]any{"only": "this"}),
	})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"only": "this"}, texts(w.all(name)["1"]))
	_, err = w.DeletePayload(w.ctx(), &qdrant.DeletePayloadPoints{
		CollectionName: name, Wait: qdrant.PtrOf(true), PointsSelector: qdrant.NewPointsSelector(nums(2)...), Keys: []string{"a", "unknown"},
	})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"d": "x"}, texts(w.all(name)["2"]))
}

func vectorChanges(t *testing.T, w *wire) {
	name := w.collection()
	w.put(name, point(1, map[string]any{"a": "1"}))
	_, err := w.UpdateVectors(w.ctx(), &qdrant.UpdatePointVectors{CollectionName: name, Wait: qdrant.PtrOf(true), Points: []*qdrant.PointVectors{{
		Id: qdrant.NewIDNum(1), Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{"tags": qdrant.NewVectorSparse([]uint32{5}, []float32{1})}),
	}}})
	require.NoError(t, err)
	got := w.all(name)["1"]
	assert.Equal(t, map[string]string{"a": "1"}, texts(got))
	assert.Len(t, got.GetVectors().GetVectors().GetVectors(), 2, "the other vector stays")
	_, err = w.UpdateVectors(w.ctx(), &qdrant.UpdatePointVectors{CollectionName: name, Wait: qdrant.PtrOf(true), Points: []*qdrant.PointVectors{{
		Id: qdrant.NewIDNum(99), Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{"dot": qdrant.NewVector(1, 2, 3)}),
	}}})
	refused(t, codes.NotFound, err)
	_, err = w.DeleteVectors(w.ctx(), &qdrant.DeletePointVectors{
		CollectionName: name, Wait: qdrant.PtrOf(true), PointsSelector: qdrant.NewPointsSelector(nums(1)...), Vectors: &qdrant.VectorsSelector{Names: []string{"tags"}},
	})
	require.NoError(t, err)
	assert.Len(t, w.all(name)["1"].GetVectors().GetVectors().GetVectors(), 1)
}

func deletes(t *testing.T, w *wire) {
	name := w.collection()
	for n := range uint64(6) {
		w.put(name, point(n, map[string]any{"odd": n%2 == 1}))
	}
	remove := func(s *qdrant.PointsSelector) {
		_, err := w.Delete(w.ctx(), &qdrant.DeletePoints{CollectionName: name, Wait: qdrant.PtrOf(true), Points: s})
		require.NoError(t, err)
	}
	remove(qdrant.NewPointsSelector(nums(0, 99)...))
	assert.Equal(t, []string{"1", "2", "3", "4", "5"}, w.under(name, nil), "unknown ids are fine")
	remove(qdrant.NewPointsSelectorFilter(&qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatchBool("odd", true)}}))
	assert.Equal(t, []string{"2", "4"}, w.under(name, nil))
	_, err := w.Delete(w.ctx(), &qdrant.DeletePoints{CollectionName: name, Wait: qdrant.PtrOf(true)})
	refused(t, codes.InvalidArgument, err, "no selector")
}

func batches(t *testing.T, w *wire) {
	name := w.collection()
	upsert := func(p ...*qdrant.PointStruct) *qdrant.PointsUpdateOperation {
		return qdrant.NewPointsUpdateUpsert(&qdrant.PointsUpdateOperation_PointStructList{Points: p})
	}
	batch := func(ops ...*qdrant.PointsUpdateOperation) error {
		_, err := w.UpdateBatch(w.ctx(), &qdrant.UpdateBatchPoints{CollectionName: name, Wait: qdrant.PtrOf(true), Operations: ops})
		return err
	}
	require.NoError(t, batch(
		upsert(point(1, map[string]any{"a": "1"}), point(2, nil)),
		qdrant.NewPointsUpdateSetPayload(&qdrant.PointsUpdateOperation_SetPayload{
			PointsSelector: qdrant.NewPointsSelector(nums(1)...), Payload: qdrant.NewValueMap(map[string]any{"b": "2"}),
		}),
		qdrant.NewPointsUpdateDeletePoints(&qdrant.PointsUpdateOperation_DeletePoints{Points: qdrant.NewPointsSelector(nums(2)...)}),
	))
	assert.Equal(t, map[string]string{"a": "1", "b": "2"}, texts(w.all(name)["1"]), "in their order")
	assert.NotContains(t, w.all(name), "2")

	wrong := withVectors(4, map[string]*qdrant.Vector{"dot": qdrant.NewVector(1)})
	refused(t, codes.InvalidArgument, batch(upsert(point(3, nil)), upsert(wrong), upsert(point(5, nil))))
	assert.Equal(t, []string{"1", "3"}, w.under(name, nil), "a batch is no transaction: what came before stays")
}
