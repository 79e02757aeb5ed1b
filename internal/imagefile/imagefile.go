// Package imagefile reads image files: formats, EXIF orientation and metadata, and limits against hostile files. It
// must not know what the pixels are for.
package imagefile

import (
	"image"
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
	Image image.Image     // upright when orient was asked for
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

// Open reads, identifies (SHA-256) and decodes one file, which it reads once. Errors carry CodeImage…, CodeUnreadable
// or CodeVanished and name the path in Param.
func Open(path string, l Limits, orient bool) (*Picture, error) {
	data, err := read(path, l.MaxBytes)
	if err != nil {
		return nil, err.WithParam(path)
	}
	p, err := decode(data, l, orient)
	if err != nil {
		return nil, err.WithParam(path)
	}
	return p, nil
}

// Decode is Open for bytes that are at hand (an upload, a query image).
func Decode(data []byte, l Limits, orient bool) (*Picture, error) {
	if int64(len(data)) > l.MaxBytes {
		return nil, tooManyBytes(int64(len(data)), l.MaxBytes)
	}
	p, err := decode(data, l, orient)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// decode identifies and decodes bytes that are within the limit of size.
func decode(data []byte, l Limits, orient bool) (*Picture, *sightline.Error) {
	f, err := sniff(data)
	if err != nil {
		return nil, err
	}
	img, err := f.pixels(data, l.MaxPixels)
	if err != nil {
		return nil, err
	}
	meta := f.metadata(data)
	width, height := img.Bounds().Dx(), img.Bounds().Dy()
	if meta.orientation.swapsSides() {
		width, height = height, width
	}
	if orient {
		img = meta.orientation.apply(img)
	}
	id := identify(data)
	return &Picture{ID: id, Image: img, Facts: sightline.Image{
		ID: id, Format: f.name, Width: width, Height: height, TakenAt: meta.takenAt, Camera: meta.camera,
	}}, nil
}
