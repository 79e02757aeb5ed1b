package imagefile

import (
	"image"
	"image/draw"
)

// onCanvas places a frame on a transparent canvas; a frame that covers the canvas is returned as it is.
func onCanvas(frame image.Image, at image.Point, width, height int) image.Image {
	canvas := image.Rect(0, 0, width, height)
	place := image.Rectangle{Min: at, Max: at.Add(frame.Bounds().Size())}
	if place == canvas {
		return frame
	}
	all := image.NewNRGBA(canvas)
	draw.Draw(all, place, frame, frame.Bounds().Min, draw.Src)
	return all
}
