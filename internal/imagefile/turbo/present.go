//go:build turbojpeg && cgo

package turbo

// #cgo pkg-config: libturbojpeg
// #include <turbojpeg.h>
import "C"

import (
	"image"
	"unsafe"
)

// Available reports whether libjpeg-turbo is compiled in.
const Available = true

// Warnings are damage that libjpeg would paint over with grey; they stop the decoder. So do hundreds of scans, with which
// a small file could keep a core busy for hours. Chroma is interpolated, as without TJFLAG_FASTUPSAMPLE.
const flags = C.TJFLAG_STOPONWARNING | C.TJFLAG_LIMITSCANS | C.TJFLAG_ACCURATEDCT

// Coarser is how many times fewer columns or rows the colours of a reduced JPEG have than its brightness. Where a file halves
// both (4:2:0), libjpeg reduces colours half as much and they come out whole. Where it halves one of them only, colours
// are reduced like the rest and interpolated afterwards. It is 1 for what Decode refuses.
func Coarser(data []byte) int {
	handle := C.tjInitDecompress()
	if handle == nil {
		return 1
	}
	defer C.tjDestroy(handle)
	h, err := readHeader(handle, data)
	switch {
	case err != nil:
		return 1
	case h.sampling == C.TJSAMP_422 || h.sampling == C.TJSAMP_440:
		return 2
	case h.sampling == C.TJSAMP_411:
		return 4
	}
	return 1
}

// header is what a JPEG says of itself.
type header struct {
	size              image.Point
	sampling, colours C.int // TJSAMP_…, TJCS_…
}

func readHeader(handle C.tjhandle, data []byte) (h header, err error) {
	var width, height C.int
	if len(data) == 0 || C.tjDecompressHeader3(handle, (*C.uchar)(unsafe.Pointer(&data[0])), C.ulong(len(data)),
		&width, &height, &h.sampling, &h.colours) != 0 {
		return h, errRefused
	}
	h.size = image.Pt(int(width), int(height))
	return h, nil
}

// Decode gives the pixels of a JPEG of the given size at 1/reduce of it; reduce is 1, 2, 4 or 8. Grey JPEGs become
// *image.Gray, coloured ones *image.NRGBA, opaque. It refuses damaged and truncated files, JPEGs of CMYK, and headers
// that say something other than size. Safe for concurrent use.
//
// TurboJPEG turns libjpeg's fatal errors into return values (it never exits), and writes no more rows and columns than it
// is told that there is room for.
func Decode(data []byte, size image.Point, reduce int) (image.Image, error) {
	handle := C.tjInitDecompress()
	if handle == nil {
		return nil, errRefused
	}
	defer C.tjDestroy(handle)
	h, err := readHeader(handle, data)
	if err != nil || h.size != size {
		return nil, errRefused
	}
	room := image.Rect(0, 0, scaled(size.X, reduce), scaled(size.Y, reduce))
	var img image.Image
	var pix []uint8
	var stride int
	var format C.int
	switch h.colours {
	case C.TJCS_GRAY:
		grey := image.NewGray(room)
		img, pix, stride, format = grey, grey.Pix, grey.Stride, C.TJPF_GRAY
	case C.TJCS_YCbCr, C.TJCS_RGB:
		rgba := image.NewNRGBA(room)
		img, pix, stride, format = rgba, rgba.Pix, rgba.Stride, C.TJPF_RGBA
	default:
		return nil, errRefused
	}
	if C.tjDecompress2(handle, (*C.uchar)(unsafe.Pointer(&data[0])), C.ulong(len(data)), (*C.uchar)(unsafe.Pointer(&pix[0])),
		C.int(room.Max.X), C.int(stride), C.int(room.Max.Y), format, flags) != 0 {
		return nil, errRefused
	}
	return img, nil
}
