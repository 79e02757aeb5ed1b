// Package index holds the use cases: add folders, search, tag. The pipeline of a query and of indexing is spelled out
// here and nowhere else. It must not know which store, which transport or which command calls it.
package index

import (
	"context"

	"golang.org/x/sync/singleflight"

	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/cache"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/vectordb"
)

// Index joins a model, a store and a cache. Safe for concurrent use.
type Index struct {
	bundle *bundle.Bundle
	images *encoder.Images
	texts  *encoder.Texts // nil when the bundle serves its labels only
	align  *align.Aligner
	store  vectordb.Store
	cache  cache.Cache

	encoding   singleflight.Group // texts that are being looked up or encoded, by key
	thresholds map[string]float64 // of the labels, by name
	openWriter func() (vectordb.Store, error)
	gate       *gate
	turn       chan struct{} // held by whoever changes the store
	woken      chan struct{} // a user's tag waits to be scored
}

// Parts is what an Index is made of. The Index does not close them.
type Parts struct {
	Bundle *bundle.Bundle
	Images *encoder.Images
	Texts  *encoder.Texts // nil when the bundle serves its labels only
	Align  *align.Aligner
	Store  vectordb.Store
	Cache  cache.Cache

	// Places is how many steps of searches compute at the same time: cores divided by the threads of one model run. 0 is
	// one for each core.
	Places int

	// OpenWriter opens the store for one change, which closes it again; nil where Store itself can be written to.
	OpenWriter func() (vectordb.Store, error)
}

// New joins the parts.
func New(p Parts) *Index {
	x := &Index{
		bundle: p.Bundle, images: p.Images, texts: p.Texts, align: p.Align, store: p.Store, cache: p.Cache,
		openWriter: p.OpenWriter, gate: newGate(p.Places), turn: make(chan struct{}, 1), woken: make(chan struct{}, 1),
		thresholds: make(map[string]float64, len(p.Bundle.Labels)),
	}
	for _, label := range p.Bundle.Labels {
		x.thresholds[label.Name] = label.Threshold
	}
	return x
}

// Stats summarises the index and its parts.
type Stats struct {
	Store vectordb.Stats
	Cache cache.Stats
	Model bundle.Manifest
}

// Stats summarises the index.
func (x *Index) Stats(ctx context.Context) (Stats, error) {
	stored, err := x.store.Stats(ctx)
	return Stats{Store: stored, Cache: x.cache.Stats(), Model: x.bundle.Manifest}, err
}
