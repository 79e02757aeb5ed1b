package imagefile

import (
	"image"
	"image/color"
	"image/jpeg"
	"io"

	"github.com/disintegration/imaging"

	"github.com/sightline-search/sightline"
)

const (
	thumbnailQuality = 82 // of JPEG, 1 to 100
	thumbnailRatio   = 4  // a thumbnail is at most so many times as high as wide
)

// Thumbnail writes a JPEG no wider than width pixels and at most 4:1 high, alpha on white, never enlarged.
func Thumbnail(w io.Writer, img image.Image, width int) error {
	if width < 1 {
		return sightline.Errorf(sightline.CodeInvalid, "a thumbnail of width %d: the width must be at least 1 pixel", width).WithParam("w")
	}
	if reduced, ok := img.(*Reduced); ok {
		img = reduced.Image // a thumbnail may be off by a fraction of a pixel
	}
	small := imaging.Fit(img, width, thumbnailRatio*width, imaging.Linear)
	if !small.Opaque() {
		white := imaging.New(small.Bounds().Dx(), small.Bounds().Dy(), color.White)
		small = imaging.Overlay(white, small, image.Point{}, 1)
	}
	return jpeg.Encode(w, small, &jpeg.Options{Quality: thumbnailQuality})
}
