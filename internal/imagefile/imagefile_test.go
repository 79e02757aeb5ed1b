package imagefile

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The quarters of every image in testdata: red and lime above, blue and white below.
var quarters = [4]color.NRGBA{{R: 255, A: 255}, {G: 255, A: 255}, {B: 255, A: 255}, {R: 255, G: 255, B: 255, A: 255}}

var clear4 = [4]color.NRGBA{quarters[0], quarters[1], quarters[2], {}}

func sample(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(tb, err)
	return data
}

// assertQuarters compares the colours in the middle of the four quarters, which lossy formats may miss by a little.
func assertQuarters(t *testing.T, want [4]color.NRGBA, img image.Image) {
	t.Helper()
	b := img.Bounds()
	for i, w := range want {
		x, y := b.Min.X+b.Dx()*(1+2*(i%2))/4, b.Min.Y+b.Dy()*(1+2*(i/2))/4
		got, ok := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
		require.True(t, ok)
		if w.A == 0 {
			assert.Zero(t, got.A, "quarter %d is transparent", i)
			continue
		}
		for _, c := range [][2]uint8{{w.R, got.R}, {w.G, got.G}, {w.B, got.B}, {w.A, got.A}} {
			assert.InDelta(t, c[0], c[1], 6, "quarter %d is %v, not %v", i, got, w)
		}
	}
}

func TestEveryFormatIsDecodedByItsContent(t *testing.T) {
	grey := [4]color.NRGBA{{R: 76, G: 76, B: 76, A: 255}, {R: 150, G: 150, B: 150, A: 255}, {R: 29, G: 29, B: 29, A: 255}, quarters[3]}
	for name, want := range map[string]struct {
		format string
		colour [4]color.NRGBA
	}{
		"progressive.jpg":         {"jpeg", quarters},
		"restart.jpg":             {"jpeg", quarters},
		"grey.jpg":                {"jpeg", grey},
		"cmyk.jpg":                {"jpeg", quarters},
		"palette.png":             {"png", quarters},
		"alpha.png":               {"png", clear4},
		"interlaced.gif":          {"gif", quarters},
		"animation.gif":           {"gif", quarters},
		"lossy.webp":              {"webp", quarters},
		"lossless.webp":           {"webp", quarters},
		"alpha.webp":              {"webp", clear4},
		"animation.webp":          {"webp", quarters},
		"animation_alpha.webp":    {"webp", clear4},
		"plain.bmp":               {"bmp", quarters},
		"palette.bmp":             {"bmp", quarters},
		"raw.tiff":                {"tiff", quarters},
		"tiff_lzw.tiff":           {"tiff", quarters},
		"tiff_adobe_deflate.tiff": {"tiff", quarters},
		"packbits.tiff":           {"tiff", quarters},
		"alpha.tiff":              {"tiff", clear4},
		"exif_1.jpg":              {"jpeg", quarters},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "named-like-nothing.txt")
			require.NoError(t, os.WriteFile(path, sample(t, name), 0o600))
			p, err := Open(path, DefaultLimits, true)
			require.NoError(t, err)
			assert.Equal(t, want.format, p.Facts.Format)
			assert.Equal(t, 48, p.Facts.Width)
			assert.Equal(t, 32, p.Facts.Height)
			assert.True(t, p.ID.Valid())
			assert.Equal(t, p.ID, p.Facts.ID)
			assertQuarters(t, want.colour, p.Image)
		})
	}
}

func TestLossyWebPHasLibwebpsPixels(t *testing.T) {
	for _, name := range []string{"colours", "colours_alpha"} {
		want, err := Decode(sample(t, name+"_webp.png"), DefaultLimits, true)
		require.NoError(t, err)
		got, err := Decode(sample(t, name+".webp"), DefaultLimits, true)
		require.NoError(t, err)
		expected, pixels := image.NewNRGBA(want.Image.Bounds()), image.NewNRGBA(want.Image.Bounds())
		draw.Draw(expected, expected.Rect, want.Image, image.Point{}, draw.Src)
		draw.Draw(pixels, pixels.Rect, got.Image, image.Point{}, draw.Src)
		assert.Equal(t, expected.Pix, pixels.Pix, name)
	}
}

func TestSixteenBitImagesAreDecoded(t *testing.T) {
	deep := image.NewNRGBA64(image.Rect(0, 0, 5, 4))
	deep.SetNRGBA64(2, 1, color.NRGBA64{R: 0x1234, G: 0xabcd, B: 0xffff, A: 0x8000})
	var file bytes.Buffer
	require.NoError(t, png.Encode(&file, deep))
	p, err := Decode(file.Bytes(), DefaultLimits, true)
	require.NoError(t, err)
	assert.Equal(t, deep.At(2, 1), color.NRGBA64Model.Convert(p.Image.At(2, 1)))
}

func TestGIFFrameSmallerThanItsCanvasIsPlacedOnIt(t *testing.T) {
	file := sample(t, "animation.gif")
	at := bytes.Index(file, []byte{gifImage, 0, 0, 0, 0, 48, 0, 32, 0})
	require.Positive(t, at)
	file[6], file[8] = 60, 40 // the canvas
	file[at+1], file[at+3] = 12, 8
	p, err := Decode(file, DefaultLimits, true)
	require.NoError(t, err)
	assert.Equal(t, image.Rect(0, 0, 60, 40), p.Image.Bounds())
	_, _, _, alpha := p.Image.At(11, 7).RGBA()
	assert.Zero(t, alpha)
	r, g, b, _ := p.Image.At(12, 8).RGBA()
	assert.Equal(t, []uint32{0xffff, 0, 0}, []uint32{r, g, b})
}

func TestExifOrientationTurnsTheImageUpright(t *testing.T) {
	files := []string{"exif_6.png", "exif_6.webp", "exif_6.tiff"}
	for n := range 8 {
		files = append(files, "exif_"+string(rune('1'+n))+".jpg")
	}
	for _, name := range files {
		t.Run(name, func(t *testing.T) {
			p, err := Decode(sample(t, name), DefaultLimits, true)
			require.NoError(t, err)
			assert.Equal(t, image.Pt(48, 32), p.Image.Bounds().Size())
			assert.Equal(t, 48, p.Facts.Width)
			assert.Equal(t, 32, p.Facts.Height)
			assertQuarters(t, quarters, p.Image)
		})
	}
	stored, err := Decode(sample(t, "exif_6.jpg"), DefaultLimits, false)
	require.NoError(t, err)
	assert.Equal(t, image.Pt(32, 48), stored.Image.Bounds().Size(), "without orient the pixels stay as they are stored")
	assert.Equal(t, 48, stored.Facts.Width, "the facts are those of the upright image all the same")
}

func TestExifTellsWhenAndWithWhatAPhotographWasTaken(t *testing.T) {
	for _, name := range []string{"exif_1.jpg", "exif_6.png", "exif_6.webp", "exif_6.tiff"} {
		p, err := Decode(sample(t, name), DefaultLimits, true)
		require.NoError(t, err, name)
		assert.Equal(t, "Acme X100", p.Facts.Camera, name)
		if name != "exif_6.tiff" { // Pillow writes no times into a TIFF
			assert.Equal(t, time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC), p.Facts.TakenAt, name)
		}
	}
	p, err := Decode(sample(t, "grey.jpg"), DefaultLimits, true)
	require.NoError(t, err)
	assert.Zero(t, p.Facts.TakenAt)
	assert.Empty(t, p.Facts.Camera)
}

func TestDamagedExifDoesNotRefuseAnImage(t *testing.T) {
	whole := sample(t, "exif_6.jpg")
	start := bytes.Index(whole, []byte("Exif\x00\x00")) + 6
	end := bytes.Index(whole, []byte{0xff, 0xdb}) // the first quantisation table
	for at := start; at < end; at++ {
		for _, value := range []byte{0, 1, 0x7f, 0xff} {
			damaged := bytes.Clone(whole)
			damaged[at] = value
			_, err := Decode(damaged, DefaultLimits, true)
			require.NoError(t, err, "byte %d is %d", at, value)
		}
	}
}

func TestCameraNames(t *testing.T) {
	assert.Equal(t, "Canon EOS 5D", cameraName("Canon", "Canon EOS 5D"))
	assert.Equal(t, "NIKON CORPORATION NIKON D90", cameraName("NIKON CORPORATION", "NIKON D90"))
	assert.Equal(t, "FUJIFILM X100", cameraName("FUJIFILM", "X100"))
	assert.Equal(t, "Acme", cameraName("Acme", ""))
	assert.Empty(t, cameraName("", ""))
	assert.Equal(t, "a b", exifText(" a\x00\n b "))
	assert.Len(t, exifText(strings.Repeat("é", 80)), 100)
	assert.Empty(t, exifText(7))
}
