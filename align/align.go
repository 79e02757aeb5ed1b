// Package align runs RAM++'s alignment decoder: (texts, patches) -> calibrated probabilities, and all labels of an
// image at once. It must not know where features come from or what is done with the probabilities.
package align

import (
	"context"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/internal/ort"
)

// Score is the decoder's answer for one text and one image.
type Score struct {
	Logit       float64 // residual included
	Probability float64 // calibrated, 0..1
}

// Aligner scores texts and labels against image features. Safe for concurrent use.
type Aligner struct{}

// New loads the bundle's query_state, decoder and label_scorer graphs (the first two only when the bundle has a text
// encoder).
func New(rt *ort.Runtime, b *bundle.Bundle) (*Aligner, error) { panic("not built yet") }

// Queries makes decoder queries of encoded texts: everything of the first layer that the text alone decides
// (DESIGN.md section 3). Errors with CodeBundleNoText when the bundle serves its labels only.
func (a *Aligner) Queries(ctx context.Context, texts []sightline.TextFeatures) ([]sightline.TextQuery, error) {
	panic("not built yet")
}

// Score runs the folded decoder over all pairs: result[c][q] is candidate c under query q.
func (a *Aligner) Score(ctx context.Context, queries []sightline.TextQuery, candidates []sightline.Features) ([][]Score, error) {
	panic("not built yet")
}

// Labels scores all labels of each image: result[i][l] in the order of the bundle's labels.
func (a *Aligner) Labels(ctx context.Context, images []sightline.Features) ([][]Score, error) {
	panic("not built yet")
}

// Close frees the graphs.
func (a *Aligner) Close() error { panic("not built yet") }
