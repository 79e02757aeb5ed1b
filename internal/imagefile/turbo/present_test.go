//go:build turbojpeg && cgo

package turbo

import (
	"bytes"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func file(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", name))
	require.NoError(t, err)
	return data
}

// grain has something to code in every block.
func grain(t *testing.T, size image.Point) []byte {
	t.Helper()
	img := image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = uint8(i * i >> 7)
	}
	var out bytes.Buffer
	require.NoError(t, jpeg.Encode(&out, img, nil))
	return out.Bytes()
}

func TestKindsOfJPEG(t *testing.T) {
	whole := image.Pt(48, 32)
	for name, kind := range map[string]image.Image{
		"progressive.jpg": &image.NRGBA{}, "restart.jpg": &image.NRGBA{}, "exif_1.jpg": &image.NRGBA{}, "grey.jpg": &image.Gray{},
	} {
		for reduce, want := range map[int]image.Point{1: whole, 2: {X: 24, Y: 16}, 4: {X: 12, Y: 8}, 8: {X: 6, Y: 4}} {
			img, err := Decode(file(t, name), whole, reduce)
			require.NoError(t, err, name)
			assert.IsType(t, kind, img, name)
			assert.Equal(t, want, img.Bounds().Size(), name)
		}
	}
	_, err := Decode(file(t, "cmyk.jpg"), whole, 1)
	assert.ErrorIs(t, err, errRefused, "CMYK is Go's")
}

func TestColoursCoarserThanBrightness(t *testing.T) {
	whole := file(t, "progressive.jpg")
	at := bytes.Index(whole, []byte{0xff, 0xc2}) + 11 // how often brightness is sampled, columns and rows
	for sampling, want := range map[byte]int{0x11: 1, 0x22: 1, 0x21: 2, 0x12: 2, 0x41: 4} {
		changed := bytes.Clone(whole)
		changed[at] = sampling
		assert.Equal(t, want, Coarser(changed), "%#x", sampling)
	}
	for _, other := range [][]byte{file(t, "grey.jpg"), file(t, "cmyk.jpg"), whole[:at], {}} {
		assert.Equal(t, 1, Coarser(other))
	}
}

func TestOddSizesAreRoundedUpAndOpaque(t *testing.T) {
	size := image.Pt(803, 601)
	img, err := Decode(grain(t, size), size, 8)
	require.NoError(t, err)
	assert.Equal(t, image.Pt(101, 76), img.Bounds().Size())
	assert.True(t, img.(*image.NRGBA).Opaque())
}

func TestDamageIsRefusedAtEveryLength(t *testing.T) {
	for name, size := range map[string]image.Point{"progressive.jpg": {X: 48, Y: 32}, "grey.jpg": {X: 48, Y: 32}, "restart.jpg": {X: 48, Y: 32}} {
		whole := file(t, name)
		for n := range whole {
			for _, reduce := range []int{1, 8} {
				_, err := Decode(whole[:n], size, reduce)
				require.ErrorIs(t, err, errRefused, "%s, %d of %d bytes", name, n, len(whole))
			}
		}
	}
	size := image.Pt(640, 480)
	whole := grain(t, size)
	for n := 100; n < len(whole)-2; n += 997 {
		_, err := Decode(append(bytes.Clone(whole[:n]), 0xff, 0xd9), size, 8)
		require.ErrorIs(t, err, errRefused, "%d bytes and an end marker", n)
	}
}

func TestHeadersThatSayAnotherSizeAreRefused(t *testing.T) {
	data := file(t, "restart.jpg")
	for _, size := range []image.Point{{}, {X: 47, Y: 32}, {X: 48, Y: 31}, {X: 32, Y: 48}, {X: 65500, Y: 65500}} {
		_, err := Decode(data, size, 1)
		require.ErrorIs(t, err, errRefused, size)
	}
	_, err := Decode([]byte("\xff\xd8\xff"), image.Pt(1, 1), 1)
	require.ErrorIs(t, err, errRefused)
}

// Every byte of a header and of some scans changed to some values: pixels or a refusal, never a crash.
func TestChangedBytesAreSurvived(t *testing.T) {
	size := image.Pt(48, 32)
	for _, name := range []string{"progressive.jpg", "restart.jpg", "cmyk.jpg"} {
		whole := file(t, name)
		for at := 2; at < len(whole); at++ {
			for _, value := range []byte{0, 1, 0x7f, 0xd9, 0xff} {
				damaged := bytes.Clone(whole)
				damaged[at] = value
				if img, err := Decode(damaged, size, 4); err == nil {
					require.Equal(t, image.Pt(12, 8), img.Bounds().Size())
				}
			}
		}
	}
}
