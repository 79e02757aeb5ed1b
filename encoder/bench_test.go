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
		resize(rgbRows(photo, true), 224, 224)
	}
}
