package qdranttest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
)

func snapshots(t *testing.T, w *wire) {
	name := w.collection()
	list, err := w.ListSnapshots(w.ctx(), name)
	require.NoError(t, err)
	assert.Empty(t, list)
	w.put(name, point(1, map[string]any{"name": "a"}))
	made, err := w.CreateSnapshot(w.ctx(), name)
	require.NoError(t, err)
	defer func() { _ = w.DeleteSnapshot(w.ctx(), name, made.GetName()) }() // a real server keeps it, the stand-in does not know the call
	assert.Contains(t, made.GetName(), name)
	assert.Positive(t, made.GetSize())
	list, err = w.ListSnapshots(w.ctx(), name)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, made.GetName(), list[0].GetName())
	_, err = w.CreateSnapshot(w.ctx(), w.fresh())
	refused(t, codes.NotFound, err)

	info, err := w.GetCollectionClusterInfo(w.ctx(), name)
	require.NoError(t, err)
	assert.Len(t, info.GetLocalShards(), 1)
	assert.Empty(t, info.GetRemoteShards())
	_, err = w.GetCollectionClusterInfo(w.ctx(), w.fresh())
	refused(t, codes.NotFound, err)
}
