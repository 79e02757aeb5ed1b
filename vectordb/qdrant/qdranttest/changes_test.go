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
		_, err := w.SetPayload(w.ctx(), &qdrant.SetPayloadPoints{CollectionName: name, Wait: new(true), PointsSelector: s, Payload: qdrant.NewValueMap(payload)})
		return err
	}
	require.NoError(t, set(qdrant.NewPointsSelector(nums(1)...), map[string]any{"a": "new", "c": "new"}))
	assert.Equal(t, map[string]string{"a": "new", "b": "1", "c": "new"}, texts(w.all(name)["1"]), "fields are set, others stay")
	require.NoError(t, set(qdrant.NewPointsSelector(nums(1)...), map[string]any{"c": nil}))
	assert.Equal(t, map[string]string{"a": "new", "b": "1"}, texts(w.all(name)["1"]), "null takes a field off")
	byFilter := qdrant.NewPointsSelectorFilter(&qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatch("a", "2")}})
	require.NoError(t, set(byFilter, map[string]any{"d": "x"}))
	assert.Equal(t, map[string]string{"a": "2", "d": "x"}, texts(w.all(name)["2"]))
	refused(t, codes.NotFound, set(qdrant.NewPointsSelector(nums(98, 2, 99)...), map[string]any{"e": "x"}), "unknown points")
	assert.Equal(t, map[string]string{"a": "2", "d": "x", "e": "x"}, texts(w.all(name)["2"]), "the known ones are changed all the same")
	refused(t, codes.InvalidArgument, set(qdrant.NewPointsSelector(), map[string]any{"e": "x"}), "no ids")
	require.NoError(t, set(qdrant.NewPointsSelectorFilter(must(qdrant.NewMatch("a", "nothing"))), map[string]any{"e": "x"}), "no points under a filter")
	refused(t, codes.InvalidArgument, set(nil, map[string]any{"e": "x"}), "no selector")

	_, err := w.DeletePayload(w.ctx(), &qdrant.DeletePayloadPoints{
		CollectionName: name, Wait: new(true), PointsSelector: qdrant.NewPointsSelector(nums(2)...), Keys: []string{"a", "e", "unknown"},
	})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"d": "x"}, texts(w.all(name)["2"]))
}

func vectorChanges(t *testing.T, w *wire) {
	name := w.collection()
	w.put(name, point(1, map[string]any{"a": "1"}))
	_, err := w.UpdateVectors(w.ctx(), &qdrant.UpdatePointVectors{CollectionName: name, Wait: new(true), Points: []*qdrant.PointVectors{{
		Id: qdrant.NewIDNum(1), Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{"tags": qdrant.NewVectorSparse([]uint32{5}, []float32{1})}),
	}}})
	require.NoError(t, err)
	got := w.all(name)["1"]
	assert.Equal(t, map[string]string{"a": "1"}, texts(got))
	assert.Len(t, got.GetVectors().GetVectors().GetVectors(), 2, "the other vector stays")
	_, err = w.UpdateVectors(w.ctx(), &qdrant.UpdatePointVectors{CollectionName: name, Wait: new(true), Points: []*qdrant.PointVectors{{
		Id: qdrant.NewIDNum(99), Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{"global": qdrant.NewVector(1, 2, 3)}),
	}}})
	refused(t, codes.NotFound, err)
}

func deletes(t *testing.T, w *wire) {
	name := w.collection()
	for n := range uint64(6) {
		w.put(name, point(n, map[string]any{"odd": int64(n % 2)}))
	}
	remove := func(s *qdrant.PointsSelector) {
		_, err := w.Delete(w.ctx(), &qdrant.DeletePoints{CollectionName: name, Wait: new(true), Points: s})
		require.NoError(t, err)
	}
	remove(qdrant.NewPointsSelector(nums(0, 99)...))
	assert.Equal(t, []string{"1", "2", "3", "4", "5"}, w.under(name, nil), "unknown ids are fine")
	remove(qdrant.NewPointsSelectorFilter(&qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatchInt("odd", 1)}}))
	assert.Equal(t, []string{"2", "4"}, w.under(name, nil))
	_, err := w.Delete(w.ctx(), &qdrant.DeletePoints{CollectionName: name, Wait: new(true)})
	refused(t, codes.InvalidArgument, err, "no selector")
	_, err = w.Delete(w.ctx(), &qdrant.DeletePoints{CollectionName: name, Wait: new(true), Points: qdrant.NewPointsSelector()})
	refused(t, codes.InvalidArgument, err, "no ids")
}
