package vectordb

import (
	"context"
	"iter"

	"github.com/sightline-search/sightline"
)

// A generation is one complete set of features and probabilities under one model. One serves; another can be built
// beside it and then take its place. Facts, files, bad files and user tags belong to images, not to a generation: an
// image that is deleted is gone from all of them, and a user's tag that is removed is taken off in all of them.

// GenerationState says what a generation is for.
type GenerationState string

// The states. One generation serves and at most one is built; retired ones are kept until they are dropped.
const (
	Serving  GenerationState = "serving"
	Building GenerationState = "building"
	Retired  GenerationState = "retired"
)

// Generation describes one generation.
type Generation struct {
	ID     string // the store's name for it
	State  GenerationState
	Model  Model // zero for the serving one of a store that has no model yet
	Images int   // that it has features of
	Bytes  int64 // on disk, as far as the store can tell; 0 where it cannot
}

// Encoded is what a model makes of one known image. CheckEncoded says which ones are refused.
type Encoded struct {
	ID       sightline.ImageID
	Features sightline.Features
	Tags     []sightline.Tag
}

// Generations changes the model of a store without interrupting who reads it.
type Generations interface {
	// Generations lists them: the serving one, the one that is being built, then the retired ones, newest first.
	Generations(ctx context.Context) ([]Generation, error)
	// Build gives the generation of exactly this model to fill: the serving one, where it has gaps; one that is being built
	// or is retired, to go on with it; else it begins a new one. It changes the state of none. While another model's is
	// being built, a new one is refused with CodeIndexMismatch; Drop that one first. Where many processes can write to
	// the store, any number of them may fill the same generation at once.
	Build(ctx context.Context, m Model) (Builder, error)
	// Switch lets a built or retired generation serve, for all readers at the same moment, and retires the one that
	// served. A generation that lacks images of the serving one is refused with CodeIndexMismatch unless partial is
	// true: those images then have no features until Build is called again for the model, and stay known with their files.
	// The user's tags count as not scored afterwards (Scored "", not Complete): what the generation holds of them may be
	// older than they are. An unknown one is CodeNotFound, the serving one is fine.
	Switch(ctx context.Context, id string, partial bool) error
	// Drop deletes a generation that does not serve and gives its room back to the store. An unknown one is fine, the
	// serving one is refused with CodeInvalid.
	Drop(ctx context.Context, id string) error
	// Pin binds this handle to a model, so that its owner never meets another model's data in the middle of its work.
	// What is read of features and probabilities (Nearest, ByTag, Features, Tags, filters on tags) then comes from the
	// serving generation if it is of exactly this model (its name aside), otherwise from a retired one of this model for
	// as long as there is one, and otherwise fails with CodeIndexMismatch. Stats gives the model of the generation that
	// answers; where none does, the serving one's. What is written of them (Put, SetTags, PutUserTag with probabilities)
	// fails with CodeIndexMismatch unless the serving generation is of this model. Facts are read and written as ever,
	// and a store without a model answers as an empty one. Pin comes before the calls that it is to hold for.
	Pin(m Model)
}

// Builder fills a generation. Its methods are idempotent, durable when they return and safe for concurrent use. When its
// generation has been dropped they fail with CodeNotFound.
type Builder interface {
	// ID is the generation's.
	ID() string
	// Put stores features and tags of known images; an image that is unknown, or deleted meanwhile, is left out. A global
	// vector of another length than the generation's is refused with CodeIndexMismatch.
	Put(ctx context.Context, encoded []Encoded) error
	// Missing streams the images of the store that this generation has no features of, in the order of their ids, those
	// after the given id only ("" is all). As with Images, the loop may call other methods, and sees other writes or not.
	// A long loop may keep the store from tidying up: take some, leave the loop, and go on after the last one.
	Missing(ctx context.Context, after sightline.ImageID) iter.Seq2[*sightline.Image, error]
	// Count gives how many images of the store this generation has features of, and how many there are.
	Count(ctx context.Context) (built, all int, err error)
}

// BuildingAnother is what a store says when a new generation is asked for while another model's is being built.
func BuildingAnother(id string, built, wanted Model) error {
	return sightline.Errorf(sightline.CodeIndexMismatch, "generation %s is being built for model %q, not for %q", id, built.Name, wanted.Name).
		WithHint("finish it with that model's bundle, or drop it: sightline reindex drop %s", id)
}
