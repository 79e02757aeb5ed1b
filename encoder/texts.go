package encoder

import (
	"context"
	"os"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/internal/ort"
)

// Texts encodes texts. Safe for concurrent use.
type Texts struct {
	spec      bundle.TextSpec
	tokenizer *tokenizer
	tokens    bool // the graph also gives a vector for each token
	graph     *ort.Session
}

// NewTexts loads the bundle's tokenizer and text encoder; a bundle without one is CodeBundleNoText.
func NewTexts(rt *ort.Runtime, b *bundle.Bundle) (*Texts, error) {
	if b.Manifest.Text == nil {
		return nil, sightline.Errorf(sightline.CodeBundleNoText, "the bundle %s has no text encoder: it serves its %d labels only", b.Manifest.Name, b.Manifest.LabelCount).
			WithHint("search for its labels, or use a bundle with a text encoder")
	}
	e := &Texts{spec: *b.Manifest.Text}
	description, err := os.ReadFile(b.Path("tokenizer.json"))
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeBundleCorrupt, "the tokenizer cannot be read: %w", err)
	}
	if e.tokenizer, err = newTokenizer(description, e.spec.MaxTokens); err != nil {
		return nil, err
	}
	if e.graph, err = rt.Load(b.Path("text_encoder.onnx")); err != nil {
		return nil, err
	}
	if err := e.check(); err != nil {
		_ = e.graph.Close() // the first error is the one to tell
		return nil, err
	}
	return e, nil
}

func (e *Texts) check() error {
	dim := int64(e.spec.Dim)
	out := []ort.Info{{Name: "text", DType: ort.F32, Shape: []int64{-1, dim}}}
	if _, e.tokens = e.graph.Outputs()["tokens"]; e.tokens {
		out = append(out, ort.Info{Name: "tokens", DType: ort.F32, Shape: []int64{-1, -1, dim}})
	}
	return e.graph.Fits([]ort.Info{
		{Name: "ids", DType: ort.I64, Shape: []int64{-1, -1}},
		{Name: "mask", DType: ort.I64, Shape: []int64{-1, -1}},
	}, out)
}

// Encode gives the features of each text, in order. Texts of more than the bundle's max_tokens tokens are cut. A text's
// features do not depend on what else is in the batch: each runs by itself, which costs nothing where texts come one at
// a time, and spares every graph the question what padding does to it.
func (e *Texts) Encode(ctx context.Context, texts []string) ([]sightline.TextFeatures, error) {
	features := make([]sightline.TextFeatures, len(texts))
	for i, text := range texts {
		var err error
		if features[i], err = e.encode(ctx, text); err != nil {
			return nil, err
		}
	}
	return features, nil
}

func (e *Texts) encode(ctx context.Context, text string) (sightline.TextFeatures, error) {
	ids := e.tokenizer.encode(text)
	shape := []int64{1, int64(len(ids))}
	outputs := []string{"text"}
	if e.tokens {
		outputs = append(outputs, "tokens")
	}
	out, err := e.graph.Run(ctx, map[string]ort.Tensor{
		"ids":  {Shape: shape, DType: ort.I64, I64: ids},
		"mask": {Shape: shape, DType: ort.I64, I64: slices.Repeat([]int64{1}, len(ids))},
	}, outputs...)
	if err != nil {
		return sightline.TextFeatures{}, err
	}
	f := sightline.TextFeatures{IDs: ids, Vector: out["text"].F32, Tokens: out["tokens"].F32}
	if len(f.Vector) != e.spec.Dim || (e.tokens && len(f.Tokens) != len(ids)*e.spec.Dim) {
		return f, sightline.Errorf(sightline.CodeInternal, "text_encoder.onnx gave %d and %d values for a text of %d tokens", len(f.Vector), len(f.Tokens), len(ids))
	}
	if !out["text"].Finite() || !out["tokens"].Finite() {
		return f, sightline.Errorf(sightline.CodeInternal, "text_encoder.onnx gave values that are not numbers for %q", text)
	}
	return f, nil
}

// Empty tells that the tokenizer finds nothing in a text, so that it would be encoded like no text at all.
func (e *Texts) Empty(text string) bool {
	return len(e.tokenizer.encode(text)) == len(e.tokenizer.before)+len(e.tokenizer.after)
}

// Close frees the graph.
func (e *Texts) Close() error { return e.graph.Close() }
