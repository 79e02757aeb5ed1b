package ort_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/ort"
	"github.com/sightline-search/sightline/internal/ort/orttest"
)

func load(t *testing.T, graph string) *ort.Session {
	t.Helper()
	s, err := orttest.Open(t).Load(filepath.Join("testdata", graph+".onnx"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func f32(shape []int64, values ...float32) ort.Tensor {
	return ort.Tensor{Shape: shape, DType: ort.F32, F32: values}
}

func TestOpenTwiceGivesTheSameLibrary(t *testing.T) {
	first := orttest.Open(t)
	second, err := ort.Open(ort.Options{})
	require.NoError(t, err)
	assert.Equal(t, first.Library, second.Library)
	assert.Equal(t, ort.PinnedVersion, second.Version)

	_, err = ort.Open(ort.Options{Library: "/elsewhere/libonnxruntime.so"})
	require.ErrorContains(t, err, first.Library)
}

func TestGraphTellsItsInputsAndOutputs(t *testing.T) {
	s := load(t, "affine")
	assert.Equal(t, map[string]ort.Info{"x": {Name: "x", Shape: []int64{-1, 3}, DType: ort.F32}}, s.Inputs())
	assert.Equal(t, map[string]ort.Info{
		"y":     {Name: "y", Shape: []int64{-1, 3}, DType: ort.F32},
		"total": {Name: "total", Shape: []int64{-1}, DType: ort.F32},
	}, s.Outputs())
}

func TestRunComputesTheNamedOutputsOfABatch(t *testing.T) {
	s := load(t, "affine")
	x := f32([]int64{2, 3}, 1, 2, 3, -1, 0, 0.5)

	out, err := s.Run(t.Context(), map[string]ort.Tensor{"x": x}, "y")
	require.NoError(t, err)
	assert.Equal(t, map[string]ort.Tensor{"y": f32([]int64{2, 3}, 3, 5, 7, -1, 1, 2)}, out)

	out, err = s.Run(t.Context(), map[string]ort.Tensor{"x": x}, "total", "y")
	require.NoError(t, err)
	assert.Equal(t, f32([]int64{2}, 6, -0.5), out["total"])
	assert.Equal(t, f32([]int64{2, 3}, 3, 5, 7, -1, 1, 2), out["y"])
	assert.Equal(t, []float32{1, 2, 3, -1, 0, 0.5}, x.F32, "inputs stay as they were")
}

func TestRunHandsHalfPrecisionThroughUnchanged(t *testing.T) {
	s := load(t, "halves")
	// 1, 2, -0.5, 65504 (the largest), 0, 2^-24 (the smallest), twice.
	one := []byte{0x00, 0x3c, 0x00, 0x40, 0x00, 0xb8, 0xff, 0x7b, 0x00, 0x00, 0x01, 0x00}
	in := append(append([]byte{}, one...), one...)
	want := append([]byte{}, in...)
	for i := 1; i < len(want); i += 2 {
		want[i] ^= 0x80 // the sign bit
	}
	out, err := s.Run(t.Context(), map[string]ort.Tensor{"patches": {Shape: []int64{2, 2, 3}, DType: ort.F16, F16: in}}, "negated")
	require.NoError(t, err)
	assert.Equal(t, ort.Tensor{Shape: []int64{2, 2, 3}, DType: ort.F16, F16: want}, out["negated"])
}

func TestRunTakesIntegers(t *testing.T) {
	s := load(t, "tokens")
	i64 := func(v ...int64) ort.Tensor { return ort.Tensor{Shape: []int64{1, 4}, DType: ort.I64, I64: v} }
	out, err := s.Run(t.Context(), map[string]ort.Tensor{"ids": i64(101, 7592, 102, 9), "mask": i64(1, 1, 1, 0)}, "kept")
	require.NoError(t, err)
	assert.Equal(t, i64(101, 7592, 102, 0), out["kept"])
}

func TestRunsAtTheSameTimeDoNotDisturbEachOther(t *testing.T) {
	s := load(t, "affine")
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 50 {
				v := float32(100*worker + i)
				outputs := []string{"y", "total"}[:1+i%2]
				out, err := s.Run(t.Context(), map[string]ort.Tensor{"x": f32([]int64{1, 3}, v, v, v)}, outputs...)
				if assert.NoError(t, err) {
					assert.Equal(t, []float32{2*v + 1, 2*v + 1, 2*v + 1}, out["y"].F32)
				}
			}
		})
	}
	wg.Wait()
}

func TestCancelledContextStopsARun(t *testing.T) {
	s := load(t, "loop")
	run := func(ctx context.Context, n int64) (map[string]ort.Tensor, error) {
		steps := ort.Tensor{Shape: []int64{1}, DType: ort.I64, I64: []int64{n}}
		return s.Run(ctx, map[string]ort.Tensor{"n": steps, "x": f32([]int64{1}, 0.5)}, "y")
	}
	out, err := run(t.Context(), 10)
	require.NoError(t, err)
	assert.Equal(t, []float32{10.5}, out["y"].F32)

	const forever = 1 << 50
	because := errors.New("the client went away")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, because)
	defer cancel()
	_, err = run(ctx, forever)
	require.ErrorIs(t, err, because)

	out, err = run(t.Context(), 3)
	require.NoError(t, err, "the session goes on working")
	assert.Equal(t, []float32{3.5}, out["y"].F32)
}

func TestClosedSessionRefusesToRun(t *testing.T) {
	s, err := orttest.Open(t).Load("testdata/affine.onnx")
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	_, err = s.Run(t.Context(), map[string]ort.Tensor{"x": f32([]int64{1, 3}, 1, 2, 3)}, "y")
	require.ErrorContains(t, err, "closed")
}

func TestRunRefusesTensorsThatDoNotFit(t *testing.T) {
	good := f32([]int64{1, 3}, 1, 2, 3)
	for _, tc := range []struct {
		name, graph, says string
		inputs            map[string]ort.Tensor
		outputs           []string
	}{
		{"too few elements", "affine", "needs 6 elements, it has 3", map[string]ort.Tensor{"x": f32([]int64{2, 3}, 1, 2, 3)}, []string{"y"}},
		{"too many elements", "affine", "needs 3 elements, it has 4", map[string]ort.Tensor{"x": f32([]int64{1, 3}, 1, 2, 3, 4)}, []string{"y"}},
		{"wrong width", "affine", "f32 [-1 3], it was given f32 [1 2]", map[string]ort.Tensor{"x": f32([]int64{1, 2}, 1, 2)}, []string{"y"}},
		{"wrong rank", "affine", "it was given f32 [3]", map[string]ort.Tensor{"x": f32([]int64{3}, 1, 2, 3)}, []string{"y"}},
		{"wrong type", "affine", "it was given i64", map[string]ort.Tensor{"x": {Shape: []int64{1, 3}, DType: ort.I64, I64: []int64{1, 2, 3}}}, []string{"y"}},
		{"empty batch", "affine", "at least 1", map[string]ort.Tensor{"x": f32([]int64{0, 3})}, []string{"y"}},
		{"odd half bytes", "halves", "needs 12 bytes, it has 11", map[string]ort.Tensor{"patches": {Shape: []int64{1, 2, 3}, DType: ort.F16, F16: make([]byte, 11)}}, []string{"negated"}},
		{"missing input", "affine", `input "x" is missing`, nil, []string{"y"}},
		{"unknown input", "affine", `no input "z"`, map[string]ort.Tensor{"x": good, "z": good}, []string{"y"}},
		{"unknown output", "affine", `no output "z", it has total, y`, map[string]ort.Tensor{"x": good}, []string{"z"}},
		{"no output", "affine", "without a wanted output", map[string]ort.Tensor{"x": good}, nil},
		{"unknown f16 size", "halves_free", "only the first dimension", map[string]ort.Tensor{"patches": {Shape: []int64{1, 1}, DType: ort.F16, F16: make([]byte, 2)}}, []string{"negated"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := load(t, tc.graph).Run(t.Context(), tc.inputs, tc.outputs...)
			require.ErrorContains(t, err, tc.says)
		})
	}
}

func TestLoadRefusesWhatIsNoUsableGraph(t *testing.T) {
	for _, tc := range []struct{ file, says string }{
		{"testdata/absent.onnx", "absent.onnx"},
		{"testdata/make_graphs.py", "not a graph"},
		{"testdata/doubles.onnx", `"x" is neither`},
	} {
		t.Run(tc.file, func(t *testing.T) {
			_, err := orttest.Open(t).Load(tc.file)
			require.ErrorContains(t, err, tc.says)
			assert.Equal(t, sightline.CodeBundleCorrupt, sightline.CodeOf(err))
		})
	}
}
