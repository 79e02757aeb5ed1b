package align

import (
	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/ort"
)

// stack puts the queries' states one below the other: [Q, S].
func (a *Aligner) stack(queries []sightline.TextQuery) (ort.Tensor, error) {
	size := a.manifest.Decoder.State
	t := ort.Tensor{Shape: []int64{int64(len(queries)), int64(size)}, F32: make([]float32, 0, len(queries)*size)}
	for i, q := range queries {
		if len(q.State) != size || len(q.Vector) != a.manifest.Features.Global {
			return t, sightline.Errorf(sightline.CodeInternal, "query %d has a state of %d and a vector of %d values, the bundle's have %d and %d",
				i, len(q.State), len(q.Vector), size, a.manifest.Features.Global)
		}
		t.F32 = append(t.F32, q.State...)
	}
	return t, nil
}

// patches are the graphs' inputs for the images' patch features, one image below the other, [C, T, D], and beside them
// what name is given. It checks that the features are of this bundle's size, as are the global vectors.
func (a *Aligner) patches(images []sightline.Features, name string, beside ort.Tensor) (map[string]ort.Tensor, error) {
	stored := make([][]byte, len(images))
	for i, img := range images {
		if err := a.fits(i, img); err != nil {
			return nil, err
		}
		stored[i] = img.Patches
	}
	inputs := a.layout.Tensors(stored)
	inputs[name] = beside
	return inputs, nil
}

// fits refuses features of another model; i is the image's place in the call.
func (a *Aligner) fits(i int, img sightline.Features) error {
	f := a.manifest.Features
	if len(img.Patches) != f.PatchBytes() || len(img.Global) != f.Global {
		return sightline.Errorf(sightline.CodeIndexMismatch, "image %d has %d bytes of patches and a global vector of %d values, the bundle's have %d and %d",
			i, len(img.Patches), len(img.Global), f.PatchBytes(), f.Global).WithHint("index the images again with this bundle")
	}
	return nil
}

// globals puts the images' global vectors one below the other: [B, E].
func globals(images []sightline.Features) ort.Tensor {
	width := len(images[0].Global)
	t := ort.Tensor{Shape: []int64{int64(len(images)), int64(width)}, F32: make([]float32, 0, len(images)*width)}
	for _, img := range images {
		t.F32 = append(t.F32, img.Global...)
	}
	return t
}

func dot(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}
