package imagefile

import (
	"image"

	"github.com/sightline-search/sightline/internal/imagefile/turbo"
)

// oversampling is how many times larger than asked for a reduced picture is at least, on both sides and in its colours. The
// resize that follows then averages over pixels, as it would over those of the full size; docs/decisions.md has how far they differ.
const oversampling = 2.5

// reductions are the sizes at which libjpeg-turbo has vector code for the inverse DCT, smallest first.
var reductions = []int{8, 4, 2, 1}

// quickJPEG decodes with libjpeg-turbo, at the smallest size that suffices for a picture of at least the given one. What
// that library refuses or would repair, and everything where it is not compiled in, is left to Go's decoder: which
// files are bad, and why, does not depend on how the program was built.
func quickJPEG(data []byte, full, atLeast image.Point) (image.Image, bool) {
	by := reduction(full, atLeast)
	if by > 1 {
		by = max(by/turbo.Coarser(data), 1)
	}
	img, err := turbo.Decode(data, full, by)
	if err != nil || by == 1 {
		return img, err == nil
	}
	return &Reduced{img, Box{MaxX: float64(full.X) / float64(by), MaxY: float64(full.Y) / float64(by)}}, true
}

// reduction is by how much a picture may shrink so that it stays oversampling times as large as asked for.
func reduction(full, atLeast image.Point) int {
	for _, r := range reductions {
		times := float64(r) * oversampling
		if float64(full.X) >= times*float64(atLeast.X) && float64(full.Y) >= times*float64(atLeast.Y) {
			return r
		}
	}
	return 1
}

// JPEGDecoder names what decodes JPEGs.
func JPEGDecoder() string {
	if turbo.Available {
		return turbo.Name
	}
	return "pure Go"
}

// ReducesJPEGs reports whether large JPEGs are decoded at reduced size.
func ReducesJPEGs() bool { return turbo.Available }
