package align

import (
	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/ort"
)

// What the graphs take and give, by name (docs/bundle.md).

func (a *Aligner) checkLabels() error {
	return a.labels.Fits(
		append(a.layout.Infos(), ort.Info{Name: "global", DType: ort.F32, Shape: []int64{-1, int64(a.manifest.Features.Global)}}),
		[]ort.Info{{Name: "logits", DType: ort.F32, Shape: []int64{-1, int64(a.manifest.LabelCount)}}},
	)
}

func (a *Aligner) checkDecoder() error {
	out := []ort.Info{{Name: "logits", DType: ort.F32, Shape: []int64{-1, -1}}}
	if a.manifest.Decoder.Attention {
		out = append(out, ort.Info{Name: "attention", DType: ort.F32, Shape: []int64{-1, -1, int64(a.manifest.Features.Tokens)}})
	}
	return a.decoder.Fits(append(a.layout.Infos(), ort.Info{Name: "state", DType: ort.F32, Shape: []int64{-1, int64(a.manifest.Decoder.State)}}), out)
}

// checkQueryState lets the graph choose what it needs of a text.
func (a *Aligner) checkQueryState() error {
	dim := int64(a.manifest.Text.Dim)
	var in []ort.Info
	for _, info := range []ort.Info{
		{Name: "text", DType: ort.F32, Shape: []int64{-1, dim}},
		{Name: "tokens", DType: ort.F32, Shape: []int64{-1, -1, dim}},
		{Name: "ids", DType: ort.I64, Shape: []int64{-1, -1}},
		{Name: "mask", DType: ort.I64, Shape: []int64{-1, -1}},
	} {
		if _, declared := a.queryState.Inputs()[info.Name]; declared {
			in = append(in, info)
		}
	}
	a.mixes = len(in) == 1 && in[0].Name == "text"
	out := []ort.Info{{Name: "state", DType: ort.F32, Shape: []int64{-1, int64(a.manifest.Decoder.State)}}}
	global := int64(a.manifest.Features.Global)
	if _, a.vector = a.queryState.Outputs()["vector"]; a.vector {
		out = append(out, ort.Info{Name: "vector", DType: ort.F32, Shape: []int64{-1, global}})
	} else if dim != global {
		return sightline.Errorf(sightline.CodeBundleCorrupt,
			"query_state.onnx gives no vector, and a text's own has %d values where an image's has %d: they cannot be compared", dim, global)
	}
	return a.queryState.Fits(in, out)
}
