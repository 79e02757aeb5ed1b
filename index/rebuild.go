package index

import (
	"context"
	"iter"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// Source is an image to encode anew: its id, and the paths at which it was last seen.
type Source struct {
	ID    sightline.ImageID
	Paths []string // bytes, not always UTF-8: JSON would change them
}

// Failure is an image that could not be encoded anew, and why.
type Failure struct {
	ID     sightline.ImageID `json:"id"`
	Path   string            `json:"path"`
	Code   sightline.Code    `json:"code"`
	Reason string            `json:"reason"`
}

// RebuildOptions steer a Rebuild.
type RebuildOptions struct {
	Workers  int // files decoded at the same time for each running Encode; 0 means one a core
	Encoders int // batches encoded at the same time for each running Encode, each on one thread; 0 means one a core
	Batch    int // images a run of the encoder; 0 means DefaultBatch
}

// Rebuild makes a complete set of features of the stored images under this Index's model, beside the one that serves.
// Everything that it has stored is kept when it is interrupted or killed: the next Rebuild of the model goes on. Safe
// for concurrent use; where many processes can write to the store, all of them may rebuild at once.
type Rebuild struct {
	x       *Index
	options RebuildOptions
	builder vectordb.Builder
	stages  *Stages
	stored  bool // the serving generation has the same features: nothing has to be decoded
}

// Rebuild begins a generation of this model, or goes on with it; an index without images is CodeNoImages. The caller closes
// it. The user's tags are scored as they are when the first image is; ctx is for reading them.
func (x *Index) Rebuild(ctx context.Context, o RebuildOptions) (*Rebuild, error) {
	fillIn(&o.Workers, &o.Encoders, &o.Batch)
	stats, err := x.store.Stats(ctx)
	if err != nil {
		return nil, err
	}
	if stats.Images == 0 {
		return nil, sightline.Errorf(sightline.CodeNoImages, "nothing is indexed yet: there is nothing to encode anew").
			WithHint("run sightline index PATH")
	}
	builder, err := x.store.Build(ctx, x.model())
	if err != nil {
		return nil, err
	}
	built, all, err := builder.Count(ctx)
	if err != nil {
		return nil, err
	}
	r := &Rebuild{x: x, options: o, builder: builder, stages: x.Stages(ctx, all-built)}
	if m := x.model(); stats.Model.Feature == m.Feature && stats.Model.Scoring != m.Scoring {
		r.stored = true
		x.store.Pin(stats.Model) // whose features are taken over, whatever serves meanwhile
	}
	return r, nil
}

// Generation is the store's name for what is built.
func (r *Rebuild) Generation() string { return r.builder.ID() }

// BatchSize is how many images a run of the encoder takes.
func (r *Rebuild) BatchSize() int { return r.options.Batch }

// Missing streams the images that are still to be encoded, after an id, in the order of ids.
func (r *Rebuild) Missing(ctx context.Context, after sightline.ImageID) iter.Seq2[Source, error] {
	return func(yield func(Source, error) bool) {
		for img, err := range r.builder.Missing(ctx, after) {
			if err != nil {
				yield(Source{}, err)
				return
			}
			s := Source{ID: img.ID}
			for _, f := range img.Files {
				s.Paths = append(s.Paths, f.Path)
			}
			if !yield(s, nil) {
				return
			}
		}
	}
}

// Count gives how many of the stored images are built, and how many there are.
func (r *Rebuild) Count(ctx context.Context) (built, all int, err error) { return r.builder.Count(ctx) }

// Switch lets the built generation answer from now on. Without partial it is refused with CodeIndexMismatch while images
// are missing. The user's tags then count as not scored, though most of them are: ScoreTags makes sure.
func (r *Rebuild) Switch(ctx context.Context, partial bool) error {
	err := r.x.change(ctx, func(w vectordb.Store) error { return w.Switch(ctx, r.builder.ID(), partial) })
	if err == nil {
		r.x.Pin()
	}
	return err
}

// Close frees what encoding has loaded.
func (r *Rebuild) Close() error { return r.stages.Close() }
