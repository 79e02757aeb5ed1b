package main

import (
	"context"

	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
	"github.com/sightline-search/sightline/vectordb/qdrant"
)

// patchCacheBytes holds the patches of some thousand images that were looked at before; a Qdrant server is asked for the
// others.
const patchCacheBytes = 512 << 20

// openStore opens the store that the settings name.
func (a *app) openStore(mode vectordb.Mode) (vectordb.Store, error) {
	if !a.Qdrant() {
		return embedded.Open(a.IndexDir(), mode)
	}
	options, err := a.qdrantOptions(mode)
	if err != nil {
		return nil, err
	}
	store, err := qdrant.Open(context.Background(), options)
	if err != nil {
		return nil, err // not a nil *qdrant.Store in an interface
	}
	return store, nil
}

func (a *app) qdrantOptions(mode vectordb.Mode) (qdrant.Options, error) {
	target, err := qdrant.ParseTarget(a.Store)
	return qdrant.Options{
		Target: target, APIKey: a.QdrantKey, Mode: mode, CacheBytes: patchCacheBytes, Warn: func(s string) { a.warn("sightline: " + s) },
	}, err
}
