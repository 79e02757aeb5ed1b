package qdrant_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/qdrant"
	"github.com/sightline-search/sightline/vectordb/qdrant/qdranttest"
)

// TestTheNextWriterCarriesWhatAKilledOneDidNot: an image that was deleted is gone from the generations that do not serve,
// whoever writes next.
func TestTheNextWriterCarriesWhatAKilledOneDidNot(t *testing.T) {
	s := qdranttest.Start(t, qdranttest.Options{})
	store := prepared(t, s)
	b, err := store.Build(t.Context(), nextModel)
	require.NoError(t, err)
	encoded := vectordb.Encoded{ID: faultID(1), Features: sightline.Features{Global: []float32{1, 2, 3, 4}, Patches: []byte("next")}}
	require.NoError(t, b.Put(t.Context(), []vectordb.Encoded{encoded}))
	s.Inject(qdranttest.Fault{Method: "Delete", Err: qdranttest.FullDisk()}) // out of that generation
	require.Error(t, store.RemoveFiles(t.Context(), []string{"/p/1"}))
	s.Heal()
	require.NoError(t, store.Close())
	store = openOn(t, s, qdrant.ReadWrite)
	require.NoError(t, store.PutBad(t.Context(), unrelated()))
	all, err := store.Generations(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, []int{2, 0}, []int{all[0].Images, all[1].Images})
}
