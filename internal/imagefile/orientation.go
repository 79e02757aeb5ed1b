package imagefile

import (
	"image"

	"github.com/disintegration/imaging"
)

// orientation is EXIF's Orientation, 1 to 8: how the stored pixels must be turned to stand upright. Any other value
// leaves them as they are.
type orientation int

func exifOrientation(v any) orientation {
	switch n := v.(type) {
	case uint16:
		return orientation(n)
	case uint32:
		return orientation(n)
	case int:
		return orientation(n)
	}
	return 1
}

// swapsSides reports whether the upright image is as wide as the stored one is high.
func (o orientation) swapsSides() bool { return o >= 5 && o <= 8 }

// apply turns the image upright.
func (o orientation) apply(img image.Image) image.Image {
	switch o {
	case 2:
		return imaging.FlipH(img)
	case 3:
		return imaging.Rotate180(img)
	case 4:
		return imaging.FlipV(img)
	case 5:
		return imaging.Transpose(img)
	case 6:
		return imaging.Rotate270(img) // counter-clockwise: a quarter turn clockwise
	case 7:
		return imaging.Transverse(img)
	case 8:
		return imaging.Rotate90(img)
	default:
		return img
	}
}
