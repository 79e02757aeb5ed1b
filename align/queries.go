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
	outputs := []string{"state"}
	if a.vector {
		outputs = append(outputs, "vector")
	}
	out, err := a.queryState.Run(ctx, given, outputs...)
	if err != nil {
		return sightline.TextQuery{}, err
	}
	q := sightline.TextQuery{Vector: text.Vector, State: out["state"].F32}
	if a.vector {
		q.Vector = out["vector"].F32
	}
	if len(q.State) != a.manifest.Decoder.State || len(q.Vector) != a.manifest.Features.Global {
		return q, sightline.Errorf(sightline.CodeInternal, "query_state.onnx gave a state of %d and a vector of %d values", len(q.State), len(q.Vector))
	}
	if !out["state"].Finite() || !out["vector"].Finite() {
		return q, sightline.Errorf(sightline.CodeInternal, "query_state.onnx gave values that are not numbers")
	}
	return q, nil
}
