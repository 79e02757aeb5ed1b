package encoder

import (
	"image"
	"testing"
)

// BenchmarkPrepare12MP makes pixels of a 12-megapixel photograph as JPEG gives it.
func BenchmarkPrepare12MP(b *testing.B) {
	photo := image.NewYCbCr(image.Rect(0, 0, 4000, 3000), image.YCbCrSubsampleRatio420)
	for i := range photo.Y {
		photo.Y[i] = noise(i, 0, 0, 1, 1)
	}
	for b.Loop() {
		rgb8(photo, true, 224, 224)
	}
}

// BenchmarkEncode runs the image encoder on batches of 8, as indexing does.
func BenchmarkEncode(b *testing.B) {
	e, _ := defaultImages(b)
	pixels := e.Prepare(noiseImage("RGB", 200, 150))
	batch := []Pixels{pixels, pixels, pixels, pixels, pixels, pixels, pixels, pixels}
	for b.Loop() {
		if _, err := e.Encode(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(batch))/b.Elapsed().Seconds(), "images/s")
}

// BenchmarkEncodeText encodes a sentence, tokens included.
func BenchmarkEncodeText(b *testing.B) {
	e := defaultTexts(b)
	for b.Loop() {
		if _, err := e.Encode(b.Context(), []string{"a dog runs on the beach at sunset"}); err != nil {
			b.Fatal(err)
		}
	}
}
