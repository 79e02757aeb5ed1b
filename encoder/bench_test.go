package encoder

import (
	"bytes"
	"image"
	"image/jpeg"
	"syscall"
	"testing"
	"time"

	"github.com/sightline-search/sightline/internal/imagefile"
)

// BenchmarkFile12MP decodes and resizes a 12-megapixel JPEG at the sizes at which libjpeg-turbo may give it, in CPU time.
func BenchmarkFile12MP(b *testing.B) {
	var file bytes.Buffer
	if err := jpeg.Encode(&file, shapes(image.Pt(4000, 3000), image.YCbCrSubsampleRatio420), &jpeg.Options{Quality: 90}); err != nil {
		b.Fatal(err)
	}
	for name, size := range map[string]image.Point{"quarter": {X: 256, Y: 256}, "half": {X: 512, Y: 512}, "full": imagefile.Full} {
		b.Run(name, func(b *testing.B) {
			began := cpuTime(b)
			for b.Loop() {
				picture, err := imagefile.DecodeFor(size, file.Bytes(), imagefile.DefaultLimits, true)
				if err != nil {
					b.Fatal(err)
				}
				rgb8(picture.Image, true, 256, 256)
			}
			b.ReportMetric(float64((cpuTime(b)-began).Microseconds())/1e3/float64(b.N), "cpu-ms/op")
		})
	}
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

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
