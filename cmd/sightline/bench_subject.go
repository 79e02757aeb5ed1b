package main

import (
	"log/slog"

	"github.com/sightline-search/sightline/api"
	"github.com/sightline-search/sightline/internal/bench"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// benchSubject opens an index for bench as `index` and `serve` do.
func (a *app) benchSubject(dir string, write bool) (*bench.Subject, error) {
	inside := *a
	inside.Data, inside.Store = dir, "sqlite"
	mode := embedded.ReadOnly
	if write {
		mode = embedded.ReadWrite
	}
	e, err := inside.openEngine(mode)
	if err != nil {
		return nil, err
	}
	handler := api.New(api.Options{Index: e.index, Log: slog.New(slog.DiscardHandler), Version: programVersion(), Loopback: true, Decode: e.decodePicture})
	return &bench.Subject{Index: e.index, Store: e.store, Handler: handler, Close: e.Close}, nil
}
