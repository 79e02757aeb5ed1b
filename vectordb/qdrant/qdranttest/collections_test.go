package qdranttest_test

import (
	"context"
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
)

func collectionsComeAndGo(t *testing.T, w *wire) {
	name := w.collection()
	exists, err := w.CollectionExists(w.ctx(), name)
	require.NoError(t, err)
	assert.True(t, exists)
	list, err := w.ListCollections(w.ctx())
	require.NoError(t, err)
	assert.Contains(t, list, name)
	refused(t, codes.AlreadyExists, w.CreateCollection(w.ctx(), &qdrant.CreateCollection{
		CollectionName: name, VectorsConfig: qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: 3, Distance: qdrant.Distance_Dot}),
	}))

	w.put(name, point(1, map[string]any{"name": "a"}), point(2, nil))
	w.index(name, "name", qdrant.FieldType_FieldTypeKeyword)
	w.index(name, "name", qdrant.FieldType_FieldTypeKeyword) // again
	w.index(name, "size", qdrant.FieldType_FieldTypeInteger)
	info, err := w.GetCollectionInfo(w.ctx(), name)
	require.NoError(t, err)
	assert.EqualValues(t, 2, info.GetPointsCount())
	assert.Contains(t, []qdrant.CollectionStatus{qdrant.CollectionStatus_Green, qdrant.CollectionStatus_Yellow, qdrant.CollectionStatus_Grey}, info.GetStatus())
	assert.True(t, info.GetOptimizerStatus().GetOk())
	assert.Equal(t, qdrant.PayloadSchemaType_Keyword, info.GetPayloadSchema()["name"].GetDataType())
	assert.Equal(t, qdrant.PayloadSchemaType_Integer, info.GetPayloadSchema()["size"].GetDataType())
	params := info.GetConfig().GetParams()
	assert.EqualValues(t, 3, params.GetVectorsConfig().GetParamsMap().GetMap()["cosine"].GetSize())
	assert.Equal(t, qdrant.Distance_Dot, params.GetVectorsConfig().GetParamsMap().GetMap()["dot"].GetDistance())
	assert.Contains(t, params.GetSparseVectorsConfig().GetMap(), "tags")

	require.NoError(t, w.DeleteCollection(w.ctx(), name))
	exists, err = w.CollectionExists(w.ctx(), name)
	require.NoError(t, err)
	assert.False(t, exists)
	gone, err := w.GetCollectionsClient().Delete(w.ctx(), &qdrant.DeleteCollection{CollectionName: name})
	require.NoError(t, err, "deleting again")
	assert.False(t, gone.GetResult())
}

func missingIsNotFound(t *testing.T, w *wire) {
	missing := w.fresh()
	_, err := w.GetCollectionInfo(w.ctx(), missing)
	refused(t, codes.NotFound, err)
	_, err = w.Upsert(w.ctx(), &qdrant.UpsertPoints{CollectionName: missing, Points: []*qdrant.PointStruct{point(1, nil)}})
	refused(t, codes.NotFound, err)
	_, err = w.Count(w.ctx(), &qdrant.CountPoints{CollectionName: missing})
	refused(t, codes.NotFound, err)
	_, err = w.Get(w.ctx(), &qdrant.GetPoints{CollectionName: missing, Ids: nums(1)})
	refused(t, codes.NotFound, err)
	_, err = w.Query(w.ctx(), &qdrant.QueryPoints{CollectionName: missing, Query: qdrant.NewQuery(1, 0, 0)})
	refused(t, codes.NotFound, err)
	_, err = w.Scroll(w.ctx(), &qdrant.ScrollPoints{CollectionName: missing})
	refused(t, codes.NotFound, err)
	refused(t, codes.NotFound, w.CreateAlias(w.ctx(), w.fresh(), missing))
	refused(t, codes.NotFound, w.RenameAlias(w.ctx(), w.fresh(), w.fresh()))
	require.NoError(t, w.DeleteAlias(w.ctx(), w.fresh()))
}

func aliases(t *testing.T, w *wire) {
	one, alias, other := w.collection(), w.fresh(), w.fresh()
	require.NoError(t, w.CreateAlias(w.ctx(), alias, one))
	w.put(alias, point(1, map[string]any{"name": "a"}))
	assert.Contains(t, w.all(one), "1", "written by the alias")
	assert.Contains(t, w.all(alias), "1", "read by the alias")
	exists, err := w.CollectionExists(w.ctx(), alias)
	require.NoError(t, err)
	assert.True(t, exists, "an alias counts as a collection here")
	list, err := w.ListCollectionAliases(w.ctx(), one)
	require.NoError(t, err)
	assert.Equal(t, []string{alias}, list)
	refused(t, codes.AlreadyExists, w.CreateAlias(w.ctx(), one, one), "an alias with the name of a collection")
	refused(t, codes.InvalidArgument, w.CreateCollection(w.ctx(), &qdrant.CreateCollection{
		CollectionName: alias, VectorsConfig: qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: 3, Distance: qdrant.Distance_Dot}),
	}), "a collection with the name of an alias")

	require.NoError(t, w.RenameAlias(w.ctx(), alias, other))
	_, err = w.Count(w.ctx(), &qdrant.CountPoints{CollectionName: alias})
	refused(t, codes.NotFound, err)
	assert.Contains(t, w.all(other), "1")
	require.NoError(t, w.DeleteCollection(w.ctx(), one))
	_, err = w.Count(w.ctx(), &qdrant.CountPoints{CollectionName: other})
	refused(t, codes.NotFound, err, "aliases go with their collection")
	every, err := w.ListAliases(w.ctx())
	require.NoError(t, err)
	for _, a := range every {
		assert.NotEqual(t, other, a.GetAliasName())
	}
}

func aliasesSwitchTogether(t *testing.T, w *wire) {
	oldSearch, oldPatches, newSearch, newPatches := w.collection(), w.collection(), w.collection(), w.collection()
	search, patches := w.fresh(), w.fresh()
	t.Cleanup(func() {
		_ = w.UpdateAliases(context.WithoutCancel(w.ctx()), []*qdrant.AliasOperations{qdrant.NewAliasDelete(search), qdrant.NewAliasDelete(patches)})
	})
	require.NoError(t, w.UpdateAliases(w.ctx(), []*qdrant.AliasOperations{qdrant.NewAliasCreate(search, oldSearch), qdrant.NewAliasCreate(patches, oldPatches)}))
	// An alias that is there is pointed elsewhere by creating it again.
	require.NoError(t, w.UpdateAliases(w.ctx(), []*qdrant.AliasOperations{qdrant.NewAliasCreate(search, newSearch), qdrant.NewAliasDelete(patches), qdrant.NewAliasCreate(patches, newPatches)}))
	for collection, alias := range map[string]string{newSearch: search, newPatches: patches} {
		list, err := w.ListCollectionAliases(w.ctx(), collection)
		require.NoError(t, err)
		assert.Equal(t, []string{alias}, list)
	}
	refused(t, codes.NotFound, w.UpdateAliases(w.ctx(), []*qdrant.AliasOperations{qdrant.NewAliasCreate(search, w.fresh()), qdrant.NewAliasDelete(patches)}))
	w.all(search)
	w.all(patches)
}
