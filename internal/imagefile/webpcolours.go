package imagefile

import "image"

// webpColours converts a lossy WebP as libwebp does. Luma lies in 16..235 and chroma in 16..240, which image/color
// would take for JPEG's 0..255 and show pale; chroma has half the columns and rows and is interpolated. The image begins
// at 0, 0; alpha may be nil.
func webpColours(img *image.YCbCr, alpha []uint8, alphaStride int) *image.NRGBA {
	out := image.NewNRGBA(img.Rect)
	width, height := img.Rect.Dx(), img.Rect.Dy()
	lastColumn, lastRow := (width-1)/2, (height-1)/2
	for y := range height {
		near := img.CStride * (y / 2)
		far := img.CStride * neighbour(y, lastRow)
		luma, row := img.Y[y*img.YStride:], out.Pix[y*out.Stride:]
		for x := range width {
			own, side := x/2, neighbour(x, lastColumn)
			chroma := func(plane []uint8) int32 {
				return (9*int32(plane[near+own]) + 3*int32(plane[near+side]) + 3*int32(plane[far+own]) + int32(plane[far+side]) + 8) >> 4
			}
			p := row[4*x:][:4]
			p[0], p[1], p[2] = webpRGB(int32(luma[x]), chroma(img.Cb), chroma(img.Cr))
			p[3] = 255
			if alpha != nil {
				p[3] = alpha[y*alphaStride+x]
			}
		}
	}
	return out
}

// neighbour is the second nearest chroma sample of a pixel, along one side.
func neighbour(pixel, last int) int { return min(max(pixel/2-1+2*(pixel%2), 0), last) }

// webpRGB converts one pixel with libwebp's fixed-point factors, units of 2^-14, and rounding.
func webpRGB(y, u, v int32) (r, g, b uint8) {
	luma := y * 19077 >> 8
	return webpLevel(luma + v*26149>>8 - 14234), webpLevel(luma - u*6419>>8 - v*13320>>8 + 8708), webpLevel(luma + u*33050>>8 - 17685)
}

// webpLevel rounds a colour in units of 2^-6 down to 0..255.
func webpLevel(v int32) uint8 { return uint8(min(max(v>>6, 0), 255)) }
