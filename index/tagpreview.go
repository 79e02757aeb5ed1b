package index

import (
	"cmp"
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

// Preview is what a tag would do; the JSON form is that of `tags preview --json` and POST /v1/tags/preview.
type Preview struct {
	Name             string       `json:"name"`
	Descriptions     []string     `json:"descriptions"`
	Threshold        float64      `json:"threshold"`
	DefaultThreshold bool         `json:"default_threshold"`
	Images           int          `json:"images"`  // in the index
	Decoded          int          `json:"decoded"` // of them; what follows is of those
	Tagged           int          `json:"tagged"`  // over the threshold
	Passing          []Passing    `json:"passing"`
	Histogram        []Bar        `json:"histogram"`
	Results          []PreviewHit `json:"results"` // the likeliest
}

// Passing is how many images are over a threshold.
type Passing struct {
	Threshold float64 `json:"threshold"`
	Images    int     `json:"images"`
}

// Bar is how many images have a probability from From up to To; the last one includes 1.
type Bar struct {
	From   float64 `json:"from"`
	To     float64 `json:"to"`
	Images int     `json:"images"`
}

// PreviewHit is an image with its probability for the tag.
type PreviewHit struct {
	ID          sightline.ImageID `json:"id"`
	Path        string            `json:"path"`
	Probability float64           `json:"probability"`
}

// previewThresholds are the ones that a person would try.
var previewThresholds = []float64{0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}

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
	if spec, err = x.checkSpec(spec); err != nil {
		return spec, err
	}
	return spec, x.checkLabelNames(spec.Name)
}

func newPreview(spec TagSpec, cut float64) *Preview {
	p := &Preview{
		Name: spec.Name, Descriptions: spec.Descriptions, Threshold: cut, DefaultThreshold: spec.Threshold == nil,
		Results: []PreviewHit{},
	}
	if spec.Threshold != nil {
		p.Threshold = *spec.Threshold
	}
	for _, threshold := range previewThresholds {
		p.Passing = append(p.Passing, Passing{Threshold: threshold})
	}
	for i := range 10 {
		p.Histogram = append(p.Histogram, Bar{From: float64(i) / 10, To: float64(i+1) / 10})
	}
	return p
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
		stored, err := x.store.Features(ctx, some)
		if err != nil {
			return err
		}
		known, features := pick(some, stored)
		scores, err := x.align.ScoreConcepts(ctx, []align.Concept{concept}, features)
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

func (p *Preview) count(hit PreviewHit) {
	p.Decoded++
	if hit.Probability > p.Threshold {
		p.Tagged++
	}
	for i := range p.Passing {
		if hit.Probability > p.Passing[i].Threshold {
			p.Passing[i].Images++
		}
	}
	p.Histogram[min(int(hit.Probability*10), 9)].Images++
	p.Results = append(p.Results, hit)
}

// cut keeps the likeliest, ties in the order of ids.
func (p *Preview) cut(limit int) {
	slices.SortFunc(p.Results, func(a, b PreviewHit) int {
		return cmp.Or(cmp.Compare(b.Probability, a.Probability), cmp.Compare(a.ID, b.ID))
	})
	p.Results = p.Results[:min(limit, len(p.Results))]
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
