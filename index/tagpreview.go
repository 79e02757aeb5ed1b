package index

import (
	"context"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/vectordb"
)

// PreviewOptions steer PreviewTag.
type PreviewOptions struct {
	Limit    int               // the likeliest images that are shown; 0 means 20, at most 1000
	Decode   int               // at most so many images are decoded, those nearest to the descriptions; 0 means all
	Progress func(TagProgress) // may be nil
}

// PreviewTag scores images for a tag and stores nothing, so that a person can choose descriptions and a threshold.
// Without descriptions it takes those of the user's tag of that name, or the name.
func (x *Index) PreviewTag(ctx context.Context, spec TagSpec, o PreviewOptions) (*Preview, error) {
	switch {
	case o.Limit < 0 || o.Limit > maxLimit:
		return nil, invalid("limit", "limit is %d, it must be 1 to %d", o.Limit, maxLimit)
	case o.Decode < 0:
		return nil, invalid("decode", "decode is %d, it must be 0 or more", o.Decode)
	case o.Limit == 0:
		o.Limit = defaultLimit
	}
	spec, err := x.previewSpec(ctx, spec)
	if err != nil {
		return nil, err
	}
	if _, err := x.readable(ctx); err != nil {
		return nil, err
	}
	concept, err := x.concept(ctx, spec.Descriptions)
	if err != nil {
		return nil, err
	}
	p := newPreview(spec, x.bundle.MatchThreshold)
	if err := x.fillPreview(ctx, p, concept, o); err != nil {
		return nil, err
	}
	return p, x.showPreview(ctx, p)
}

// previewSpec is the spec as AddTag would store it, or as a stored tag completes it.
func (x *Index) previewSpec(ctx context.Context, spec TagSpec) (TagSpec, error) {
	tag, known, err := tagNamed(ctx, x.store, spec.Name)
	if err != nil {
		return spec, err
	}
	if known {
		if len(spec.Descriptions) == 0 {
			spec.Descriptions = tag.Descriptions
		}
		if spec.Threshold == nil {
			spec.Threshold = tag.Threshold
		}
	}
	if spec, err = x.checkSpec(spec); err != nil || known {
		return spec, err
	}
	return spec, x.checkLabelNames(spec.Name)
}

// fillPreview scores the images, batch by batch.
func (x *Index) fillPreview(ctx context.Context, p *Preview, concept align.Concept, o PreviewOptions) error {
	ids, err := x.store.IDs(ctx, nil)
	if err != nil {
		return err
	}
	p.Images = len(ids)
	if o.Decode > 0 && o.Decode < len(ids) {
		near, err := x.store.Nearest(ctx, concept.Vector(), o.Decode, nil)
		if err != nil {
			return err
		}
		ids = idsOf(near)
	}
	for some := range slices.Chunk(ids, tagBatch) {
		known, scores, err := x.conceptScores(ctx, concept, some)
		if err != nil {
			return err
		}
		for i, id := range known {
			p.count(PreviewHit{ID: id, Probability: scores[i][0].Probability})
		}
		p.cut(o.Limit)
		if o.Progress != nil {
			o.Progress(TagProgress{Name: p.Name, Images: len(ids), Done: p.Decoded})
		}
	}
	return nil
}

func idsOf(hits []vectordb.Scored) []sightline.ImageID {
	ids := make([]sightline.ImageID, len(hits))
	for i, hit := range hits {
		ids[i] = hit.ID
	}
	return ids
}

// showPreview adds the paths of the results; an image that was deleted meanwhile is left out.
func (x *Index) showPreview(ctx context.Context, p *Preview) error {
	ids := make([]sightline.ImageID, len(p.Results))
	for i, hit := range p.Results {
		ids[i] = hit.ID
	}
	images, err := x.imagesByID(ctx, ids)
	if err != nil {
		return err
	}
	p.Results = slices.DeleteFunc(p.Results, func(hit PreviewHit) bool { return images[hit.ID] == nil })
	for i, hit := range p.Results {
		p.Results[i].Path = images[hit.ID].Path()
	}
	return nil
}
