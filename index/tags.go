package index

import (
	"cmp"
	"context"
	"image"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/encoder"
)

// tagFloor is the smallest tag probability that is stored. Below one in a hundred no query asks and no threshold lies,
// while the thousand labels of an image that are that unlikely would be nearly all of the index. A label term is exact
// down to it.
const tagFloor = 0.01

// TagScore is a tag as results show it.
type TagScore struct {
	Name        string  `json:"name"`
	Probability float64 `json:"probability"`
}

// LabelScore is one label of an image with both of its figures.
type LabelScore struct {
	Name        string  `json:"name"`
	Logit       float64 `json:"logit"`
	Probability float64 `json:"probability"`
}

// TagImage scores all labels of a decoded image: tags are those over their thresholds, likeliest first; labels are
// all of them in the bundle's order.
func (x *Index) TagImage(ctx context.Context, img image.Image) (tags []TagScore, labels []LabelScore, err error) {
	features, err := x.images.Encode(ctx, []encoder.Pixels{x.images.Prepare(img)})
	if err != nil {
		return nil, nil, err
	}
	scores, err := x.align.Labels(ctx, features)
	if err != nil {
		return nil, nil, err
	}
	names := x.bundleNames()
	return vocabulary{x: x}.shown(kept(names, scores[0])), labelScores(names, scores[0]), nil
}

func labelScores(names []string, scores []align.Score) []LabelScore {
	labels := make([]LabelScore, len(names))
	for i, name := range names {
		labels[i] = LabelScore{Name: name, Logit: scores[i].Logit, Probability: scores[i].Probability}
	}
	return labels
}

// bundleNames are the names of the bundle's labels, in its order.
func (x *Index) bundleNames() []string {
	names := make([]string, len(x.bundle.Labels))
	for i, label := range x.bundle.Labels {
		names[i] = label.Name
	}
	return names
}

// kept are the tags of one image that are stored, likeliest first; those without a name are left out.
func kept(names []string, scores []align.Score) []sightline.Tag {
	var tags []sightline.Tag
	for i, s := range scores {
		if s.Probability >= tagFloor && names[i] != "" {
			tags = append(tags, sightline.Tag{Name: names[i], Probability: s.Probability})
		}
	}
	slices.SortFunc(tags, func(a, b sightline.Tag) int {
		return cmp.Or(cmp.Compare(b.Probability, a.Probability), cmp.Compare(a.Name, b.Name))
	})
	return tags
}
