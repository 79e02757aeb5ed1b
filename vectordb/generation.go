package vectordb

import (
	"context"
	"iter"

	"github.com/sightline-search/sightline"
)

// A generation is one complete set of features under one model. One serves; another can be built beside it and then
// take its place. Facts, files, bad files and user tags belong to images, not to a generation.

// GenerationState says what a generation is for.
type GenerationState string

// The states. One generation serves and at most one is built; retired ones are kept until they are dropped.
const (
	Building GenerationState = "building"
	Serving  GenerationState = "serving"
	Retired  GenerationState = "retired"
)

// Generation describes one generation.
type Generation struct {
	ID     string // the store's name for it
	State  GenerationState
	Model  Model
	Images int   // that it has features of
	Bytes  int64 // on disk, as far as the store can tell; 0 where it cannot
}

// Encoded is what a model makes of one known image.
type Encoded struct {
	ID       sightline.ImageID
	Features sightline.Features
	Tags     []sightline.Tag
}

// Generations changes the model of a store without interrupting who reads it.
type Generations interface {
	// Generations lists them: the serving one, the one that is being built, then the retired ones, newest first.
	Generations(ctx context.Context) ([]Generation, error)
	// Build begins a generation for the model, or goes on with the one that is being built for the same two
	// fingerprints. While another model's is being built it fails with CodeIndexMismatch; Drop that one first. Where
	// many processes can reach the store, any number of them may build the same generation at once.
	Build(ctx context.Context, m Model) (Builder, error)
	// Switch lets a built or retired generation serve, for all readers at the same moment, and retires the one that
	// served. A generation that lacks images of the serving one is refused with CodeIndexMismatch unless partial is
	// true: those images then have no features until they are indexed again, and stay known with their files.
	Switch(ctx context.Context, id string, partial bool) error
	// Drop deletes a generation that does not serve, and gives its room back. An unknown one is fine, the serving one
	// is refused with CodeInvalid.
	Drop(ctx context.Context, id string) error
}

// Builder fills a generation that does not serve. Its methods are idempotent, durable when they return and safe for
// concurrent use.
type Builder interface {
	// ID is the generation's.
	ID() string
	// Put stores features and tags of known images; an image that is unknown, or deleted meanwhile, is left out.
	Put(ctx context.Context, encoded []Encoded) error
	// Missing streams the images of the store that this generation has no features of, in the order of their ids.
	Missing(ctx context.Context) iter.Seq2[*sightline.Image, error]
	// Count gives how many images of the store this generation has features of, and how many there are.
	Count(ctx context.Context) (built, all int, err error)
}
