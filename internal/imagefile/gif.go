package imagefile

import (
	"bytes"
	"image"
	"image/gif"
	"io"
)

// The blocks of a GIF, besides the trailer that ends it.
const (
	gifExtension = 0x21
	gifImage     = 0x2c
)

// decodeGIF gives the first frame on the whole canvas. A GIF that ends inside a block is truncated even where the first
// frame is whole.
func decodeGIF(data []byte) (image.Image, error) {
	if !wholeGIF(data) {
		return nil, io.ErrUnexpectedEOF
	}
	c, err := gif.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	frame, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return onCanvas(frame, frame.Bounds().Min, c.Width, c.Height), nil
}

// wholeGIF walks a GIF's blocks and reports whether it reaches the trailer, or a block of an unknown kind, which is the
// decoder's to judge. The trailer itself may be missing behind an image, as some old programs leave it out.
func wholeGIF(data []byte) bool {
	rest := scanner{data: data}
	header := rest.next(13)
	rest.next(gifPalette(header, 10))
	for images := 0; !rest.short; {
		if images > 0 && len(rest.data) == 0 {
			return true
		}
		switch rest.byte() {
		case gifExtension:
			rest.next(1) // its label
		case gifImage:
			header := rest.next(9)
			rest.next(gifPalette(header, 8))
			rest.next(1) // the width of the LZW codes
			images++
		default:
			return !rest.short
		}
		for n := rest.byte(); n > 0 && !rest.short; n = rest.byte() {
			rest.next(int(n))
		}
	}
	return false
}

// gifPalette is the size in bytes of the colour table that follows a header whose flags are at the given place.
func gifPalette(header []byte, flags int) int {
	if len(header) <= flags || header[flags]&0x80 == 0 {
		return 0
	}
	return 3 << (header[flags]&7 + 1)
}

// scanner walks over a file's bytes and remembers when they were too few.
type scanner struct {
	data  []byte
	short bool
}

// next gives the next n bytes; none when fewer are left.
func (s *scanner) next(n int) []byte {
	if n < 0 || n > len(s.data) {
		s.data, s.short = nil, true
		return nil
	}
	b := s.data[:n]
	s.data = s.data[n:]
	return b
}

func (s *scanner) byte() byte {
	if b := s.next(1); b != nil {
		return b[0]
	}
	return 0
}
