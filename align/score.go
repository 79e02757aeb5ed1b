package align

import (
	"context"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/internal/ort"
)

const (
	// One run of the decoder takes so many candidates that their features, as f32, are about chunkBytes: with more they
	// are no longer in the processor's caches when the next product reads them. Under leastCandidates the products lose
	// efficiency, and over mostCandidates a cancelled search waits long for its run to end. docs/decisions.md has figures.
	chunkBytes      = 16 << 20
	leastCandidates = 25
	mostCandidates  = 256

	// chunkImages is how many images one run of the label scorer takes: with thousands of labels a single image already
	// fills the processor, and the intermediate values grow with every image.
	chunkImages = 8
)

// Score runs the folded decoder over all pairs: result[c][q] is candidate c under query q.
func (a *Aligner) Score(ctx context.Context, queries []sightline.TextQuery, candidates []sightline.Features) ([][]Score, error) {
	if a.decoder == nil {
		return nil, a.noText()
	}
	scores := make([][]Score, 0, len(candidates))
	if len(queries) == 0 {
		return make([][]Score, len(candidates)), nil
	}
	state, err := a.stack(queries)
	if err != nil {
		return nil, err
	}
	for size := a.chunk(); len(candidates) > 0; {
		chunk := candidates[:min(len(candidates), size)]
		candidates = candidates[len(chunk):]
		inputs, err := a.patches(chunk, "state", state)
		if err != nil {
			return nil, err
		}
		out, err := a.decoder.Run(ctx, inputs, "logits")
		if err != nil {
			return nil, err
		}
		logits, err := rows("decoder.onnx", out["logits"], len(chunk), len(queries))
		if err != nil {
			return nil, err
		}
		for c, row := range logits {
			scores = append(scores, a.scoreTexts(row, queries, chunk[c].Global))
		}
	}
	return scores, nil
}

// chunk is how many candidates one run of the decoder takes. A card has no such caches, and is idle between two runs.
func (a *Aligner) chunk() int {
	if a.card {
		return mostCandidates
	}
	f := a.manifest.Features
	return min(max(chunkBytes/(4*f.Tokens*f.Dim), leastCandidates), mostCandidates)
}

// Attention tells where in an image the decoder looked for a query: [T], one weight for each patch in the order of
// features.grid, summing to 1. Errors with CodeInvalid when the bundle's decoder gives none.
func (a *Aligner) Attention(ctx context.Context, query sightline.TextQuery, image sightline.Features) ([]float32, error) {
	if a.decoder == nil {
		return nil, a.noText()
	}
	if !a.manifest.Decoder.Attention {
		return nil, sightline.Errorf(sightline.CodeInvalid, "the bundle %s does not tell where in an image a text was found", a.manifest.Name)
	}
	state, err := a.stack([]sightline.TextQuery{query})
	if err != nil {
		return nil, err
	}
	inputs, err := a.patches([]sightline.Features{image}, "state", state)
	if err != nil {
		return nil, err
	}
	out, err := a.decoder.Run(ctx, inputs, "attention")
	if err != nil {
		return nil, err
	}
	weights, err := rows("decoder.onnx", out["attention"], 1, a.manifest.Features.Tokens)
	if err != nil {
		return nil, err
	}
	return weights[0], nil
}

// scoreTexts adds the residual to one candidate's logits and calibrates them.
func (a *Aligner) scoreTexts(logits []float32, queries []sightline.TextQuery, global []float32) []Score {
	residual := a.manifest.Decoder.Residual
	scores := make([]Score, len(logits))
	for q, logit := range logits {
		whole := float64(logit) + residual.Bias
		if residual.Scale != 0 {
			whole += residual.Scale * dot(queries[q].Vector, global)
		}
		scores[q] = calibrated(whole, a.calibration.TextScale)
	}
	return scores
}

// Labels scores all labels of each image: result[i][l] in the order of the bundle's labels.
func (a *Aligner) Labels(ctx context.Context, images []sightline.Features) ([][]Score, error) {
	scores := make([][]Score, 0, len(images))
	for len(images) > 0 {
		chunk := images[:min(len(images), chunkImages)]
		images = images[len(chunk):]
		inputs, err := a.patches(chunk, "global", globals(chunk))
		if err != nil {
			return nil, err
		}
		out, err := a.labels.Run(ctx, inputs, "logits")
		if err != nil {
			return nil, err
		}
		logits, err := rows("label_scorer.onnx", out["logits"], len(chunk), a.manifest.LabelCount)
		if err != nil {
			return nil, err
		}
		for _, row := range logits {
			image := make([]Score, len(row))
			for l, logit := range row {
				image[l] = calibrated(float64(logit), a.calibration.LabelScale)
			}
			scores = append(scores, image)
		}
	}
	return scores, nil
}

func calibrated(logit float64, scale bundle.Scale) Score {
	return Score{Logit: logit, Probability: scale.Probability(logit)}
}

// rows cuts what a graph gave into n rows of the given width.
func rows(graph string, t ort.Tensor, n, width int) ([][]float32, error) {
	if len(t.F32) != n*width {
		return nil, sightline.Errorf(sightline.CodeInternal, "%s gave values of shape %v, not [%d %d]", graph, t.Shape, n, width)
	}
	if !t.Finite() {
		return nil, sightline.Errorf(sightline.CodeInternal, "%s gave values that are not numbers", graph)
	}
	all := make([][]float32, n)
	for i := range all {
		all[i] = t.F32[i*width : (i+1)*width]
	}
	return all, nil
}
