package ort

import (
	"encoding/binary"
	"math"

	"github.com/sightline-search/sightline"
)

// Fits compares the graph with what its caller is going to give and take: exactly these inputs, and at least these
// outputs, with the same element types and dimensions. A dimension of -1 must be dynamic in the graph, so that a graph
// traced for one batch size is refused; any other may be dynamic or equal, and the outputs' are from then on known to be
// what the caller said: exporters leave them open where the graph computes them. The error is CodeBundleCorrupt and
// names the tensor. Not to be called while the session runs.
func (s *Session) Fits(inputs, outputs []Info) error {
	for _, want := range inputs {
		if err := s.fits("input", s.inputs, want); err != nil {
			return err
		}
	}
	if len(inputs) != len(s.inputs) {
		return sightline.Errorf(sightline.CodeBundleCorrupt, "%s has %d inputs (%s), it must have %d", s.path, len(s.inputs), names(s.inputs), len(inputs))
	}
	for _, want := range outputs {
		if err := s.fits("output", s.outputs, want); err != nil {
			return err
		}
		s.outputs[want.Name] = want
	}
	return nil
}

func (s *Session) fits(kind string, have map[string]Info, want Info) error {
	got, ok := have[want.Name]
	if !ok {
		return sightline.Errorf(sightline.CodeBundleCorrupt, "%s has no %s %q, it has %s", s.path, kind, want.Name, names(have))
	}
	same := got.DType == want.DType && len(got.Shape) == len(want.Shape)
	for i := 0; same && i < len(want.Shape); i++ {
		same = got.Shape[i] == want.Shape[i] || (got.Shape[i] == -1 && want.Shape[i] > 0)
	}
	if !same {
		return sightline.Errorf(sightline.CodeBundleCorrupt, "%s: %s %q is %v %v, the manifest asks for %v %v", s.path, kind, want.Name, got.DType, got.Shape, want.DType, want.Shape)
	}
	return nil
}

// Finite reports whether no element is infinite or not a number.
func (t Tensor) Finite() bool {
	for _, v := range t.F32 {
		if v-v != 0 { // inf - inf and NaN - NaN are NaN
			return false
		}
	}
	for i := 1; i < len(t.F16); i += 2 {
		if t.F16[i]&0x7c == 0x7c {
			return false
		}
	}
	return true
}

// Bytes gives the elements of an f16, f32 or u8 tensor as little-endian bytes.
func (t Tensor) Bytes() []byte {
	if t.DType == F16 {
		return t.F16
	}
	if t.DType == U8 {
		return t.U8
	}
	b := make([]byte, 0, 4*len(t.F32))
	for _, v := range t.F32 {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// FromBytes is an f16 or f32 tensor of little-endian bytes.
func FromBytes(dtype DType, shape []int64, b []byte) Tensor {
	if dtype == F16 {
		return Tensor{Shape: shape, DType: F16, F16: b}
	}
	values := make([]float32, len(b)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return Tensor{Shape: shape, DType: F32, F32: values}
}
