package imagefile

import (
	"errors"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/sightline-search/sightline"
)

// corrupt says why a decoder refused the file: truncated, of a kind that it cannot read, or damaged.
func (f *format) corrupt(err error) *sightline.Error {
	if truncated(err) {
		return sightline.Errorf(sightline.CodeImageCorrupt, "the %s is truncated: the file ends before the image does", f.title).
			WithHint("copy it again from where it came from")
	}
	if unsupported(err) {
		return sightline.Errorf(sightline.CodeImageUnsupported, "this kind of %s is not supported: %w", f.title, err).
			WithHint("save it again as an ordinary JPEG or PNG")
	}
	return sightline.Errorf(sightline.CodeImageCorrupt, "the %s is damaged: %w", f.title, err)
}

// truncated knows the ends of files, and the texts of the decoders that have no error value for them.
func truncated(err error) bool {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return true
	}
	text := err.Error()
	return strings.Contains(text, "unexpected EOF") || strings.Contains(text, "not enough pixel data") ||
		strings.Contains(text, "short Huffman data")
}

func unsupported(err error) bool {
	if _, ok := errors.AsType[jpeg.UnsupportedError](err); ok {
		return true
	}
	if _, ok := errors.AsType[png.UnsupportedError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tiff.UnsupportedError](err); ok {
		return true
	}
	return errors.Is(err, bmp.ErrUnsupported)
}

func tooManyPixels(w, h, limit int64) *sightline.Error {
	return sightline.Errorf(sightline.CodeImageTooLarge,
		"the image has %d x %d pixels (%.1f megapixels), the limit is %.1f megapixels", w, h, float64(w)*float64(h)/1e6, float64(limit)/1e6).
		WithHint("make a smaller copy of the image")
}
