// Package imagefile reads image files: formats, EXIF orientation and metadata, and limits against hostile files. It
// must not know what the pixels are for.
package imagefile

import (
	"image"
	"math"
	"path/filepath"
	"strings"

	"github.com/sightline-search/sightline"
)

// Limits guard against hostile files.
type Limits struct {
	MaxPixels int64 // width * height as the header says, checked before any pixel is decoded
	MaxBytes  int64 // of the file
}

// DefaultLimits are generous for photographs: 200 megapixels, 512 MiB.
var DefaultLimits = Limits{MaxPixels: 200e6, MaxBytes: 512 << 20}

// Picture is a decoded image file.
type Picture struct {
	ID    sightline.ImageID
	Image image.Image     // upright when orient was asked for; *Reduced when it is smaller than the file's
	Facts sightline.Image // ID, Format, Width, Height, TakenAt, Camera
}

// IsImageName reports whether the file name has the extension of a format that Sightline decodes.
func IsImageName(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff":
		return true
	}
	return false
}

// Full asks for all pixels of a file.
var Full = image.Pt(math.MaxInt32, math.MaxInt32)

// Open reads, identifies (SHA-256) and decodes one file, which it reads once. Errors carry CodeImage…, CodeUnreadable
// or CodeVanished and name the path in Param.
func Open(path string, l Limits, orient bool) (*Picture, error) {
	return OpenFor(Full, path, l, orient)
}

// OpenFor is Open for a picture that is going to be made as small as size, a width and a height of the upright picture.
func OpenFor(size image.Point, path string, l Limits, orient bool) (*Picture, error) {
	data, err := read(path, l.MaxBytes)
	if err != nil {
		return nil, err.WithParam(path)
	}
	p, err := decode(identify(data), size, data, l, orient)
	if err != nil {
		return nil, err.WithParam(path)
	}
	return p, nil
}

// Decode is Open for bytes that are at hand (an upload, a query image).
func Decode(data []byte, l Limits, orient bool) (*Picture, error) {
	return DecodeFor(Full, data, l, orient)
}

// DecodeFor is OpenFor for bytes that are at hand. A large JPEG comes out smaller than it is, by 2, 4 or 8 and at least
// 2.5 times as large as size on both sides, where libjpeg-turbo is compiled in: a fraction of the time and of the memory.
// Image is then *Reduced.
// Facts have the file's own width and height all the same.
func DecodeFor(size image.Point, data []byte, l Limits, orient bool) (*Picture, error) {
	if int64(len(data)) > l.MaxBytes {
		return nil, tooManyBytes(int64(len(data)), l.MaxBytes)
	}
	return DecodeRead(identify(data), size, data, l, orient)
}

// DecodeRead is DecodeFor for what Read gave.
func DecodeRead(id sightline.ImageID, size image.Point, data []byte, l Limits, orient bool) (*Picture, error) {
	p, err := decode(id, size, data, l, orient)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// decode decodes bytes that are within the limit of size, and of which the identity is known.
func decode(id sightline.ImageID, size image.Point, data []byte, l Limits, orient bool) (*Picture, *sightline.Error) {
	f, err := sniff(data)
	if err != nil {
		return nil, err
	}
	meta := f.metadata(data)
	turned := meta.orientation.swapsSides()
	if turned && orient {
		size.X, size.Y = size.Y, size.X
	}
	img, full, err := f.pixels(data, l.MaxPixels, size)
	if err != nil {
		return nil, err
	}
	if turned {
		full.X, full.Y = full.Y, full.X
	}
	if orient {
		img = meta.orientation.upright(img)
	}
	return &Picture{ID: id, Image: img, Facts: sightline.Image{
		ID: id, Format: f.name, Width: full.X, Height: full.Y, TakenAt: meta.takenAt, Camera: meta.camera,
	}}, nil
}
