package bench

import (
	"context"
	"fmt"

	"github.com/sightline-search/sightline/internal/ort"
)

// Chunk is what re-ranking 100 candidates under one text costs when one run of the decoder takes so many of them: CPU
// milliseconds, one thread.
type Chunk struct {
	Candidates int     `json:"candidates"`
	Folded     float64 `json:"folded_cpu_ms"`            // f32 weights, f32 features
	F16Int8    float64 `json:"int8_f16_features_cpu_ms"` // int8 weights
	I8Int8     float64 `json:"int8_i8_features_cpu_ms"`  // int8 weights
}

var (
	chunkSizes = []int{5, 10, 25, 50, 100}
	chunkForms = []string{"folded_f32", "folded_f16_int8", "folded_i8_int8"}
)

// chunks measures every size with every form, in turn.
func (o *official) chunks(ctx context.Context, repeat int) ([]Chunk, error) {
	given, err := o.inputs(ctx, 1, decoderCandidates)
	if err != nil {
		return nil, err
	}
	var runs []func(context.Context) error
	for _, form := range chunkForms {
		session, err := o.load(form)
		if err != nil {
			return nil, err
		}
		defer session.Close()
		for _, size := range chunkSizes {
			runs = append(runs, func(ctx context.Context) error { return inChunks(ctx, session, given[form], size) })
		}
	}
	costs, err := cheapest(ctx, repeat, runs...)
	if err != nil {
		return nil, err
	}
	chunks := make([]Chunk, len(chunkSizes))
	for i, size := range chunkSizes {
		of := func(form int) float64 { return milliseconds(costs[form*len(chunkSizes)+i]) }
		chunks[i] = Chunk{size, of(0), of(1), of(2)}
	}
	return chunks, nil
}

// inChunks runs a decoder over its candidates, size at a time.
func inChunks(ctx context.Context, session *ort.Session, given map[string]ort.Tensor, size int) error {
	for at := 0; at < decoderCandidates; at += size {
		inputs := map[string]ort.Tensor{"state": given["state"]}
		for _, name := range []string{"patches", "scales"} {
			if t, ok := given[name]; ok {
				inputs[name] = rowsOf(t, at, size)
			}
		}
		if _, err := session.Run(ctx, inputs, "logits"); err != nil {
			return err
		}
	}
	return nil
}

// rowsOf is n rows of a tensor from a first one on.
func rowsOf(t ort.Tensor, from, n int) ort.Tensor {
	rows := int(t.Shape[0])
	part := ort.Tensor{Shape: append([]int64{int64(n)}, t.Shape[1:]...), DType: t.DType}
	cut := func(length int) (int, int) { return length / rows * from, length / rows * (from + n) }
	switch a, b := cut(len(t.F32) + len(t.F16) + len(t.U8)); t.DType {
	case ort.F16:
		part.F16 = t.F16[a:b]
	case ort.U8:
		part.U8 = t.U8[a:b]
	default:
		part.F32 = t.F32[a:b]
	}
	return part
}

func chunkRows(chunks []Chunk) [][]string {
	var rows [][]string
	for _, c := range chunks {
		rows = append(rows, []string{
			fmt.Sprintf("  in chunks of %d", c.Candidates), ms(duration(c.Folded)),
			fmt.Sprintf("folded; int8 weights: %s with f16 features, %s with i8", ms(duration(c.F16Int8)), ms(duration(c.I8Int8))),
		})
	}
	return rows
}
