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

// Decode gives the pixels of a JPEG of the given size at 1/reduce of it; reduce is 1, 2, 4 or 8. Grey JPEGs become
// *image.Gray, coloured ones *image.NRGBA, opaque. It refuses damaged and truncated files, JPEGs of CMYK, and headers
// that say something other than size. Safe for concurrent use.
//
// TurboJPEG turns libjpeg's fatal errors into return values (it never exits), and writes no more rows and columns than it
// is told that there is room for.
func Decode(data []byte, size image.Point, reduce int) (image.Image, error) {
	if len(data) == 0 {
		return nil, errRefused
	}
	handle := C.tjInitDecompress()
	if handle == nil {
		return nil, errRefused
	}
	defer C.tjDestroy(handle)
	file, length := (*C.uchar)(unsafe.Pointer(&data[0])), C.ulong(len(data))
	var width, height, sampling, colours C.int
	if C.tjDecompressHeader3(handle, file, length, &width, &height, &sampling, &colours) != 0 ||
		image.Pt(int(width), int(height)) != size {
		return nil, errRefused
	}
	room := image.Rect(0, 0, scaled(size.X, reduce), scaled(size.Y, reduce))
	var img image.Image
	var pix []uint8
	var stride int
	var format C.int
	switch colours {
	case C.TJCS_GRAY:
		grey := image.NewGray(room)
		img, pix, stride, format = grey, grey.Pix, grey.Stride, C.TJPF_GRAY
	case C.TJCS_YCbCr, C.TJCS_RGB:
		rgba := image.NewNRGBA(room)
		img, pix, stride, format = rgba, rgba.Pix, rgba.Stride, C.TJPF_RGBA
	default:
		return nil, errRefused
	}
	if C.tjDecompress2(handle, file, length, (*C.uchar)(unsafe.Pointer(&pix[0])),
		C.int(room.Max.X), C.int(stride), C.int(room.Max.Y), format, flags) != 0 {
		return nil, errRefused
	}
	return img, nil
}
