package encoder

import (
	"context"
	"image"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/internal/imagefile"
	"github.com/sightline-search/sightline/internal/ort"
)

// Images encodes images. Safe for concurrent use.
type Images struct {
	spec     bundle.ImageSpec
	features bundle.FeatureSpec
	layout   ort.Layout
	levels   [3][256]float32 // the value of each 8-bit level of each channel
	graph    *ort.Session
}

// NewImages loads the bundle's image encoder. A graph that does not fit the manifest is CodeBundleCorrupt.
func NewImages(rt *ort.Runtime, b *bundle.Bundle) (*Images, error) {
	f := b.Manifest.Features
	e := &Images{spec: b.Manifest.Image, features: f, layout: ort.LayoutOf(f.DType, f.Tokens, f.Dim)}
	for c := range e.levels {
		for v := range e.levels[c] {
			scaled := float32(v) / 255
			e.levels[c][v] = (scaled - e.spec.Mean[c]) / e.spec.Std[c]
		}
	}
	var err error
	if e.graph, err = rt.Load(b.Graph(bundle.ImageEncoderFile, rt.Half)); err != nil {
		return nil, err
	}
	if err := e.check(); err != nil {
		_ = e.graph.Close() // the first error is the one to tell
		return nil, err
	}
	return e, nil
}

func (e *Images) check() error {
	f := e.features
	return e.graph.Fits(
		[]ort.Info{{Name: "pixels", DType: ort.F32, Shape: []int64{-1, 3, int64(e.spec.Height), int64(e.spec.Width)}}},
		append(e.layout.Infos(), ort.Info{Name: "global", DType: ort.F32, Shape: []int64{-1, int64(f.Global)}}),
	)
}

// Size is the width and height to which Prepare brings an image.
func (e *Images) Size() image.Point { return image.Pt(e.spec.Width, e.spec.Height) }

// Pixels is one image as the encoder takes it: [3,H,W] f32, resized and normalised as the bundle says.
type Pixels []float32

// Prepare makes pixels of a decoded, upright image, which may be an imagefile.Reduced of at least Size. Pure CPU work,
// safe for concurrent use.
func (e *Images) Prepare(img image.Image) Pixels {
	rgb := rgb8(img, e.spec.Alpha == "white", e.spec.Width, e.spec.Height)
	size := e.spec.Width * e.spec.Height
	pixels := make(Pixels, 3*size)
	for c := range 3 {
		plane, levels := pixels[c*size:(c+1)*size], &e.levels[c]
		for i := range plane {
			plane[i] = levels[rgb[3*i+c]]
		}
	}
	return pixels
}

// rgb8 gives [height][width][3] of an image, or of the picture proper in a reduced one.
func rgb8(img image.Image, onWhite bool, width, height int) []uint8 {
	box := imagefile.WholeBox(img)
	if reduced, ok := img.(*imagefile.Reduced); ok {
		img, box = reduced.Image, reduced.Box
	}
	return resize(rgbRows(img, onWhite), box, width, height)
}

// Encode runs one batch; the result has the order of the input. Values do not depend on what else is in the batch
// beyond the last bits of a float.
func (e *Images) Encode(ctx context.Context, batch []Pixels) ([]sightline.Features, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	n, f := len(batch), e.features
	out, err := e.graph.Run(ctx, map[string]ort.Tensor{"pixels": {
		Shape: []int64{int64(n), 3, int64(e.spec.Height), int64(e.spec.Width)}, F32: slices.Concat(batch...),
	}}, append(e.layout.Names(), "global")...)
	if err != nil {
		return nil, err
	}
	for _, t := range out {
		if !t.Finite() {
			return nil, sightline.Errorf(sightline.CodeInternal, "image_encoder.onnx gave values that are not numbers")
		}
		if t.Shape[0] != int64(n) {
			return nil, sightline.Errorf(sightline.CodeInternal, "image_encoder.onnx gave values of shape %v for %d images", t.Shape, n)
		}
	}
	// Copies, so that one image that is kept does not keep its batch.
	patches, global := e.layout.Bytes(out), out["global"].F32
	if len(patches[0]) != f.PatchBytes() || len(global) != n*f.Global {
		return nil, sightline.Errorf(sightline.CodeInternal, "image_encoder.onnx gave %d bytes of patches and %d global values for %d images", len(patches[0]), len(global), n)
	}
	features := make([]sightline.Features, n)
	for i := range features {
		features[i] = sightline.Features{Patches: patches[i], Global: slices.Clone(global[i*f.Global : (i+1)*f.Global])}
	}
	return features, nil
}

// Alone gives an encoder that runs each batch on the calling thread only, for callers that run one a core. It is closed
// by itself.
func (e *Images) Alone() *Images {
	own := *e
	own.graph = e.graph.Alone()
	return &own
}

// Close frees the graph.
func (e *Images) Close() error { return e.graph.Close() }
