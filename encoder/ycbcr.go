package encoder

import "image"

// ycbcrRows converts the rows of a JPEG. Where chroma has half the columns, it is interpolated as libjpeg does ("fancy
// upsampling"), because the model was trained on images that libjpeg decoded: at the edges of colours, image/color's
// repeated samples are tens of levels off, which small images keep after resizing.
func ycbcrRows(img *image.YCbCr) func(y int, rgb []uint8) {
	b := img.Rect
	if r := img.SubsampleRatio; r == image.YCbCrSubsampleRatio420 || r == image.YCbCrSubsampleRatio422 {
		columns := (b.Max.X-1)/2 - b.Min.X/2 + 1
		u := upsampler{img: img, blue: make([]int32, columns), red: make([]int32, columns)}
		return func(y int, rgb []uint8) { u.row(b.Min.Y+y, rgb) }
	}
	return func(y int, rgb []uint8) {
		for x := range b.Dx() {
			i := img.COffset(b.Min.X+x, b.Min.Y+y)
			blue, red := int32(img.Cb[i])-128, int32(img.Cr[i])-128
			putRGB(rgb[3*x:][:3], img.Y[img.YOffset(b.Min.X+x, b.Min.Y+y)], blue, red)
		}
	}
}

// upsampler interpolates chroma of half the columns (4:2:2) or half the columns and rows (4:2:0): a pixel takes three
// quarters of its own sample and one quarter of the next nearest, in each direction.
type upsampler struct {
	img       *image.YCbCr
	blue, red []int32 // one row of chroma, without its offset of 128 and times 4
}

func (u *upsampler) row(y int, rgb []uint8) {
	bias := u.mixRows(y)
	minX := u.img.Rect.Min.X
	luma := u.img.Y[u.img.YOffset(minX, y):][:len(rgb)/3]
	odd, last := minX&1, len(u.blue)-1
	for x, v := range luma {
		i := (x + odd) >> 1
		side := (x + odd) & 1
		next := min(max(i-1+2*side, 0), last)
		blue := (3*u.blue[i] + u.blue[next] + bias[side]) >> 4
		red := (3*u.red[i] + u.red[next] + bias[side]) >> 4
		putRGB(rgb[3*x:][:3], v, blue, red)
	}
}

// mixRows prepares the chroma of row y, and gives what is added to even and odd columns before their rounding down.
func (u *upsampler) mixRows(y int) (bias [2]int32) {
	b := u.img.Rect
	own := u.img.COffset(b.Min.X, y)
	other := own
	bias = [2]int32{7, 8}
	if u.img.SubsampleRatio == image.YCbCrSubsampleRatio420 {
		other = u.img.COffset(b.Min.X, min(max(y-1+2*(y&1), b.Min.Y), b.Max.Y-1))
		bias = [2]int32{8, 7}
	}
	for i := range u.blue {
		u.blue[i] = 3*int32(u.img.Cb[own+i]) + int32(u.img.Cb[other+i]) - 4*128
		u.red[i] = 3*int32(u.img.Cr[own+i]) + int32(u.img.Cr[other+i]) - 4*128
	}
	return bias
}

// putRGB converts one pixel with libjpeg's rounding: fixed-point factors in units of 2^-16, to the nearest.
func putRGB(rgb []uint8, luma uint8, blue, red int32) {
	const half = 1 << 15
	y := int32(luma)
	rgb[0] = level(y + (91881*red+half)>>16)
	rgb[1] = level(y + (-22554*blue-46802*red+half)>>16)
	rgb[2] = level(y + (116130*blue+half)>>16)
}

func level(v int32) uint8 { return uint8(min(max(v, 0), 255)) }
