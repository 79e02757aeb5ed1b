package imagefile

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
)

func TestTruncatedFilesAreCorruptAtEveryLength(t *testing.T) {
	files, err := os.ReadDir("testdata")
	require.NoError(t, err)
	for _, f := range files {
		if !IsImageName(f.Name()) || f.Name() == "jpeg.tiff" || f.Name() == "group4.tiff" || f.Name() == "animation.gif" {
			continue
		}
		whole := sample(t, f.Name())
		t.Run(f.Name(), func(t *testing.T) {
			if strings.HasSuffix(f.Name(), ".gif") {
				whole = whole[:len(whole)-1] // old programs leave out the trailer
			}
			step := max(1, len(whole)/700)
			for n := 16; n < len(whole); n += step {
				_, err := Decode(whole[:n], DefaultLimits, true)
				require.Equal(t, sightline.CodeImageCorrupt, sightline.CodeOf(err), "%d of %d bytes: %v", n, len(whole), err)
			}
			_, err := Decode(whole[:len(whole)-1], DefaultLimits, true)
			require.Equal(t, sightline.CodeImageCorrupt, sightline.CodeOf(err), "all but one byte")
		})
	}
}

func TestAnimationsMayEndBehindAFrameOnly(t *testing.T) {
	whole := sample(t, "animation.gif")
	want, err := Decode(whole, DefaultLimits, true)
	require.NoError(t, err)
	var accepted []int
	for n := range len(whole) - 1 {
		if got, err := Decode(whole[:n], DefaultLimits, true); err == nil {
			accepted = append(accepted, n)
			assert.Equal(t, want.Image, got.Image)
		}
	}
	assert.LessOrEqual(t, len(accepted), 3, "ends of blocks behind the first frame")
}

func TestFaxWithoutItsEndMarkerIsStillWhole(t *testing.T) {
	whole := sample(t, "group4.tiff")
	want, err := Decode(whole, DefaultLimits, true)
	require.NoError(t, err)
	got, err := Decode(whole[:len(whole)-4], DefaultLimits, true)
	require.NoError(t, err, "the pixels need no end marker")
	assert.Equal(t, want.Image, got.Image)
}

func TestTruncatedPhotographIsCorrupt(t *testing.T) {
	var file bytes.Buffer
	require.NoError(t, jpeg.Encode(&file, texture(640, 480), nil))
	whole := file.Bytes()
	for n := 100; n < len(whole); n += 997 {
		_, err := Decode(whole[:n], DefaultLimits, true)
		require.Equal(t, sightline.CodeImageCorrupt, sightline.CodeOf(err), "%d of %d bytes: %v", n, len(whole), err)
		require.ErrorContains(t, err, "truncated")
		// A decoder that fills up what is missing would be content with an end marker.
		_, err = Decode(append(bytes.Clone(whole[:n]), 0xff, 0xd9), DefaultLimits, true)
		require.Equal(t, sightline.CodeImageCorrupt, sightline.CodeOf(err), "%d bytes and an end marker: %v", n, err)
	}
	_, err := Decode(whole[:len(whole)-2], DefaultLimits, true)
	assert.Equal(t, sightline.CodeImageCorrupt, sightline.CodeOf(err), "a JPEG without its end marker counts as truncated")
	_, err = Decode(append(bytes.Clone(whole), "a motion photo's film"...), DefaultLimits, true)
	assert.NoError(t, err, "what follows the end marker is not looked at")
}

// texture is a picture in which every block has something to code.
func texture(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * i >> 7)
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

func TestBadFilesSayWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		code sightline.Code
		says string
	}{
		"empty":            {nil, sightline.CodeImageEmpty, "0 bytes"},
		"text":             {[]byte("this is not a photograph"), sightline.CodeImageUnsupported, "text/plain"},
		"web page":         {[]byte("<!DOCTYPE html><html></html>"), sightline.CodeImageUnsupported, "text/html"},
		"heic":             {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), sightline.CodeImageUnsupported, "image/heic"},
		"noise":            {[]byte{0xfe, 1, 2, 3, 0, 0xfe, 4}, sightline.CodeImageUnsupported, "unknown data"},
		"one byte":         {[]byte{0xff}, sightline.CodeImageUnsupported, ""},
		"JPEG start only":  {[]byte("\xff\xd8\xff"), sightline.CodeImageCorrupt, "truncated"},
		"damaged JPEG":     {[]byte("\xff\xd8\xff\xda\x00\x08aaaaaaaaaa"), sightline.CodeImageCorrupt, "damaged"},
		"JPEG in a TIFF":   {sample(t, "jpeg.tiff"), sightline.CodeImageUnsupported, "compression value 7"},
		"no pixels":        {pngHeader(0, 5), sightline.CodeImageCorrupt, "damaged"},
		"huge PNG":         {pngHeader(60000, 60000), sightline.CodeImageTooLarge, "60000 x 60000 pixels (3600.0 megapixels), the limit is 200.0 megapixels"},
		"huger PNG":        {pngHeader(500000, 500000), sightline.CodeImageTooLarge, "500000 x 500000"},
		"WebP of nothing":  {[]byte("RIFF\x04\x00\x00\x00WEBP"), sightline.CodeImageCorrupt, ""},
		"animated nothing": {[]byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x01\x00\x00"), sightline.CodeImageCorrupt, "without a frame"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(c.data, DefaultLimits, true)
			require.Error(t, err)
			assert.Equal(t, c.code, sightline.CodeOf(err), err)
			assert.ErrorContains(t, err, c.says)
		})
	}
}

// pngHeader is a PNG with a right header that ends before its pixels.
func pngHeader(width, height uint32) []byte {
	chunk := append([]byte("IHDR"), make([]byte, 13)...)
	binary.BigEndian.PutUint32(chunk[4:], width)
	binary.BigEndian.PutUint32(chunk[8:], height)
	chunk[12], chunk[13] = 8, 2
	file := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
	return binary.BigEndian.AppendUint32(append(file, chunk...), crc32.ChecksumIEEE(chunk))
}

func TestHugeImageTakesNoMemory(t *testing.T) {
	file := pngHeader(60000, 60000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Decode(file, DefaultLimits, true)
	runtime.ReadMemStats(&after)
	require.Equal(t, sightline.CodeImageTooLarge, sightline.CodeOf(err))
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

func TestFilesOverTheLimitOfBytesAreRefused(t *testing.T) {
	data := sample(t, "plain.bmp")
	tight := Limits{MaxPixels: 1e6, MaxBytes: int64(len(data)) - 1}
	_, err := Decode(data, tight, true)
	assert.Equal(t, sightline.CodeImageTooLarge, sightline.CodeOf(err))
	_, err = Open(filepath.Join("testdata", "plain.bmp"), tight, true)
	require.ErrorContains(t, err, "4662 bytes, the limit is 4661 bytes")
	assert.Equal(t, sightline.CodeImageTooLarge, sightline.CodeOf(err))
	tight.MaxBytes++
	_, err = Open(filepath.Join("testdata", "plain.bmp"), tight, true)
	assert.NoError(t, err)
}

func TestWhatIsNoReadableFileIsRefusedWithoutWaiting(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, syscall.Mkfifo(at("pipe.jpg"), 0o600))
	require.NoError(t, os.Mkdir(at("folder.jpg"), 0o700))
	require.NoError(t, os.Symlink(at("loop.jpg"), at("loop.jpg")))
	require.NoError(t, os.Symlink(at("gone"), at("dangling.jpg")))
	for path, want := range map[string]struct {
		code sightline.Code
		says string
	}{
		at("pipe.jpg"):     {sightline.CodeUnreadable, "a named pipe"},
		at("folder.jpg"):   {sightline.CodeUnreadable, "a folder"},
		at("loop.jpg"):     {sightline.CodeUnreadable, "symbolic links"},
		at("dangling.jpg"): {sightline.CodeVanished, "no such file"},
		at("missing.jpg"):  {sightline.CodeVanished, "no such file"},
		"/dev/zero":        {sightline.CodeUnreadable, "a device"},
	} {
		_, err := Open(path, DefaultLimits, true)
		assert.Equal(t, want.code, sightline.CodeOf(err), path)
		assert.ErrorContains(t, err, want.says, path)
	}
}

func TestRefusedPermissionIsSaid(t *testing.T) {
	err := readError(&fs.PathError{Op: "open", Path: "a.jpg", Err: fs.ErrPermission})
	assert.Equal(t, sightline.CodeUnreadable, err.Code)
	assert.ErrorContains(t, err, "give this user the right to read it")
}

// Any bytes whatever give a picture within the limits or an error with a code, and never a panic.
func FuzzDecode(f *testing.F) {
	for _, name := range []string{"progressive.jpg", "cmyk.jpg", "alpha.png", "animation.gif", "animation_alpha.webp", "lossless.webp", "palette.bmp", "tiff_lzw.tiff", "exif_6.jpg"} {
		f.Add(sample(f, name))
	}
	limits := Limits{MaxPixels: 1e5, MaxBytes: 1 << 20}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Decode(data, limits, true)
		if err != nil {
			assert.NotEqual(t, sightline.CodeInternal, sightline.CodeOf(err))
			return
		}
		size := p.Image.Bounds().Size()
		assert.LessOrEqual(t, size.X*size.Y, int(limits.MaxPixels))
		assert.Equal(t, image.Pt(p.Facts.Width, p.Facts.Height), size)
	})
}
