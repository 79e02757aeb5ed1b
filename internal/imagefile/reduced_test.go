package imagefile

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReductionLeavesEnoughForTheResize(t *testing.T) {
	for _, c := range []struct {
		full, atLeast image.Point
		want          int
	}{
		{image.Pt(4000, 3000), image.Pt(256, 256), 4},
		{image.Pt(5120, 5120), image.Pt(256, 256), 8},
		{image.Pt(5120, 5119), image.Pt(256, 256), 4},
		{image.Pt(1280, 1280), image.Pt(256, 256), 2},
		{image.Pt(1279, 1280), image.Pt(256, 256), 1},
		{image.Pt(60000, 600), image.Pt(256, 256), 1},
		{image.Pt(4000, 3000), image.Pt(320, 0), 4},
		{image.Pt(65500, 65500), Full, 1},
		{image.Pt(1, 1), image.Pt(0, 0), 8},
	} {
		assert.Equal(t, c.want, reduction(c.full, c.atLeast), "%v for %v", c.full, c.atLeast)
	}
}

func TestReducedPicturesTellTheFilesOwnSize(t *testing.T) {
	var file bytes.Buffer
	require.NoError(t, jpeg.Encode(&file, texture(1201, 801), nil))
	p, err := DecodeFor(image.Pt(80, 80), file.Bytes(), DefaultLimits, true)
	require.NoError(t, err)
	assert.Equal(t, image.Pt(1201, 801), image.Pt(p.Facts.Width, p.Facts.Height))
	want := image.Pt(1201, 801)
	if ReducesJPEGs() {
		want = image.Pt(301, 201)
	}
	assert.Equal(t, want, p.Image.Bounds().Size())
}

func TestReducedPicturesAreUpright(t *testing.T) {
	for _, name := range []string{"exif_1.jpg", "exif_3.jpg", "exif_6.jpg", "exif_8.jpg", "progressive.jpg", "restart.jpg", "cmyk.jpg"} {
		p, err := DecodeFor(image.Pt(9, 6), sample(t, name), DefaultLimits, true) // 48 x 32 upright; stored as 32 x 48 it would be halved, too
		require.NoError(t, err)
		assert.Equal(t, image.Pt(48, 32), image.Pt(p.Facts.Width, p.Facts.Height), name)
		size := p.Image.Bounds().Size()
		assert.True(t, size == image.Pt(48, 32) || ReducesJPEGs() && size == image.Pt(24, 16), "%s: %v", name, size)
		assertQuarters(t, quarters, p.Image)
	}
	// What is asked for is turned, too: as it is stored, the picture would suffice at half its size.
	p, err := DecodeFor(image.Pt(6, 9), sample(t, "exif_6.jpg"), DefaultLimits, true)
	require.NoError(t, err)
	assert.Equal(t, image.Pt(48, 32), p.Image.Bounds().Size())
}

// Wherever a turn puts the last column and the last row, which stand for half a pixel here, the box leaves their outer half out.
func TestTheBoxTurnsWithThePicture(t *testing.T) {
	const column, row = 200, 100
	stored := image.NewGray(image.Rect(0, 0, 10, 6))
	for x := range 10 {
		stored.SetGray(x, 5, color.Gray{Y: row})
	}
	for y := range 5 {
		stored.SetGray(9, y, color.Gray{Y: column})
	}
	for o := orientation(1); o <= 8; o++ {
		img, ok := o.upright(&Reduced{stored, Box{MaxX: 9.5, MaxY: 5.5}}).(*Reduced)
		require.True(t, ok)
		size := img.Bounds().Size()
		level := func(x, y int) uint8 { return color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y }
		var marked []uint8
		for _, side := range []struct {
			cut  float64
			x, y int // in the middle of the side
		}{
			{img.Box.MinX, 0, size.Y / 2},
			{float64(size.X) - img.Box.MaxX, size.X - 1, size.Y / 2},
			{img.Box.MinY, size.X / 2, 0},
			{float64(size.Y) - img.Box.MaxY, size.X / 2, size.Y - 1},
		} {
			if side.cut == 0.5 {
				marked = append(marked, level(side.x, side.y))
			} else {
				assert.Zero(t, side.cut)
			}
		}
		assert.ElementsMatch(t, []uint8{column, row}, marked, "orientation %d", o)
	}
}
