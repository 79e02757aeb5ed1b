// Package imagefile reads image files: formats, EXIF orientation and metadata, and limits against hostile files. It
// must not know what the pixels are for.
package imagefile

import (
	"image"
	"io"

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
func IsImageName(name string) bool { panic("not built yet") }

// Open reads, identifies (SHA-256) and decodes one file. Errors carry CodeImage…, CodeUnreadable or CodeVanished.
func Open(path string, l Limits, orient bool) (*Picture, error) { panic("not built yet") }

// Decode is Open for bytes that are at hand (an upload, a query image).
func Decode(data []byte, l Limits, orient bool) (*Picture, error) { panic("not built yet") }

// Thumbnail writes a JPEG no wider than width pixels and at most 4:1 high, alpha on white, never enlarged.
func Thumbnail(w io.Writer, img image.Image, width int) error { panic("not built yet") }
