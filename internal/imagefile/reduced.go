package imagefile

import "image"

// Reduced is a picture that came out of its decoder smaller than the file's. Where the file's sides are no multiples of
// the reduction, its last column or row stands for fewer pixels than the others: the picture proper ends inside it.
type Reduced struct {
	image.Image

	// Box is where the picture proper lies, in pixels of Image, which begins at 0, 0. Who resizes Image to its whole bounds
	// instead moves an edge at the picture's far side by up to 7 of the file's pixels.
	Box Box
}

// Box is a rectangle with sides between pixels.
type Box struct{ MinX, MinY, MaxX, MaxY float64 }

// WholeBox is all of an image.
func WholeBox(img image.Image) Box {
	size := img.Bounds().Size()
	return Box{MaxX: float64(size.X), MaxY: float64(size.Y)}
}

// turned is where the box lies when the picture has been turned upright. size is that of the upright picture.
func (o orientation) turned(b Box, size image.Point) Box {
	if o.swapsSides() {
		b = Box{b.MinY, b.MinX, b.MaxY, b.MaxX}
	}
	if o == 2 || o == 3 || o == 6 || o == 7 {
		b.MinX, b.MaxX = float64(size.X)-b.MaxX, float64(size.X)-b.MinX
	}
	if o == 3 || o == 4 || o == 7 || o == 8 {
		b.MinY, b.MaxY = float64(size.Y)-b.MaxY, float64(size.Y)-b.MinY
	}
	return b
}

// upright turns a picture that may be a reduced one.
func (o orientation) upright(img image.Image) image.Image {
	small, ok := img.(*Reduced)
	if !ok {
		return o.apply(img)
	}
	turned := o.apply(small.Image)
	return &Reduced{turned, o.turned(small.Box, turned.Bounds().Size())}
}
