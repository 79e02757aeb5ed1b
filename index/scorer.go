package index

import (
	"context"
	"maps"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/internal/descriptions"
)

// scorer scores images for everything that is stored of them: the labels, and the user's tags.
type scorer struct {
	align    *align.Aligner
	labels   []string // the names of the bundle's labels; "" where a user's tag has the name
	own      []string // the names of the user's tags
	concepts []align.Concept
}

// scorer makes the user's tags ready, to be scored by the given aligner. A bundle without a text encoder scores its labels only.
func (x *Index) scorer(ctx context.Context, by *align.Aligner) (*scorer, error) {
	words, err := x.vocabulary(ctx)
	if err != nil {
		return nil, err
	}
	s := &scorer{align: by, labels: x.bundleNames()}
	for i, name := range s.labels {
		if _, taken := words.own[descriptions.Fold(name)]; taken {
			s.labels[i] = ""
		}
	}
	if x.texts == nil {
		return s, nil
	}
	for _, fold := range slices.Sorted(maps.Keys(words.own)) {
		tag := words.own[fold]
		concept, err := x.concept(ctx, tag.Descriptions)
		if err != nil {
			return nil, err
		}
		s.own, s.concepts = append(s.own, tag.Name), append(s.concepts, concept)
	}
	return s, nil
}

// concept encodes the descriptions of a tag.
func (x *Index) concept(ctx context.Context, texts []string) (align.Concept, error) {
	encoded, err := x.texts.Encode(ctx, texts)
	if err != nil {
		return align.Concept{}, err
	}
	return x.align.Concept(ctx, encoded)
}

// score gives the tags of each image that are stored.
func (s *scorer) score(ctx context.Context, features []sightline.Features) ([][]sightline.Tag, error) {
	labels, err := s.align.Labels(ctx, features)
	if err != nil {
		return nil, err
	}
	tags := make([][]sightline.Tag, len(features))
	for i := range tags {
		tags[i] = kept(s.labels, labels[i])
	}
	if len(s.concepts) == 0 {
		return tags, nil
	}
	own, err := s.align.ScoreConcepts(ctx, s.concepts, features)
	if err != nil {
		return nil, err
	}
	for i := range tags {
		tags[i] = append(tags[i], kept(s.own, own[i])...)
	}
	return tags, nil
}
