package bundle

import (
	"fmt"
	"maps"
	"slices"
)

// HalfSpec names graphs that compute in f16, for accelerators, and says how far they are off. They lie beside the f32
// graphs, take and give the same tensors, and are part of neither fingerprint: their rounding is within what the bundle's
// maker was allowed (docs/cuda.md).
type HalfSpec struct {
	Graphs   map[string]string `json:"graphs"` // file of an f32 graph -> file of the graph that may take its place
	Rounding HalfRounding      `json:"rounding"`
}

// HalfRounding is what the f16 graphs were off by when they were made, rounded as on a card.
type HalfRounding struct {
	Images   int            `json:"images"`   // photographs that it was measured on
	Features float64        `json:"features"` // length of the error by the length of what is right
	Global   float64        `json:"global"`
	Labels   LogitRounding  `json:"labels"`
	Texts    *LogitRounding `json:"texts"` // nil where the decoder has no f16 graph
}

// LogitRounding compares logits of f16 graphs, from the pixels on, with those of f32 graphs.
type LogitRounding struct {
	Largest   float64 `json:"largest"`
	RMS       float64 `json:"rms"`
	Deviation float64 `json:"deviation"` // of the logits themselves
	Ranks     float64 `json:"ranks"`     // Spearman's correlation, mean of the rows
}

// Graph gives the path of one of the bundle's graphs: of the one in f16 where half is asked for and there is one.
func (b *Bundle) Graph(file string, half bool) string {
	if b.Manifest.Half != nil && half {
		if other, ok := b.Manifest.Half.Graphs[file]; ok {
			return b.Path(other)
		}
	}
	return b.Path(file)
}

// checkHalf makes sure that only graphs are replaced, by files that are verified.
func (m *Manifest) checkHalf() error {
	if m.Half == nil {
		return nil
	}
	for _, file := range slices.Sorted(maps.Keys(m.Half.Graphs)) {
		if err := oneOf("half.graphs", file, ImageEncoderFile, DecoderFile, LabelScorerFile); err != nil {
			return err
		}
		other := m.Half.Graphs[file]
		if _, ok := m.Files[other]; !ok || other == file {
			return fmt.Errorf("half.graphs[%q] is %q, which is not another one of files", file, other)
		}
	}
	return nil
}
