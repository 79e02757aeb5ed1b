package encoder

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// noise is the image of testdata/make_reference.py: channel c of pixel x, y.
func noise(x, y, c, width, height int) uint8 {
	if y < height/3 && x < width/2 {
		return [...]uint8{0, 255, 1, 254}[c]
	}
	return uint8((uint64(x)*73856093 ^ uint64(y)*19349663 ^ uint64(c)*83492791) * 2654435761 >> 24)
}

// noiseImage is the noise as the kind of image that a decoder gives for the mode.
func noiseImage(mode string, width, height int) image.Image {
	frame := image.Rect(0, 0, width, height)
	grey, rgba, nrgba := image.NewGray(frame), image.NewRGBA(frame), image.NewNRGBA(frame)
	for y := range height {
		for x := range width {
			at := func(c int) uint8 { return noise(x, y, c, width, height) }
			grey.SetGray(x, y, color.Gray{Y: at(0)})
			rgba.SetRGBA(x, y, color.RGBA{R: at(0), G: at(1), B: at(2), A: 255})
			nrgba.SetNRGBA(x, y, color.NRGBA{R: at(0), G: at(1), B: at(2), A: at(3)})
		}
	}
	return map[string]image.Image{"L": grey, "RGB": rgba, "RGBA": nrgba}[mode]
}

// reference gives the files of testdata/reference.zip whose names begin so.
func reference(t *testing.T, prefix string) map[string][]byte {
	t.Helper()
	archive, err := zip.OpenReader("testdata/reference.zip")
	require.NoError(t, err)
	defer archive.Close()
	files := map[string][]byte{}
	for _, f := range archive.File {
		if name, ok := strings.CutPrefix(f.Name, prefix); ok {
			file, err := f.Open()
			require.NoError(t, err)
			files[name], err = io.ReadAll(file)
			require.NoError(t, err)
		}
	}
	require.NotEmpty(t, files)
	return files
}

func TestResizeEqualsPillowBitForBit(t *testing.T) {
	for _, mode := range []string{"RGB", "RGBA", "L"} {
		for name, want := range reference(t, mode+" ") {
			t.Run(mode+" "+name, func(t *testing.T) {
				var w, h, toW, toH int
				_, err := fmt.Sscanf(name, "%dx%d to %dx%d", &w, &h, &toW, &toH)
				require.NoError(t, err)
				onWhite := !strings.HasSuffix(name, "drop")
				got := rgb8(noiseImage(mode, w, h), onWhite, toW, toH)
				assert.Equal(t, 0, furthest(want, got), "grey levels apart")
			})
		}
	}
}

func TestPhotographsHaveLibjpegsPixels(t *testing.T) {
	pixels := reference(t, "pixels ")
	for name, file := range reference(t, "jpeg ") {
		t.Run(name, func(t *testing.T) {
			img, err := jpeg.Decode(bytes.NewReader(file))
			require.NoError(t, err)
			want, got := pixels[name], allRows(rgbRows(img, true))
			// The decoders' cosine transforms round differently; nothing else may differ.
			assert.LessOrEqual(t, furthest(want, got), 3, "grey levels apart")
			apart := 0
			for i := range want {
				apart += max(int(want[i])-int(got[i]), int(got[i])-int(want[i]))
			}
			assert.Less(t, float64(apart)/float64(len(want)), 0.1, "grey levels apart in the mean")
		})
	}
}

// furthest is the largest difference between two rows of bytes.
func furthest(a, b []uint8) int {
	if len(a) != len(b) {
		return 256
	}
	most := 0
	for i := range a {
		most = max(most, int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	return most
}

func TestEveryKindOfImageGivesTheSameRows(t *testing.T) {
	frame := image.Rect(3, 2, 13, 9) // part of a larger image, as SubImage gives it
	whole := noiseImage("RGBA", 20, 15).(*image.NRGBA)
	deep, paletted := image.NewNRGBA64(whole.Rect), image.NewPaletted(whole.Rect, nil)
	for y := range 15 {
		for x := range 20 {
			c := whole.NRGBAAt(x, y)
			low := uint16(noise(x, y, 3, 1, 1)) // below what 8 bits keep
			wide := func(v uint8) uint16 { return uint16(v)<<8 | low }
			deep.SetNRGBA64(x, y, color.NRGBA64{R: wide(c.R), G: wide(c.G), B: wide(c.B), A: wide(c.A)})
			if len(paletted.Palette) < 256 {
				paletted.SetColorIndex(x, y, uint8(len(paletted.Palette)))
				paletted.Palette = append(paletted.Palette, c)
			}
		}
	}
	for _, onWhite := range []bool{true, false} {
		want := allRows(rgbRows(whole.SubImage(frame), onWhite))
		assert.Equal(t, want, allRows(rgbRows(struct{ image.Image }{whole.SubImage(frame)}, onWhite)), "an unknown kind")
		assert.Equal(t, want, allRows(rgbRows(deep.SubImage(frame), onWhite)), "16 bit")
		assert.Equal(t, want, allRows(rgbRows(paletted.SubImage(frame), onWhite)), "palette")
	}
}

func TestPremultipliedImagesGiveTheirOwnColours(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 1, 1))
	img.SetRGBA(0, 0, color.RGBA{R: 100, A: 128}) // the red 199, half transparent
	assert.Equal(t, []uint8{227, 127, 127}, allRows(rgbRows(img, true)))
	assert.Equal(t, []uint8{199, 0, 0}, allRows(rgbRows(img, false)))
}

func TestChromaThatIsNotInterpolatedIsReadAsTheStandardLibraryDoes(t *testing.T) {
	for _, ratio := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410} {
		part := noiseYCbCr(20, 15, ratio).SubImage(image.Rect(3, 1, 18, 14))
		want := allRows(rgbRows(struct{ image.Image }{part}, false))
		assert.LessOrEqual(t, furthest(want, allRows(rgbRows(part, false))), 1, ratio)
	}
}

func noiseYCbCr(width, height int, ratio image.YCbCrSubsampleRatio) *image.YCbCr {
	img := image.NewYCbCr(image.Rect(0, 0, width, height), ratio)
	for i := range img.Y {
		img.Y[i] = noise(i, 0, 0, 1, 1)
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = noise(i, 1, 1, 1, 1), noise(i, 2, 2, 1, 1)
	}
	return img
}

func allRows(src rgbSource) []uint8 {
	all := make([]uint8, src.width*src.height*3)
	for y := range src.height {
		src.row(y, all[y*src.width*3:(y+1)*src.width*3])
	}
	return all
}
