package index

import (
	"context"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// model is what data stored by this Index is made with.
func (x *Index) model() vectordb.Model {
	m := x.bundle.Manifest
	return vectordb.Model{Name: m.Name + " " + m.Version, Feature: m.FeatureFingerprint, Scoring: m.ScoringFingerprint}
}

// readable gives the store's summary, or says why what is stored cannot be searched with this model.
func (x *Index) readable(ctx context.Context) (vectordb.Stats, error) {
	stats, err := x.store.Stats(ctx)
	if err != nil || stats.Images == 0 {
		return stats, err
	}
	if stats.Model.Feature != x.model().Feature {
		return stats, x.otherFeatures(stats.Model)
	}
	if stats.Model.Scoring != x.model().Scoring {
		return stats, sightline.Errorf(sightline.CodeIndexMismatch,
			"the stored tags were scored by model %q, this is %q", stats.Model.Name, x.model().Name).
			WithHint("run `sightline index` on the indexed folders once: it scores the stored features again, without reading images")
	}
	return stats, nil
}

func (x *Index) otherFeatures(stored vectordb.Model) error {
	return sightline.Errorf(sightline.CodeIndexMismatch,
		"the index was made with model %q, whose features model %q cannot read", stored.Name, x.model().Name).
		WithHint("use that bundle (--bundle), index into another folder (--data), or build the index anew with this one: sightline reindex")
}

// Pin keeps this Index to its model when another process lets another model's generation serve: it goes on with its own
// one for as long as that is kept, and then refuses with CodeIndexMismatch.
func (x *Index) Pin() { x.store.Pin(x.model()) }

// claim makes the store ready for data of this model before anything is written: an index of the same features under
// another scoring is scored again, one of other features is refused.
//
// Scoring again takes about as long as encoding; progress is told how far it is.
func (x *Index) claim(ctx context.Context, progress func(AddProgress)) error {
	stats, err := x.store.Stats(ctx)
	if err != nil {
		return err
	}
	if stats.Model != x.model() {
		if err := x.convert(ctx, stats, progress); err != nil {
			return err
		}
	}
	x.Pin() // another process can switch to another model at any moment
	return nil
}

// convert is claim for a store of another model.
func (x *Index) convert(ctx context.Context, stats vectordb.Stats, progress func(AddProgress)) error {
	if stats.Images > 0 {
		if stats.Model.Feature != x.model().Feature {
			return x.otherFeatures(stats.Model)
		}
		if stats.Model.Scoring != x.model().Scoring {
			if err := x.rescore(ctx, stats.Model, progress); err != nil {
				return err
			}
		}
	}
	return x.store.SetModel(ctx, x.model())
}

// rescoreBatch bounds the features in memory while scoring again.
const rescoreBatch = 64

// rescore replaces all stored tags, from stored features. While it works the store says that its scoring is unknown, so
// that after a kill nobody takes a mixture of two models' probabilities for either's.
func (x *Index) rescore(ctx context.Context, stored vectordb.Model, progress func(AddProgress)) error {
	stored.Scoring = ""
	if err := x.store.SetModel(ctx, stored); err != nil {
		return err
	}
	x.store.Pin(stored)
	scorer, err := x.scorer(ctx, x.align)
	if err != nil {
		return err
	}
	ids, err := x.store.IDs(ctx, nil)
	if err != nil {
		return err
	}
	done := 0
	for some := range slices.Chunk(ids, rescoreBatch) {
		if err := x.rescoreSome(ctx, scorer, some); err != nil {
			return err
		}
		done += len(some)
		progress(AddProgress{Total: len(ids), Done: done})
	}
	return x.settleTags(ctx)
}

// settleTags notes that the user's tags are scored under this model, too. A bundle without a text encoder cannot do that.
func (x *Index) settleTags(ctx context.Context) error {
	if x.texts == nil {
		return nil
	}
	tags, err := x.store.UserTags(ctx)
	if err != nil {
		return err
	}
	for _, tag := range tags {
		tag.Scoring, tag.Complete = x.model().Scoring, true
		if err := x.store.PutUserTag(ctx, tag, nil); err != nil {
			return err
		}
	}
	return nil
}

func (x *Index) rescoreSome(ctx context.Context, scorer *scorer, ids []sightline.ImageID) error {
	stored, err := x.store.Features(ctx, ids)
	if err != nil {
		return err
	}
	known, features := pick(ids, stored)
	scored, err := scorer.score(ctx, features)
	if err != nil {
		return err
	}
	tags := make(map[sightline.ImageID][]sightline.Tag, len(known))
	for i, id := range known {
		tags[id] = scored[i]
	}
	return x.store.SetTags(ctx, tags)
}

// pick gives the ids that have features, and those features, in the order of ids.
func pick(ids []sightline.ImageID, stored map[sightline.ImageID]sightline.Features) ([]sightline.ImageID, []sightline.Features) {
	known := make([]sightline.ImageID, 0, len(stored))
	features := make([]sightline.Features, 0, len(stored))
	for _, id := range ids {
		if f, ok := stored[id]; ok {
			known = append(known, id)
			features = append(features, f)
		}
	}
	return known, features
}
