// Package turbo decodes JPEGs with libjpeg-turbo, at full or at reduced size. It must not know what is done with what it
// refuses, nor which files there are: it is given a JPEG whose header has been read and whose size is within the limits.
//
// Reduced sizes come out of the inverse DCT itself: a quarter of the size takes a sixteenth of the samples, so that a
// photograph of 12 megapixels costs little more than reading its Huffman codes.
//
// The library is compiled in with the build tag turbojpeg, which make sets where pkg-config finds libturbojpeg 2.1 or newer.
// Without the tag Available is false and Decode refuses everything.
package turbo

import "errors"

// Name is the library's own name, for people.
const Name = "libjpeg-turbo"

// errRefused stands for whatever the library can't read or would have to repair. Its own texts are left out: the caller
// has another decoder say what is wrong, so that the words do not depend on how the program was built.
var errRefused = errors.New("libjpeg-turbo refuses the file")

// scaled is a side of the image at 1/reduce of its size, as libjpeg rounds it.
func scaled(side, reduce int) int { return (side + reduce - 1) / reduce }
