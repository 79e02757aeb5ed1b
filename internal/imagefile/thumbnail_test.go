package imagefile

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
)

func TestThumbnailsFitAndAreNeverEnlarged(t *testing.T) {
	for _, c := range []struct {
		size  image.Point
		width int
		want  image.Point
	}{
		{image.Pt(400, 300), 100, image.Pt(100, 75)},
		{image.Pt(50, 30), 100, image.Pt(50, 30)},
		{image.Pt(100, 4000), 50, image.Pt(5, 200)},
		{image.Pt(3000, 1), 100, image.Pt(100, 1)},
	} {
		var file bytes.Buffer
		require.NoError(t, Thumbnail(&file, image.NewGray(image.Rectangle{Max: c.size}), c.width))
		img, err := jpeg.Decode(&file)
		require.NoError(t, err)
		assert.Equal(t, c.want, img.Bounds().Size(), "%v at width %d", c.size, c.width)
	}
}

func TestThumbnailsShowTransparencyAsWhite(t *testing.T) {
	var file bytes.Buffer
	require.NoError(t, Thumbnail(&file, image.NewNRGBA(image.Rect(0, 0, 20, 20)), 10))
	img, err := jpeg.Decode(&file)
	require.NoError(t, err)
	assert.Equal(t, color.Gray{Y: 255}, color.GrayModel.Convert(img.At(5, 5)))
}

func TestThumbnailOfNoWidthIsRefused(t *testing.T) {
	err := Thumbnail(&bytes.Buffer{}, image.NewGray(image.Rect(0, 0, 2, 2)), 0)
	assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err))
}

func TestImageNames(t *testing.T) {
	for _, name := range []string{"a.jpg", "a.JPEG", "b.jpe", "b.JFIF", "c.png", "d.Gif", "e.webp", "f.bmp", "g.tif", "h/i.TIFF"} {
		assert.True(t, IsImageName(name), name)
	}
	for _, name := range []string{"a", "jpg", "a.jpg.txt", "a.heic", "a.svg", "a.jpg~", ""} {
		assert.False(t, IsImageName(name), name)
	}
}
