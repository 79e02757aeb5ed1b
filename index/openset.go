package index

import (
	"context"
	"image"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/internal/descriptions"
)

// OpenSet scores images for labels that the model does not have, from their descriptions.
type OpenSet struct {
	x        *Index
	names    []string
	concepts []align.Concept
}

// OpenSet encodes the labels' descriptions; done is told of each label.
func (x *Index) OpenSet(ctx context.Context, labels []descriptions.Label, done func()) (*OpenSet, error) {
	o := &OpenSet{x: x}
	for _, label := range labels {
		if x.texts == nil {
			return nil, x.noTagTexts(label.Name)
		}
		for i, text := range label.Descriptions {
			if x.texts.Empty(text) {
				return nil, sightline.Errorf(sightline.CodeInvalid, "label %s, description %d: the model reads no word in %s",
					descriptions.Cut(label.Name), i+1, descriptions.Cut(text))
			}
		}
		concept, err := x.concept(ctx, label.Descriptions)
		if err != nil {
			return nil, err
		}
		o.names, o.concepts = append(o.names, label.Name), append(o.concepts, concept)
		done()
	}
	return o, nil
}

// TagImage scores all labels of the set: tags are those over the model's threshold of free text, likeliest first; labels
// are all of them in the set's order.
func (o *OpenSet) TagImage(ctx context.Context, img image.Image) (tags []TagScore, labels []LabelScore, err error) {
	features, err := o.x.images.Encode(ctx, []encoder.Pixels{o.x.images.Prepare(img)})
	if err != nil {
		return nil, nil, err
	}
	scores, err := o.x.align.ScoreConcepts(ctx, o.concepts, features)
	if err != nil {
		return nil, nil, err
	}
	tags = []TagScore{}
	for _, tag := range kept(o.names, scores[0]) {
		if tag.Probability > o.x.bundle.MatchThreshold {
			tags = append(tags, TagScore(tag))
		}
	}
	return tags, labelScores(o.names, scores[0]), nil
}
