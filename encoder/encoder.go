// Package encoder turns images and texts into features with a bundle's graphs: image -> patches and global vector,
// text -> vector. It must not know stores, caches or queries.
package encoder

import (
	"context"
	"image"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/internal/ort"
)

// Images encodes images. Safe for concurrent use.
type Images struct{}

// NewImages loads the bundle's image encoder.
func NewImages(rt *ort.Runtime, b *bundle.Bundle) (*Images, error) { panic("not built yet") }

// Pixels is one image as the encoder takes it: [3,H,W] f32, resized and normalised as the bundle says.
type Pixels []float32

// Prepare makes pixels of a decoded, upright image. Pure CPU work, safe for concurrent use.
func (e *Images) Prepare(img image.Image) Pixels { panic("not built yet") }

// Encode runs one batch; the result has the order of the input.
func (e *Images) Encode(ctx context.Context, batch []Pixels) ([]sightline.Features, error) {
	panic("not built yet")
}

// Close frees the graph.
func (e *Images) Close() error { panic("not built yet") }

// Texts encodes texts. Safe for concurrent use.
type Texts struct{}

// NewTexts loads the bundle's tokenizer and text encoder; a bundle without one is CodeBundleNoText.
func NewTexts(rt *ort.Runtime, b *bundle.Bundle) (*Texts, error) { panic("not built yet") }

// Encode gives the features of each text, in order.
func (e *Texts) Encode(ctx context.Context, texts []string) ([]sightline.TextFeatures, error) {
	panic("not built yet")
}

// Close frees the graph.
func (e *Texts) Close() error { panic("not built yet") }
