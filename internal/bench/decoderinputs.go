package bench

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/sightline-search/sightline/internal/ort"
)

// sgemmSide is the side of the square matrices whose product stands for the best that the machine can do.
const sgemmSide = 1536

// inputs are what every form is given: the same texts and candidates, stored as the form wants them.
func (o *official) inputs(ctx context.Context, texts, candidates int) (map[string]map[string]ort.Tensor, error) {
	random := seeded(2)
	f32 := ort.Tensor{Shape: []int64{int64(candidates), officialTokens, officialDim}, F32: normal(random, candidates*officialTokens*officialDim)}
	text := ort.Tensor{Shape: []int64{int64(texts), officialDim}, F32: unitRows(normal(random, texts*officialDim), officialDim)}
	state, err := o.once(ctx, "query_state", map[string]ort.Tensor{"text": text}, "state")
	if err != nil {
		return nil, err
	}
	f16, err := o.once(ctx, "store_f16", map[string]ort.Tensor{"features": f32}, "patches")
	if err != nil {
		return nil, err
	}
	i8, err := o.once(ctx, "store_i8", map[string]ort.Tensor{"features": f32}, "patches", "scales")
	if err != nil {
		return nil, err
	}
	given := map[string]map[string]ort.Tensor{
		"ordinary": {"text": text, "patches": withToken0(f32)},
		"sgemm":    {"a": square(random), "b": square(random)},
	}
	for _, weights := range []string{"", "_int8"} {
		given["folded_f32"+weights] = map[string]ort.Tensor{"state": state["state"], "patches": f32}
		given["folded_f16"+weights] = map[string]ort.Tensor{"state": state["state"], "patches": f16["patches"]}
		given["folded_i8"+weights] = map[string]ort.Tensor{"state": state["state"], "patches": i8["patches"], "scales": i8["scales"]}
	}
	return given, nil
}

// once loads a graph for a single run.
func (o *official) once(ctx context.Context, graph string, given map[string]ort.Tensor, outputs ...string) (map[string]ort.Tensor, error) {
	session, err := o.load(graph)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	return session.Run(ctx, given, outputs...)
}

// withToken0 puts the mean of each image's tokens in front of them, as the official code keeps it.
func withToken0(patches ort.Tensor) ort.Tensor {
	const image = officialTokens * officialDim
	all := make([]float32, 0, len(patches.F32)+len(patches.F32)/officialTokens)
	for at := 0; at < len(patches.F32); at += image {
		tokens, mean := patches.F32[at:at+image], make([]float32, officialDim)
		for i, v := range tokens {
			mean[i%officialDim] += v / officialTokens
		}
		all = append(append(all, mean...), tokens...)
	}
	return ort.Tensor{Shape: []int64{patches.Shape[0], officialTokens + 1, officialDim}, F32: all}
}

func square(random *rand.Rand) ort.Tensor {
	return ort.Tensor{Shape: []int64{sgemmSide, sgemmSide}, F32: normal(random, sgemmSide*sgemmSide)}
}

func unitRows(values []float32, width int) []float32 {
	for at := 0; at < len(values); at += width {
		row, squares := values[at:at+width], 0.0
		for _, v := range row {
			squares += float64(v) * float64(v)
		}
		for i := range row {
			row[i] /= float32(math.Sqrt(squares))
		}
	}
	return values
}
