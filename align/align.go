// Package align runs RAM++'s alignment decoder: (texts, patches) -> calibrated probabilities, and all labels of an
// image at once. It must not know where features come from or what is done with the probabilities.
package align

import (
	"errors"

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
type Aligner struct {
	manifest    bundle.Manifest
	calibration bundle.Calibration
	layout      ort.Layout // of stored patches
	vector      bool       // the query state graph gives the text's vector for retrieval
	card        bool       // the graphs run where large runs pay
	mixes       bool       // the query state graph needs a text's vector alone, so that texts can be mixed as vectors

	queryState, decoder *ort.Session // nil when the bundle serves its labels only
	labels              *ort.Session
}

// New loads the bundle's query_state, decoder and label_scorer graphs (the first two only when the bundle has a text
// encoder). A graph that does not fit the manifest is CodeBundleCorrupt.
func New(rt *ort.Runtime, b *bundle.Bundle) (*Aligner, error) {
	f := b.Manifest.Features
	a := &Aligner{manifest: b.Manifest, calibration: b.Calibration, layout: ort.LayoutOf(f.DType, f.Tokens, f.Dim), card: rt.Device == ort.CUDA}
	if err := a.load(rt, b); err != nil {
		_ = a.Close() // the first error is the one to tell
		return nil, err
	}
	return a, nil
}

func (a *Aligner) load(rt *ort.Runtime, b *bundle.Bundle) (err error) {
	if a.labels, err = rt.Load(b.Graph(bundle.LabelScorerFile, rt.Half)); err != nil {
		return err
	}
	if err := a.checkLabels(); err != nil || a.manifest.Text == nil {
		return err
	}
	if a.queryState, err = rt.Load(b.Path("query_state.onnx")); err != nil {
		return err
	}
	if err := a.checkQueryState(); err != nil {
		return err
	}
	if a.decoder, err = rt.Load(b.Graph(bundle.DecoderFile, rt.Half)); err != nil {
		return err
	}
	return a.checkDecoder()
}

// Alone gives an aligner that runs each batch on the calling thread only, for callers that run one a core. It is closed
// by itself.
func (a *Aligner) Alone() *Aligner {
	own := *a
	for _, graph := range []**ort.Session{&own.queryState, &own.decoder, &own.labels} {
		if *graph != nil {
			*graph = (*graph).Alone()
		}
	}
	return &own
}

// Close frees the graphs.
func (a *Aligner) Close() error {
	var errs []error
	for _, graph := range []*ort.Session{a.queryState, a.decoder, a.labels} {
		if graph != nil {
			errs = append(errs, graph.Close())
		}
	}
	return errors.Join(errs...)
}

func (a *Aligner) noText() error {
	return sightline.Errorf(sightline.CodeBundleNoText, "the bundle %s has no text encoder: it serves its %d labels only", a.manifest.Name, a.manifest.LabelCount).
		WithHint("search for its labels, or use a bundle with a text encoder")
}
