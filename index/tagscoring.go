package index

import (
	"context"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/vectordb"
)

// tagBatch is how many images are scored for a user's tag between two commits: so much is lost by a kill. The decoder
// takes as many in one run.
const tagBatch = 128

// TagProgress is how far the scoring of one user's tag is.
type TagProgress struct {
	Name   string
	Images int
	Done   int
}

// ScoreTags scores the user's tags on the images that have not been scored for them yet, from stored features. Every
// batch is durable: it may be interrupted at any moment and goes on from there. progress may be nil.
func (x *Index) ScoreTags(ctx context.Context, progress func(TagProgress)) error {
	return x.scoreTags(ctx, x.change, progress)
}

func (x *Index) scoreTags(ctx context.Context, change changer, progress func(TagProgress)) error {
	if progress == nil {
		progress = func(TagProgress) {}
	}
	for {
		tag, found, err := x.unfinishedTag(ctx)
		if err != nil || !found {
			return err
		}
		if x.texts == nil {
			return x.noTagTexts(tag.Name)
		}
		if _, err := x.readable(ctx); err != nil {
			return err
		}
		if err := x.scoreTag(ctx, tag, change, progress); err != nil {
			return err
		}
	}
}

// unfinishedTag gives the first tag that is not scored on all images.
func (x *Index) unfinishedTag(ctx context.Context) (tag vectordb.UserTag, found bool, err error) {
	tags, err := x.store.UserTags(ctx)
	if err != nil {
		return tag, false, err
	}
	i := slices.IndexFunc(tags, func(t vectordb.UserTag) bool { return !x.finished(t) })
	if i < 0 {
		return tag, false, nil
	}
	return tags[i], true, nil
}

// finished says that a user's tag is scored on all images, under this model.
func (x *Index) finished(tag vectordb.UserTag) bool {
	return tag.Complete && tag.Scoring == x.model().Scoring
}

// done gives how many of all images, in the order of ids, are scored.
func (x *Index) done(tag vectordb.UserTag, ids []sightline.ImageID) int {
	switch {
	case x.finished(tag):
		return len(ids)
	case tag.Scoring != x.model().Scoring || tag.Scored == "":
		return 0
	}
	at, found := slices.BinarySearch(ids, tag.Scored)
	if found {
		at++
	}
	return at
}

// scoreTag scores one tag to its end, or until somebody else has changed it.
func (x *Index) scoreTag(ctx context.Context, tag vectordb.UserTag, change changer, progress func(TagProgress)) error {
	concept, err := x.concept(ctx, tag.Descriptions)
	if err != nil {
		return err
	}
	ids, err := x.store.IDs(ctx, nil)
	if err != nil {
		return err
	}
	for done := x.done(tag, ids); ; {
		progress(TagProgress{Name: tag.Name, Images: len(ids), Done: done})
		if x.finished(tag) {
			return nil
		}
		some := ids[done:min(len(ids), done+tagBatch)]
		probabilities, err := x.probabilities(ctx, concept, some)
		if err != nil {
			return err
		}
		done += len(some)
		next := tag
		next.Scoring, next.Complete = x.model().Scoring, done == len(ids)
		if len(some) > 0 {
			next.Scored = some[len(some)-1]
		}
		if current, err := advance(ctx, change, tag, next, probabilities); err != nil || !current {
			return err
		}
		tag = next
	}
}

// conceptScores scores stored images for a tag, in turn with searches. An image that was deleted meanwhile is left out.
func (x *Index) conceptScores(ctx context.Context, concept align.Concept, ids []sightline.ImageID) (known []sightline.ImageID, scores [][]align.Score, err error) {
	var wait float64
	err = x.gate.do(ctx, &wait, func() error {
		stored, err := x.store.Features(ctx, ids)
		if err != nil {
			return err
		}
		var features []sightline.Features
		known, features = pick(ids, stored)
		scores, err = x.align.ScoreConcepts(ctx, []align.Concept{concept}, features)
		return err
	})
	return known, scores, err
}

// probabilities scores images for a tag; those under the floor get 0. An image that was deleted meanwhile is left out.
func (x *Index) probabilities(ctx context.Context, concept align.Concept, ids []sightline.ImageID) (map[sightline.ImageID]float64, error) {
	known, scores, err := x.conceptScores(ctx, concept, ids)
	if err != nil {
		return nil, err
	}
	probabilities := make(map[sightline.ImageID]float64, len(known))
	for i, id := range known {
		probabilities[id] = 0
		if p := scores[i][0].Probability; p >= tagFloor {
			probabilities[id] = p
		}
	}
	return probabilities, nil
}

// advance stores a batch, unless the tag is not as it was when the batch was begun: removed, described anew, or scored
// further by another process. The threshold plays no part in scoring, so one that was changed meanwhile is kept.
func advance(ctx context.Context, change changer, tag, next vectordb.UserTag, probabilities map[sightline.ImageID]float64) (current bool, err error) {
	err = change(ctx, func(w vectordb.Store) error {
		now, known, err := tagNamed(ctx, w, tag.Name)
		if err != nil {
			return err
		}
		current = known && slices.Equal(now.Descriptions, tag.Descriptions) &&
			now.Scoring == tag.Scoring && now.Scored == tag.Scored && now.Complete == tag.Complete
		if !current {
			return nil
		}
		next.Threshold = now.Threshold
		return w.PutUserTag(ctx, next, probabilities)
	})
	return current, err
}
