package encoder

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/internal/imagefile"
)

// Whoever decodes: what reaches the model are the pixels that Pillow's libjpeg gives, chroma interpolated.
func TestDecodedFilesHaveLibjpegsPixels(t *testing.T) {
	pixels := reference(t, "pixels ")
	for name, file := range reference(t, "jpeg ") {
		t.Run(name, func(t *testing.T) {
			picture, err := imagefile.Decode(file, imagefile.DefaultLimits, true)
			require.NoError(t, err)
			want, got := pixels[name], allRows(rgbRows(picture.Image, true))
			if imagefile.ReducesJPEGs() {
				assert.Equal(t, want, got, "libjpeg's own")
				return
			}
			assert.LessOrEqual(t, furthest(want, got), 3, "grey levels apart")
		})
	}
}

// The tolerance of reduced decoding (docs/decisions.md), on shapes with hard edges and fine grain in all colours.
func TestReducedDecodingIsWithinItsTolerance(t *testing.T) {
	for _, subsampling := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio420, image.YCbCrSubsampleRatio444} {
		for _, size := range []image.Point{{1285, 1280}, {2051, 1377}, {4096, 2564}} {
			var file bytes.Buffer
			require.NoError(t, jpeg.Encode(&file, shapes(size, subsampling), &jpeg.Options{Quality: 92}))
			whole, err := imagefile.Decode(file.Bytes(), imagefile.DefaultLimits, true)
			require.NoError(t, err)
			reduced, err := imagefile.DecodeFor(image.Pt(256, 256), file.Bytes(), imagefile.DefaultLimits, true)
			require.NoError(t, err)
			if imagefile.ReducesJPEGs() {
				require.Less(t, reduced.Image.Bounds().Dx(), size.X, "it is reduced")
			}
			want, got := rgb8(whole.Image, true, 256, 256), rgb8(reduced.Image, true, 256, 256)
			sum := 0
			for i := range want {
				sum += max(int(want[i])-int(got[i]), int(got[i])-int(want[i]))
			}
			assert.LessOrEqual(t, furthest(want, got), 12, "grey levels, %v %v", size, subsampling)
			assert.Less(t, float64(sum)/float64(len(want)), 0.5, "grey levels in the mean, %v %v", size, subsampling)
		}
	}
}

// A JPEG with chroma of half the columns is reduced half as much as others: its colours would be too coarse, 25 levels apart.
func TestReducedColoursAreFineEnough(t *testing.T) {
	file, err := os.ReadFile("testdata/half_columns.jpg")
	require.NoError(t, err)
	whole, err := imagefile.Decode(file, imagefile.DefaultLimits, true)
	require.NoError(t, err)
	reduced, err := imagefile.DecodeFor(image.Pt(32, 32), file, imagefile.DefaultLimits, true)
	require.NoError(t, err)
	if imagefile.ReducesJPEGs() {
		require.Equal(t, whole.Image.Bounds().Dx()/2, reduced.Image.Bounds().Dx())
	}
	assert.LessOrEqual(t, furthest(rgb8(whole.Image, true, 32, 32), rgb8(reduced.Image, true, 32, 32)), 8, "grey levels")
}

// shapes are discs with hard edges on a gradient with grain.
func shapes(size image.Point, subsampling image.YCbCrSubsampleRatio) image.Image {
	img := image.NewYCbCr(image.Rectangle{Max: size}, subsampling)
	for y := range size.Y {
		for x := range size.X {
			inside := math.Sin(float64(x)/97)*math.Sin(float64(y)/71) > 0.3
			img.Y[img.YOffset(x, y)] = uint8(60 + 80*x/size.X + (x*7919+y*104729)%13)
			c := img.COffset(x, y)
			img.Cb[c], img.Cr[c] = uint8(90+70*y/size.Y), 120
			if inside {
				img.Y[img.YOffset(x, y)] += 90
				img.Cr[c] = 190
			}
		}
	}
	return img
}
