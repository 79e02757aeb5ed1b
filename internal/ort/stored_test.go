package ort_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sightline-search/sightline/internal/ort"
)

func TestFeaturesComeBackAsTheyWereStored(t *testing.T) {
	for name, size := range map[string]int{"f32": 3 * 2 * 4, "f16": 3 * 2 * 2, "i8": 3 * (2 + 4)} {
		layout := ort.LayoutOf(name, 3, 2)
		images := [][]byte{make([]byte, size), make([]byte, size)}
		for i := range images {
			for j := range images[i] {
				images[i][j] = byte(i + 5*j)
			}
		}
		tensors := layout.Tensors(images)
		assert.Len(t, tensors, len(layout.Infos()))
		for _, info := range layout.Infos() {
			got := tensors[info.Name]
			assert.Equal(t, info.DType, got.DType)
			assert.Equal(t, int64(2), got.Shape[0])
			assert.Equal(t, info.Shape[1:], got.Shape[1:])
		}
		assert.Equal(t, images, layout.Bytes(tensors), name)
	}
}

func TestFeaturesThatLieTogetherAreNotCopied(t *testing.T) {
	layout := ort.LayoutOf("f16", 2, 1)
	whole := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	given := func(parts ...[]byte) []byte { return layout.Tensors(parts)["patches"].F16 }
	for name, tc := range map[string]struct {
		parts [][]byte
		want  []byte
		same  bool
	}{
		"in order":     {[][]byte{whole[:4], whole[4:8], whole[8:]}, whole, true},
		"the last two": {[][]byte{whole[4:8], whole[8:]}, whole[4:], true},
		"one":          {[][]byte{whole[4:8]}, whole[4:8], true},
		"swapped":      {[][]byte{whole[4:8], whole[:4]}, []byte{5, 6, 7, 8, 1, 2, 3, 4}, false},
		"twice":        {[][]byte{whole[:4], whole[:4]}, []byte{1, 2, 3, 4, 1, 2, 3, 4}, false},
		"with a gap":   {[][]byte{whole[:4], whole[8:]}, []byte{1, 2, 3, 4, 9, 10, 11, 12}, false},
	} {
		got := given(tc.parts...)
		assert.Equal(t, tc.want, got, name)
		assert.Equal(t, tc.same, &got[0] == &tc.parts[0][0], name)
	}
}

func TestStoredFeaturesStandForNumbers(t *testing.T) {
	for name, tc := range map[string]struct {
		stored []byte
		want   []float32
	}{
		"f32": {[]byte{0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0}, []float32{1.5, -2}},
		"f16": {[]byte{0xff, 0x7b, 0x01, 0x80}, []float32{65504, -0x1p-24}}, // the largest, and the smallest below zero
		"i8":  {[]byte{255, 0, 0, 0, 0, 0x3f}, []float32{63.5, -64}},
	} {
		assert.Equal(t, tc.want, ort.LayoutOf(name, 1, 2).Values(tc.stored), name)
	}
}
