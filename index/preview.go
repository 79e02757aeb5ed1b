package index

import (
	"cmp"
	"slices"

	"github.com/sightline-search/sightline"
)

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

// newPreview is the preview before anything is scored; cut is the model's own threshold.
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
