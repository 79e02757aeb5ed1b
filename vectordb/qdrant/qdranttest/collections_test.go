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
	list, err := w.ListCollections(w.ctx())
	require.NoError(t, err)
	assert.Contains(t, list, name)
	refused(t, codes.AlreadyExists, w.CreateCollection(w.ctx(), &qdrant.CreateCollection{CollectionName: name, VectorsConfig: qdrant.NewVectorsConfigMap(nil)}))
	for _, wrong := range []string{"", "a/b"} {
		refused(t, codes.InvalidArgument, w.CreateCollection(w.ctx(), &qdrant.CreateCollection{CollectionName: wrong, VectorsConfig: qdrant.NewVectorsConfigMap(nil)}))
	}

	w.put(name, point(1, map[string]any{"name": "a"}), point(2, nil))
	w.index(name, "name", qdrant.FieldType_FieldTypeKeyword)
	w.index(name, "name", qdrant.FieldType_FieldTypeKeyword) // again
	w.index(name, "size", qdrant.FieldType_FieldTypeInteger)
	w.index(name, "key", qdrant.FieldType_FieldTypeUuid)
	info, err := w.GetCollectionInfo(w.ctx(), name)
	require.NoError(t, err)
	assert.EqualValues(t, 2, info.GetPointsCount())
	assert.Contains(t, []qdrant.CollectionStatus{qdrant.CollectionStatus_Green, qdrant.CollectionStatus_Yellow, qdrant.CollectionStatus_Grey}, info.GetStatus())
	assert.True(t, info.GetOptimizerStatus().GetOk())
	kinds := map[string]qdrant.PayloadSchemaType{}
	for field, schema := range info.GetPayloadSchema() {
		kinds[field] = schema.GetDataType()
	}
	assert.Equal(t, map[string]qdrant.PayloadSchemaType{
		"name": qdrant.PayloadSchemaType_Keyword, "size": qdrant.PayloadSchemaType_Integer, "key": qdrant.PayloadSchemaType_Uuid,
	}, kinds)
	params := info.GetConfig().GetParams()
	assert.EqualValues(t, 3, params.GetVectorsConfig().GetParamsMap().GetMap()["global"].GetSize())
	assert.Contains(t, params.GetSparseVectorsConfig().GetMap(), "tags")

	require.NoError(t, w.DeleteCollection(w.ctx(), name))
	_, err = w.GetCollectionInfo(w.ctx(), name)
	refused(t, codes.NotFound, err)
	gone, err := w.GetCollectionsClient().Delete(w.ctx(), &qdrant.DeleteCollection{CollectionName: name})
	require.NoError(t, err, "deleting again")
	assert.False(t, gone.GetResult())
}

func withoutVectors(t *testing.T, w *wire) {
	name := w.fresh()
	require.NoError(t, w.CreateCollection(w.ctx(), &qdrant.CreateCollection{CollectionName: name, VectorsConfig: qdrant.NewVectorsConfigMap(nil)}))
	defer func() { require.NoError(t, w.DeleteCollection(w.ctx(), name)) }()
	w.put(name, &qdrant.PointStruct{Id: qdrant.NewIDNum(1), Vectors: qdrant.NewVectorsMap(nil), Payload: qdrant.NewValueMap(map[string]any{"data": "AAA="})})
	assert.Equal(t, map[string]string{"data": "AAA="}, texts(w.all(name)["1"]))
	_, err := w.Upsert(w.ctx(), &qdrant.UpsertPoints{CollectionName: name, Wait: new(true), Points: []*qdrant.PointStruct{{Id: qdrant.NewIDNum(2)}}})
	refused(t, codes.InvalidArgument, err, "no vectors are said by an empty map of them")
	_, err = w.Query(w.ctx(), &qdrant.QueryPoints{CollectionName: name, Query: qdrant.NewQuery(1, 2, 3), Using: new("global")})
	refused(t, codes.InvalidArgument, err)
}

func missingIsNotFound(t *testing.T, w *wire) {
	missing := w.fresh()
	_, err := w.GetCollectionInfo(w.ctx(), missing)
	refused(t, codes.NotFound, err)
	_, err = w.Upsert(w.ctx(), &qdrant.UpsertPoints{CollectionName: missing, Points: []*qdrant.PointStruct{point(1, nil)}, Wait: new(true)})
	refused(t, codes.NotFound, err)
	_, err = w.Count(w.ctx(), &qdrant.CountPoints{CollectionName: missing})
	refused(t, codes.NotFound, err)
	_, err = w.Get(w.ctx(), &qdrant.GetPoints{CollectionName: missing, Ids: nums(1)})
	refused(t, codes.NotFound, err)
	_, err = w.Query(w.ctx(), &qdrant.QueryPoints{CollectionName: missing, Query: qdrant.NewQuery(1, 0, 0), Using: new("global")})
	refused(t, codes.NotFound, err)
	_, err = w.Scroll(w.ctx(), &qdrant.ScrollPoints{CollectionName: missing})
	refused(t, codes.NotFound, err)
	refused(t, codes.NotFound, w.CreateAlias(w.ctx(), w.fresh(), missing))
	require.NoError(t, w.DeleteAlias(w.ctx(), w.fresh()))
}

// aliasOf gives the collection behind an alias, "" where there is none.
func (w *wire) aliasOf(alias string) string {
	w.t.Helper()
	list, err := w.ListAliases(w.ctx())
	require.NoError(w.t, err)
	for _, a := range list {
		if a.GetAliasName() == alias {
			return a.GetCollectionName()
		}
	}
	return ""
}

func aliases(t *testing.T, w *wire) {
	name, alias := w.collection(), w.fresh()
	require.NoError(t, w.CreateAlias(w.ctx(), alias, name))
	w.put(alias, point(1, map[string]any{"name": "a"}))
	assert.Contains(t, w.all(name), "1", "written by the alias")
	assert.Contains(t, w.all(alias), "1", "read by the alias")
	assert.Equal(t, name, w.aliasOf(alias))
	refused(t, codes.AlreadyExists, w.CreateAlias(w.ctx(), name, name), "an alias with the name of a collection")
	refused(t, codes.InvalidArgument, w.CreateCollection(w.ctx(), &qdrant.CreateCollection{CollectionName: alias, VectorsConfig: qdrant.NewVectorsConfigMap(nil)}), "a collection with the name of an alias")
	require.NoError(t, w.DeleteCollection(w.ctx(), name))
	_, err := w.Count(w.ctx(), &qdrant.CountPoints{CollectionName: alias})
	refused(t, codes.NotFound, err, "aliases go with their collection")
	assert.Empty(t, w.aliasOf(alias))
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
	assert.Equal(t, newSearch, w.aliasOf(search))
	assert.Equal(t, newPatches, w.aliasOf(patches))
	refused(t, codes.NotFound, w.UpdateAliases(w.ctx(), []*qdrant.AliasOperations{qdrant.NewAliasCreate(search, w.fresh()), qdrant.NewAliasDelete(patches)}))
	assert.Equal(t, newSearch, w.aliasOf(search))
	assert.Equal(t, newPatches, w.aliasOf(patches))
}
