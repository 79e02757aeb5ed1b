package imagefile

import (
	"bytes"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"github.com/bep/imagemeta"
	"github.com/gabriel-vasile/mimetype"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"github.com/sightline-search/sightline"
)

// format is one file format: how it is known by its first bytes, and who reads it.
type format struct {
	name   string   // as sightline.Image.Format says it
	title  string   // as people say it
	magic  []string // the file begins with one of these; '?' stands for any byte
	config func(io.Reader) (image.Config, error)
	decode func(data []byte) (image.Image, error)
	// quick, where there is one, decodes what it can at a size of at least the given one; what it leaves is decode's.
	quick func(data []byte, full, atLeast image.Point) (image.Image, bool)
	exif  imagemeta.ImageFormat // ImageFormatAuto: the format has no EXIF
}

var formats = []*format{
	{
		name: "jpeg", title: "JPEG", magic: []string{"\xff\xd8\xff"},
		config: jpeg.DecodeConfig, decode: plain(jpeg.Decode), quick: quickJPEG, exif: imagemeta.JPEG,
	},
	{
		name: "png", title: "PNG", magic: []string{"\x89PNG\r\n\x1a\n"},
		config: png.DecodeConfig, decode: plain(png.Decode), exif: imagemeta.PNG,
	},
	{
		name: "gif", title: "GIF", magic: []string{"GIF87a", "GIF89a"},
		config: gif.DecodeConfig, decode: decodeGIF,
	},
	{
		name: "webp", title: "WebP", magic: []string{"RIFF????WEBP"},
		config: webp.DecodeConfig, decode: decodeWebP, exif: imagemeta.WebP,
	},
	{
		name: "bmp", title: "BMP", magic: []string{"BM????\x00\x00\x00\x00"},
		config: bmp.DecodeConfig, decode: plain(bmp.Decode),
	},
	{
		name: "tiff", title: "TIFF", magic: []string{"II*\x00", "MM\x00*"},
		config: tiff.DecodeConfig, decode: plain(tiff.Decode), exif: imagemeta.TIFF,
	},
}

// plain is for decoders that refuse every file that ends too early.
func plain(decode func(io.Reader) (image.Image, error)) func([]byte) (image.Image, error) {
	return func(data []byte) (image.Image, error) { return decode(bytes.NewReader(data)) }
}

// sniff finds the format by the file's first bytes; its name plays no part.
func sniff(data []byte) (*format, *sightline.Error) {
	if len(data) == 0 {
		return nil, sightline.Errorf(sightline.CodeImageEmpty, "the file is empty (0 bytes)").
			WithHint("copy it again from where it came from")
	}
	for _, f := range formats {
		for _, magic := range f.magic {
			if begins(data, magic) {
				return f, nil
			}
		}
	}
	kind := mimetype.Detect(data).String()
	if kind == "application/octet-stream" {
		kind = "unknown data"
	}
	return nil, sightline.Errorf(sightline.CodeImageUnsupported, "the file holds %s, not an image in a known format", kind).
		WithHint("known are JPEG, PNG, GIF, WebP, BMP and TIFF")
}

func begins(data []byte, magic string) bool {
	if len(data) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != data[i] {
			return false
		}
	}
	return true
}

// pixels decodes the image after its header has passed the limit, at the file's size or at a smaller one that suffices
// for atLeast; full is the file's size. Decoders meet hostile bytes here: a panic in one of them says that the file is damaged.
func (f *format) pixels(data []byte, maxPixels int64, atLeast image.Point) (img image.Image, full image.Point, failed *sightline.Error) {
	defer func() {
		if p := recover(); p != nil {
			img, full, failed = nil, image.Point{}, sightline.Errorf(sightline.CodeImageCorrupt, "the %s is damaged: its decoder gave up: %v", f.title, p)
		}
	}()
	c, err := f.config(bytes.NewReader(data))
	if err != nil {
		return nil, full, f.corrupt(err)
	}
	if c.Width <= 0 || c.Height <= 0 {
		return nil, full, sightline.Errorf(sightline.CodeImageCorrupt, "the %s says it has %d x %d pixels", f.title, c.Width, c.Height)
	}
	// A width or height over the limit is refused by itself, so that their product cannot overflow.
	w, h := int64(c.Width), int64(c.Height)
	if w > maxPixels || h > maxPixels/w {
		return nil, full, tooManyPixels(w, h, maxPixels)
	}
	if f.quick != nil {
		full = image.Pt(c.Width, c.Height)
		if img, ok := f.quick(data, full, atLeast); ok {
			return img, full, nil
		}
	}
	if img, err = f.decode(data); err != nil {
		return nil, full, f.corrupt(err)
	}
	return img, img.Bounds().Size(), nil
}
