package ort_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/ort"
)

func TestGraphsThatDoNotFitAreRefused(t *testing.T) {
	x := ort.Info{Name: "x", DType: ort.F32, Shape: []int64{-1, 3}}
	y := ort.Info{Name: "y", DType: ort.F32, Shape: []int64{-1, 3}}
	with := func(i ort.Info, change func(*ort.Info)) []ort.Info {
		change(&i)
		return []ort.Info{i}
	}
	require.NoError(t, load(t, "affine").Fits([]ort.Info{x}, []ort.Info{y}))
	for says, c := range map[string]struct{ in, out []ort.Info }{
		`has no input "z", it has x`: {with(x, func(i *ort.Info) { i.Name = "z" }), nil},
		`has no output "z"`:          {[]ort.Info{x}, with(y, func(i *ort.Info) { i.Name = "z" })},
		"has 1 inputs (x)":           {nil, nil},
		`input "x" is f32 [-1 3], the manifest asks for f16 [-1 3]`: {with(x, func(i *ort.Info) { i.DType = ort.F16 }), nil},
		`the manifest asks for f32 [-1 4]`:                          {[]ort.Info{x}, with(y, func(i *ort.Info) { i.Shape = []int64{-1, 4} })},
		`the manifest asks for f32 [-1 -1]`:                         {with(x, func(i *ort.Info) { i.Shape = []int64{-1, -1} }), nil},
		`the manifest asks for f32 [-1]`:                            {with(x, func(i *ort.Info) { i.Shape = []int64{-1} }), nil},
	} {
		err := load(t, "affine").Fits(c.in, c.out)
		assert.Equal(t, sightline.CodeBundleCorrupt, sightline.CodeOf(err), says)
		assert.ErrorContains(t, err, says)
	}
}

func TestFiniteFindsWhatIsNoNumber(t *testing.T) {
	f16 := func(bits uint16) ort.Tensor {
		return ort.Tensor{DType: ort.F16, F16: binary.LittleEndian.AppendUint16([]byte{0xff, 0x7b}, bits)} // 65504 before it
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	assert.True(t, ort.Tensor{F32: []float32{0, math.MaxFloat32, -1}}.Finite())
	assert.False(t, ort.Tensor{F32: []float32{0, nan}}.Finite())
	assert.False(t, ort.Tensor{F32: []float32{inf, 0}}.Finite())
	assert.True(t, f16(0xfbff).Finite())
	assert.False(t, f16(0x7c00).Finite(), "infinite")
	assert.False(t, f16(0xfe01).Finite(), "not a number")
}

func TestTensorsTurnIntoBytesAndBack(t *testing.T) {
	f32 := ort.Tensor{Shape: []int64{1, 2}, DType: ort.F32, F32: []float32{1, -0.5}}
	assert.Equal(t, []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xbf}, f32.Bytes())
	assert.Equal(t, f32, ort.FromBytes(ort.F32, []int64{1, 2}, f32.Bytes()))
	f16 := ort.Tensor{Shape: []int64{1, 2}, DType: ort.F16, F16: []byte{0, 0x3c, 0, 0xb8}}
	assert.Equal(t, f16, ort.FromBytes(ort.F16, []int64{1, 2}, f16.Bytes()))
}
