package imagefile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"io"

	"golang.org/x/image/webp"
)

const (
	webpHeader = 12 // "RIFF", size, "WEBP"

	// Flags of a VP8X chunk.
	webpAnimated = 1 << 1
	webpAlpha    = 1 << 4
)

// decodeWebP gives the image, of an animation the first frame on the whole canvas. A file shorter than its header says
// is truncated; the decoder alone would fill up what is missing.
func decodeWebP(data []byte) (image.Image, error) {
	if int64(len(data)) < 8+int64(binary.LittleEndian.Uint32(data[4:])) {
		return nil, io.ErrUnexpectedEOF
	}
	rest := scanner{data: data[webpHeader:]}
	kind, head := webpChunk(&rest)
	if kind != "VP8X" || len(head) < 10 || head[0]&webpAnimated == 0 {
		return decodeStillWebP(data)
	}
	for !rest.short {
		if kind, frame := webpChunk(&rest); kind == "ANMF" && len(frame) >= 16 {
			return decodeWebPFrame(frame, uint24(head[4:])+1, uint24(head[7:])+1)
		}
	}
	return nil, errors.New("an animation without a frame")
}

// decodeWebPFrame decodes an animation's frame on a canvas of the given size. The frame's payload is an ordinary WebP
// without its file header.
func decodeWebPFrame(frame []byte, width, height int) (image.Image, error) {
	at := image.Pt(2*uint24(frame[0:]), 2*uint24(frame[3:]))
	w, h := uint24(frame[6:])+1, uint24(frame[9:])+1
	if at.X+w > width || at.Y+h > height {
		return nil, errors.New("a frame larger than the canvas")
	}
	payload := frame[16:]
	var flags byte
	if bytes.HasPrefix(payload, []byte("ALPH")) {
		flags = webpAlpha
	}
	head := []byte{'V', 'P', '8', 'X', 10, 0, 0, 0, flags, 0, 0, 0}
	head = append(head, frame[6:12]...)
	file := []byte("RIFF")
	file = binary.LittleEndian.AppendUint32(file, uint32(4+len(head)+len(payload))) //nolint:gosec // smaller than the file, whose own size fits
	file = append(file, "WEBP"...)
	file = append(file, head...)
	img, err := decodeStillWebP(append(file, payload...))
	if err != nil {
		return nil, err
	}
	return onCanvas(img, at, width, height), nil
}

// decodeStillWebP decodes one frame. The decoder leaves a lossy one in WebP's own colours, which are not JPEG's.
func decodeStillWebP(data []byte) (image.Image, error) {
	img, err := webp.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	switch img := img.(type) {
	case *image.YCbCr:
		return webpColours(img, nil, 0), nil
	case *image.NYCbCrA:
		return webpColours(&img.YCbCr, img.A, img.AStride), nil
	}
	return img, nil
}

// webpChunk gives the next chunk's name and payload.
func webpChunk(s *scanner) (kind string, payload []byte) {
	head := s.next(8)
	if s.short {
		return "", nil
	}
	size := int(binary.LittleEndian.Uint32(head[4:]))
	payload = s.next(size)
	if size%2 == 1 && len(s.data) > 0 {
		s.next(1)
	}
	return string(head[:4]), payload
}

// uint24 reads three little-endian bytes.
func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
