package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/sightline-search/sightline/internal/imagefile"
)

// tinyWebP is a WebP file of one pixel; Go has no encoder for the format.
const tinyWebP = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="

// examineDecoders decodes a small image of every format.
func examineDecoders() finding {
	var names []string
	for _, sample := range []struct {
		format string
		encode func(w io.Writer, img image.Image) error
	}{
		{"jpeg", func(w io.Writer, img image.Image) error { return jpeg.Encode(w, img, nil) }},
		{"png", png.Encode},
		{"gif", func(w io.Writer, img image.Image) error { return gif.Encode(w, img, nil) }},
		{"webp", writeWebP},
		{"bmp", bmp.Encode},
		{"tiff", func(w io.Writer, img image.Image) error { return tiff.Encode(w, img, nil) }},
	} {
		var file bytes.Buffer
		if err := sample.encode(&file, image.NewRGBA(image.Rect(0, 0, 8, 8))); err != nil {
			return failed("decoders", fmt.Errorf("%s: %w", sample.format, err))
		}
		if _, err := imagefile.Decode(file.Bytes(), imagefile.DefaultLimits, true); err != nil {
			return failed("decoders", fmt.Errorf("%s: %w", sample.format, err))
		}
		names = append(names, sample.format)
	}
	f := found("decoders", strings.Join(names, ", "), "JPEG by "+imagefile.JPEGDecoder())
	if !imagefile.ReducesJPEGs() {
		f.Hint = "for large photographs install libjpeg-turbo (Debian: libturbojpeg0-dev) and run make build again: it indexes them several times as fast"
	}
	return f
}

func writeWebP(w io.Writer, _ image.Image) error {
	_, err := io.Copy(w, base64.NewDecoder(base64.StdEncoding, strings.NewReader(tinyWebP)))
	return err
}
