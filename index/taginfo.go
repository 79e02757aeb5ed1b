package index

import (
	"context"
	"slices"
	"strings"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/internal/descriptions"
	"github.com/sightline-search/sightline/vectordb"
)

// TagInfo is a label of the model or a user's tag; the JSON form is that of `tags list --json` and GET /v1/tags.
type TagInfo struct {
	Name             string   `json:"name"`
	User             bool     `json:"user"`              // added by a user, not a label of the model
	Aliases          []string `json:"aliases,omitempty"` // other names of a label
	Descriptions     []string `json:"descriptions,omitempty"`
	DescriptionCount int      `json:"description_count"` // the texts of labels lie inside the model
	Threshold        float64  `json:"threshold"`
	DefaultThreshold bool     `json:"default_threshold"` // it is the model's own
	Tagged           *int     `json:"tagged,omitempty"`  // images over the threshold; left out of labels in lists
	Scoring          *Scoring `json:"scoring,omitempty"` // of a user's tag
}

// Scoring is how far a user's tag is scored.
type Scoring struct {
	Images   int  `json:"images"` // in the index
	Scored   int  `json:"scored"`
	Complete bool `json:"complete"`
}

// Tags lists the user's tags and, unless only those are wanted, the labels of the model, each by name.
func (x *Index) Tags(ctx context.Context, onlyUser bool) ([]TagInfo, error) {
	own, err := x.store.UserTags(ctx)
	if err != nil {
		return nil, err
	}
	list := []TagInfo{}
	taken := map[string]bool{}
	for _, tag := range own {
		info, err := x.userTagInfo(ctx, tag)
		if err != nil {
			return nil, err
		}
		list, taken[descriptions.Fold(tag.Name)] = append(list, *info), true
	}
	if onlyUser {
		return list, nil
	}
	labels := slices.Clone(x.bundle.Labels)
	slices.SortFunc(labels, func(a, b bundle.Label) int { return strings.Compare(a.Name, b.Name) })
	for _, label := range labels {
		if !taken[descriptions.Fold(label.Name)] {
			list = append(list, labelInfo(label))
		}
	}
	return list, nil
}

// Tag gives one tag by its name, or a label by one of its names; CodeNotFound when there is none.
func (x *Index) Tag(ctx context.Context, name string) (*TagInfo, error) {
	tag, known, err := tagNamed(ctx, x.store, name)
	if err != nil {
		return nil, err
	}
	if known {
		return x.userTagInfo(ctx, tag)
	}
	label, known := x.bundle.Label(name)
	if !known {
		return nil, noTag(name)
	}
	info := labelInfo(label)
	info.Tagged, err = x.tagged(ctx, label.Name, label.Threshold)
	return &info, err
}

func noTag(name string) error {
	return sightline.Errorf(sightline.CodeNotFound, "there is no tag %s", descriptions.Cut(name)).WithParam("name").
		WithHint("`sightline tags list` has all of them")
}

func labelInfo(label bundle.Label) TagInfo {
	return TagInfo{
		Name: label.Name, Aliases: label.Aliases, DescriptionCount: label.Descriptions,
		Threshold: label.Threshold, DefaultThreshold: true,
	}
}

func (x *Index) userTagInfo(ctx context.Context, tag vectordb.UserTag) (*TagInfo, error) {
	info := &TagInfo{
		Name: tag.Name, User: true, Descriptions: tag.Descriptions, DescriptionCount: len(tag.Descriptions),
		Threshold: x.tagThreshold(tag), DefaultThreshold: tag.Threshold == nil,
	}
	var err error
	if info.Scoring, err = x.scoring(ctx, tag); err != nil {
		return nil, err
	}
	info.Tagged, err = x.tagged(ctx, tag.Name, info.Threshold)
	return info, err
}

// scoring counts the images that are scored for a tag.
func (x *Index) scoring(ctx context.Context, tag vectordb.UserTag) (*Scoring, error) {
	if x.finished(tag) {
		images, err := x.store.Count(ctx, nil)
		return &Scoring{Images: images, Scored: images, Complete: true}, err
	}
	ids, err := x.store.IDs(ctx, nil)
	return &Scoring{Images: len(ids), Scored: x.done(tag, ids)}, err
}

// tagged counts the images over a threshold.
func (x *Index) tagged(ctx context.Context, name string, threshold float64) (*int, error) {
	n, err := x.store.Count(ctx, sightline.TagOver{Name: name, P: threshold})
	return &n, err
}

// tagNamed finds a user's tag, case and surrounding space ignored.
func tagNamed(ctx context.Context, store vectordb.Reader, name string) (tag vectordb.UserTag, known bool, err error) {
	tags, err := store.UserTags(ctx)
	i := slices.IndexFunc(tags, func(t vectordb.UserTag) bool { return descriptions.Fold(t.Name) == descriptions.Fold(name) })
	if err != nil || i < 0 {
		return tag, false, err
	}
	return tags[i], true, nil
}
