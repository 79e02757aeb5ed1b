package encoder

import (
	"image"
	"image/color"
)

// rgbRows gives an image's rows as 8-bit RGB. Transparency is composited on white, or its channel thrown away. Samples of 16 bit keep
// their upper 8.
func rgbRows(img image.Image, onWhite bool) rgbSource {
	flat := dropAlpha
	if onWhite {
		flat = overWhite
	}
	b := img.Bounds()
	src := rgbSource{width: b.Dx(), height: b.Dy()}
	switch img := img.(type) {
	case *image.YCbCr:
		src.row = ycbcrRows(img)
	case *image.Gray:
		src.row = func(y int, rgb []uint8) { grayRow(img.Pix[y*img.Stride:][:b.Dx()], rgb) }
	case *image.RGBA:
		if img.Opaque() {
			src.row = func(y int, rgb []uint8) { opaqueRow(img.Pix[y*img.Stride:][:4*b.Dx()], rgb) }
			return src
		}
		src.row = anyRow(img, flat)
	case *image.NRGBA:
		src.row = func(y int, rgb []uint8) { nrgbaRow(img.Pix[y*img.Stride:][:4*b.Dx()], rgb, flat) }
	case *image.Paletted:
		palette := flatPalette(img.Palette, flat)
		src.row = func(y int, rgb []uint8) { palettedRow(img.Pix[y*img.Stride:][:b.Dx()], rgb, &palette) }
	default:
		src.row = anyRow(img, flat)
	}
	return src
}

// overWhite is Pillow's alpha_composite on opaque white, bit for bit.
func overWhite(c color.NRGBA) (r, g, b uint8) {
	mix := func(v uint8) uint8 {
		sum := 128 * (uint32(v)*uint32(c.A) + 255*(255-uint32(c.A)) + 128)
		return uint8((sum>>8 + sum) >> 15)
	}
	return mix(c.R), mix(c.G), mix(c.B)
}

func dropAlpha(c color.NRGBA) (r, g, b uint8) { return c.R, c.G, c.B }

func grayRow(pix, rgb []uint8) {
	for x, v := range pix {
		out := rgb[x*3:][:3]
		out[0], out[1], out[2] = v, v, v
	}
}

func opaqueRow(pix, rgb []uint8) {
	for ; len(pix) >= 4 && len(rgb) >= 3; pix, rgb = pix[4:], rgb[3:] {
		rgb[0], rgb[1], rgb[2] = pix[0], pix[1], pix[2]
	}
}

func nrgbaRow(pix, rgb []uint8, flat func(color.NRGBA) (r, g, b uint8)) {
	for ; len(pix) >= 4 && len(rgb) >= 3; pix, rgb = pix[4:], rgb[3:] {
		if pix[3] == 255 {
			rgb[0], rgb[1], rgb[2] = pix[0], pix[1], pix[2]
			continue
		}
		rgb[0], rgb[1], rgb[2] = flat(color.NRGBA{R: pix[0], G: pix[1], B: pix[2], A: pix[3]})
	}
}

func flatPalette(p color.Palette, flat func(color.NRGBA) (r, g, b uint8)) (rgb [256][3]uint8) {
	for i, c := range p {
		rgb[i][0], rgb[i][1], rgb[i][2] = flat(nrgba8(c))
	}
	return rgb
}

func palettedRow(pix, rgb []uint8, palette *[256][3]uint8) {
	for x, i := range pix {
		copy(rgb[x*3:], palette[i][:])
	}
}

// anyRow reads images of the rarer kinds pixel by pixel.
func anyRow(img image.Image, flat func(color.NRGBA) (r, g, b uint8)) func(y int, rgb []uint8) {
	b := img.Bounds()
	return func(y int, rgb []uint8) {
		for x := range b.Dx() {
			out := rgb[x*3:][:3]
			out[0], out[1], out[2] = flat(nrgba8(img.At(b.Min.X+x, b.Min.Y+y)))
		}
	}
}

// nrgba8 gives the colour without premultiplication, of 16-bit samples the upper 8.
func nrgba8(c color.Color) color.NRGBA {
	if c, ok := c.(color.NRGBA); ok {
		return c
	}
	deep, _ := color.NRGBA64Model.Convert(c).(color.NRGBA64) // the model gives no other type
	return color.NRGBA{R: uint8(deep.R >> 8), G: uint8(deep.G >> 8), B: uint8(deep.B >> 8), A: uint8(deep.A >> 8)}
}
