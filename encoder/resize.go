package encoder

import (
	"math"

	"github.com/sightline-search/sightline/internal/imagefile"
)

// rgbSource gives an image row by row as 8-bit RGB.
type rgbSource struct {
	width, height int
	row           func(y int, rgb []uint8) // fills rgb, 3 * width bytes, with row y
}

// resize stretches a box of the image to width x height and returns it as [height][width][3]. It is Pillow's
// Image.resize(..., BILINEAR, box), bit for bit: a triangle filter as wide as the reduction, fixed-point weights, the
// horizontal pass first and rounded to 8 bit before the vertical one. The model was trained on pixels made that way;
// docs/decisions.md says why no library does.
func resize(src rgbSource, box imagefile.Box, width, height int) []uint8 {
	narrow := make([]uint8, src.height*width*3)
	row := make([]uint8, src.width*3)
	columns := triangles(src.width, box.MinX, box.MaxX, width)
	for y := range src.height {
		src.row(y, row)
		resizeRow(narrow[y*width*3:(y+1)*width*3], row, columns)
	}
	out := make([]uint8, height*width*3)
	sums := make([]int32, width*3)
	for y, t := range triangles(src.height, box.MinY, box.MaxY, height) {
		mixRows(out[y*width*3:(y+1)*width*3], narrow[t.first*width*3:], t.weights, sums)
	}
	return out
}

// weightBits is the precision of a weight: a sum of weights times 8-bit values stays within 31 bits.
const weightBits = 22

// taps are the source positions that make one output position, and their weights in units of 2^-22.
type taps struct {
	first   int
	weights []int32
}

// triangles computes the taps of every output position along one side, which has from pixels and is read from start to end.
func triangles(from int, start, end float64, to int) []taps {
	if start == 0 && end == float64(to) && from == to {
		return identity(to)
	}
	scale := (end - start) / float64(to)
	radius := max(scale, 1)
	all := make([]taps, to)
	for i := range all {
		center := start + (float64(i)+0.5)*scale
		first := max(int(center-radius+0.5), 0)
		last := min(int(center+radius+0.5), from)
		exact := make([]float64, last-first)
		var sum float64
		for k := range exact {
			exact[k] = max(1-math.Abs((float64(first+k)-center+0.5)*(1/radius)), 0)
			sum += exact[k]
		}
		all[i] = taps{first: first, weights: make([]int32, len(exact))}
		for k, w := range exact {
			all[i].weights[k] = int32(w/sum*(1<<weightBits) + 0.5)
		}
	}
	return all
}

// identity leaves a side as it is.
func identity(n int) []taps {
	all := make([]taps, n)
	for i := range all {
		all[i] = taps{first: i, weights: []int32{1 << weightBits}}
	}
	return all
}

const half = 1 << (weightBits - 1)

// resizeRow makes one row of len(columns) pixels.
func resizeRow(dst, src []uint8, columns []taps) {
	for x, t := range columns {
		r, g, b := int32(half), int32(half), int32(half)
		in := src[t.first*3:]
		for k, w := range t.weights {
			p := in[3*k : 3*k+3]
			r += int32(p[0]) * w
			g += int32(p[1]) * w
			b += int32(p[2]) * w
		}
		out := dst[x*3:][:3]
		out[0], out[1], out[2] = round8(r), round8(g), round8(b)
	}
}

// mixRows adds up rows that lie one behind the other in src; sums is room for one row.
func mixRows(dst, src []uint8, weights, sums []int32) {
	for i := range sums {
		sums[i] = half
	}
	for k, w := range weights {
		row := src[k*len(dst):][:len(sums)]
		for i, v := range row {
			sums[i] += int32(v) * w
		}
	}
	for i, s := range sums {
		dst[i] = round8(s)
	}
}

// round8 cuts the fraction off. Rounded weights may add up to a little more than one, so that white may end just over 255.
func round8(v int32) uint8 { return uint8(min(v>>weightBits, 255)) }
