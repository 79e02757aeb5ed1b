package index

import (
	"context"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// AddTag stores a user's tag. No image is scored yet: ScoreTags does that, or KeepTagsScored in the background. Adding
// a tag again as it is changes nothing. A name that a label or another tag has is refused with CodeNameTaken.
func (x *Index) AddTag(ctx context.Context, spec TagSpec) (*TagInfo, error) {
	spec, err := x.checkSpec(spec)
	if err != nil {
		return nil, err
	}
	if _, err := x.readable(ctx); err != nil {
		return nil, err
	}
	err = x.change(ctx, func(w vectordb.Store) error {
		there, known, err := tagNamed(ctx, w, spec.Name)
		switch {
		case err != nil:
			return err
		case !known:
			if err := x.checkLabelNames(spec.Name); err != nil {
				return err
			}
			return w.PutUserTag(ctx, x.newTag(spec), nil)
		case spec.is(there):
			return nil
		}
		return sightline.Errorf(sightline.CodeNameTaken, "there is a tag %q already, with other descriptions or another threshold", there.Name).
			WithParam("name").WithHint("change it with `sightline tags set`, or choose another name")
	})
	if err != nil {
		return nil, err
	}
	x.wake()
	return x.Tag(ctx, spec.Name)
}

// checkLabelNames refuses the names of labels: terms of that name have an answer already.
func (x *Index) checkLabelNames(name string) error {
	label, taken := x.bundle.Label(name)
	if !taken {
		return nil
	}
	return sightline.Errorf(sightline.CodeNameTaken, "%q is a name of the model's label %q", name, label.Name).
		WithParam("name").WithHint("search for the label as it is, or choose another name")
}

func (x *Index) newTag(spec TagSpec) vectordb.UserTag {
	return vectordb.UserTag{Name: spec.Name, Descriptions: spec.Descriptions, Threshold: spec.Threshold, Scoring: x.model().Scoring}
}

// is reports whether a stored tag is what is asked for.
func (spec TagSpec) is(tag vectordb.UserTag) bool {
	sameThreshold := spec.Threshold == nil || tag.Threshold != nil && *spec.Threshold == *tag.Threshold
	return spec.Name == tag.Name && sameThreshold && slices.Equal(spec.Descriptions, tag.Descriptions)
}

// TagChange is what SetTag changes.
type TagChange struct {
	Descriptions     []string // nil: as they are
	Threshold        *float64 // nil: as it is
	DefaultThreshold bool     // back to the model's own
}

// SetTag changes a user's tag. Another threshold holds at once, from stored probabilities. Other descriptions have all
// images scored again, as in AddTag; an image that has not been reached keeps its old probability until then.
func (x *Index) SetTag(ctx context.Context, name string, c TagChange) (*TagInfo, error) {
	if err := x.checkChange(c); err != nil {
		return nil, err
	}
	err := x.changeTag(ctx, name, func(w vectordb.Store, tag vectordb.UserTag) error {
		if c.Descriptions != nil && !slices.Equal(c.Descriptions, tag.Descriptions) {
			tag.Descriptions = c.Descriptions
			tag.Scoring, tag.Scored, tag.Complete = x.model().Scoring, "", false
		}
		if c.Threshold != nil || c.DefaultThreshold {
			tag.Threshold = c.Threshold
		}
		return w.PutUserTag(ctx, tag, nil)
	})
	if err != nil {
		return nil, err
	}
	x.wake()
	return x.Tag(ctx, name)
}

func (x *Index) checkChange(c TagChange) error {
	switch {
	case c.Threshold != nil && c.DefaultThreshold:
		return invalid("threshold", "the threshold cannot be %v and the model's own", *c.Threshold)
	case c.Descriptions == nil:
		return checkThreshold(c.Threshold)
	case len(c.Descriptions) == 0:
		return invalid("descriptions", "a tag has at least one description")
	case x.texts == nil:
		return x.noTagTexts(c.Descriptions[0])
	}
	if err := x.checkDescriptions(c.Descriptions); err != nil {
		return err
	}
	return checkThreshold(c.Threshold)
}

// RemoveTag forgets a user's tag and takes it off all images.
func (x *Index) RemoveTag(ctx context.Context, name string) error {
	return x.changeTag(ctx, name, func(w vectordb.Store, tag vectordb.UserTag) error { return w.RemoveUserTag(ctx, tag.Name) })
}

// changeTag finds a user's tag and changes it; the labels of the model stay as they are.
func (x *Index) changeTag(ctx context.Context, name string, work func(vectordb.Store, vectordb.UserTag) error) error {
	if err := x.ownTagExists(ctx, name); err != nil {
		return err // before the store is opened for writing
	}
	return x.change(ctx, func(w vectordb.Store) error {
		tag, known, err := tagNamed(ctx, w, name)
		if err != nil {
			return err
		}
		if !known {
			return noTag(name)
		}
		return work(w, tag)
	})
}

func (x *Index) ownTagExists(ctx context.Context, name string) error {
	_, known, err := tagNamed(ctx, x.store, name)
	if err != nil || known {
		return err
	}
	if label, ok := x.bundle.Label(name); ok {
		return invalid("name", "%q is a label of the model, which cannot be changed", label.Name)
	}
	return noTag(name)
}
