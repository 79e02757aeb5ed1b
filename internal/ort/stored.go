package ort

import (
	"encoding/binary"
	"math"
)

// Layout is how features lie in a store: [T x D] values of an element type, for U8 followed by one f32 scale for each
// of the T rows. Graphs take and give them as the tensors "patches" and, for U8, "scales" (docs/bundle.md).
type Layout struct {
	DType DType // F32, F16 or U8
	T, D  int
}

// LayoutOf is the layout that docs/bundle.md calls name: f32, f16 or i8.
func LayoutOf(name string, t, d int) Layout {
	return Layout{DType: map[string]DType{"f32": F32, "f16": F16, "i8": U8}[name], T: t, D: d}
}

// Infos are the tensors that a graph has for features.
func (l Layout) Infos() []Info {
	infos := []Info{{Name: "patches", DType: l.DType, Shape: []int64{-1, int64(l.T), int64(l.D)}}}
	if l.DType == U8 {
		infos = append(infos, Info{Name: "scales", DType: F32, Shape: []int64{-1, int64(l.T)}})
	}
	return infos
}

// Names are those of Infos.
func (l Layout) Names() []string {
	var names []string
	for _, info := range l.Infos() {
		names = append(names, info.Name)
	}
	return names
}

// Tensors puts the features of several images, at least one, below each other. Where they already lie so in memory, one
// image directly behind the other, nothing is copied.
func (l Layout) Tensors(images [][]byte) map[string]Tensor {
	n := int64(len(images))
	shape := []int64{n, int64(l.T), int64(l.D)}
	if l.DType != U8 {
		return map[string]Tensor{"patches": FromBytes(l.DType, shape, joined(images))}
	}
	size := l.T * l.D
	patches := Tensor{Shape: shape, DType: U8, U8: make([]byte, 0, len(images)*size)}
	scales := Tensor{Shape: []int64{n, int64(l.T)}, DType: F32, F32: make([]float32, 0, len(images)*l.T)}
	for _, image := range images {
		patches.U8 = append(patches.U8, image[:size]...)
		scales.F32 = append(scales.F32, FromBytes(F32, nil, image[size:]).F32...)
	}
	return map[string]Tensor{"patches": patches, "scales": scales}
}

// Bytes is the reverse of Tensors: the features of each image, in memory of their own. Tensors must have the layout.
func (l Layout) Bytes(tensors map[string]Tensor) [][]byte {
	patches := tensors["patches"].Bytes()
	images := make([][]byte, tensors["patches"].Shape[0])
	size := len(patches) / len(images)
	for i := range images {
		image := append(make([]byte, 0, size+4*l.T), patches[i*size:(i+1)*size]...)
		if l.DType == U8 {
			for _, scale := range tensors["scales"].F32[i*l.T : (i+1)*l.T] {
				image = binary.LittleEndian.AppendUint32(image, math.Float32bits(scale))
			}
		}
		images[i] = image
	}
	return images
}

// Values are the numbers that an image's features stand for, [T x D].
func (l Layout) Values(image []byte) []float32 {
	values, size := make([]float32, l.T*l.D), l.T*l.D
	for i := range values {
		switch l.DType {
		case F16:
			values[i] = ofHalf(binary.LittleEndian.Uint16(image[2*i:]))
		case U8:
			scale := math.Float32frombits(binary.LittleEndian.Uint32(image[size+4*(i/l.D):]))
			values[i] = (float32(image[i]) - 128) * scale
		default:
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(image[4*i:]))
		}
	}
	return values
}

// ofHalf is a finite f16 as f32: its exponent has 5 bits and starts 112 lower.
func ofHalf(bits uint16) float32 {
	return math.Float32frombits(uint32(bits&0x8000)<<16|uint32(bits&0x7fff)<<13) * 0x1p112
}

// joined is the images' bytes in one piece.
func joined(images [][]byte) []byte {
	total := 0
	for _, image := range images {
		total += len(image)
	}
	if whole := images[0]; cap(whole) >= total && adjacent(whole[:total], images) {
		return whole[:total]
	}
	all := make([]byte, 0, total)
	for _, image := range images {
		all = append(all, image...)
	}
	return all
}

// adjacent reports whether the images are the parts of whole, in their order.
func adjacent(whole []byte, images [][]byte) bool {
	for _, image := range images {
		if len(image) == 0 || &whole[0] != &image[0] {
			return false
		}
		whole = whole[len(image):]
	}
	return true
}
