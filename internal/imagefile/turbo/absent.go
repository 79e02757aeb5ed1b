//go:build !turbojpeg || !cgo

package turbo

import "image"

// Available reports whether libjpeg-turbo is compiled in.
const Available = false

// Coarser is for Decode, which refuses everything.
func Coarser([]byte) int { return 1 }

// Decode refuses: the program was built without the library.
func Decode([]byte, image.Point, int) (image.Image, error) { return nil, errRefused }
