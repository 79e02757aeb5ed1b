package align

import (
	"context"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/ort"
)

// Queries makes decoder queries of encoded texts: everything of the first layer that the text alone decides
// (DESIGN.md section 3). Errors with CodeBundleNoText when the bundle serves its labels only.
//
// Texts run one by one, so that no padding can reach a text's tokens and the result does not depend on the batch.
func (a *Aligner) Queries(ctx context.Context, texts []sightline.TextFeatures) ([]sightline.TextQuery, error) {
	if a.queryState == nil {
		return nil, a.noText()
	}
	queries := make([]sightline.TextQuery, len(texts))
	for i, text := range texts {
		var err error
		if queries[i], err = a.query(ctx, text); err != nil {
			return nil, err
		}
	}
	return queries, nil
}

func (a *Aligner) query(ctx context.Context, text sightline.TextFeatures) (sightline.TextQuery, error) {
	dim, length := int64(a.manifest.Text.Dim), int64(len(text.IDs))
	given := map[string]ort.Tensor{
		"text":   {Shape: []int64{1, dim}, F32: text.Vector},
		"tokens": {Shape: []int64{1, length, dim}, F32: text.Tokens},
		"ids":    {Shape: []int64{1, length}, DType: ort.I64, I64: text.IDs},
		"mask":   {Shape: []int64{1, length}, DType: ort.I64, I64: slices.Repeat([]int64{1}, len(text.IDs))},
	}
	wanted := a.queryState.Inputs()
	for name := range given {
		if _, ok := wanted[name]; !ok {
			delete(given, name)
		}
	}
	queries, err := a.runQueryState(ctx, given, [][]float32{text.Vector})
	if err != nil {
		return sightline.TextQuery{}, err
	}
	return queries[0], nil
}

// runQueryState makes a query of each of the given texts; vectors are theirs, for graphs that give no others.
func (a *Aligner) runQueryState(ctx context.Context, given map[string]ort.Tensor, vectors [][]float32) ([]sightline.TextQuery, error) {
	outputs := []string{"state"}
	if a.vector {
		outputs = append(outputs, "vector")
	}
	out, err := a.queryState.Run(ctx, given, outputs...)
	if err != nil {
		return nil, err
	}
	states, err := rows("query_state.onnx", out["state"], len(vectors), a.manifest.Decoder.State)
	if err != nil {
		return nil, err
	}
	if a.vector {
		if vectors, err = rows("query_state.onnx", out["vector"], len(vectors), a.manifest.Features.Global); err != nil {
			return nil, err
		}
	}
	queries := make([]sightline.TextQuery, len(vectors))
	for i := range queries {
		queries[i] = sightline.TextQuery{Vector: vectors[i], State: states[i]}
	}
	return queries, nil
}
