package ort

import (
	"fmt"
	"math"

	native "github.com/yalue/onnxruntime_go"

	"github.com/sightline-search/sightline"
)

// DType is the element type of a tensor.
type DType int

// The element types that Sightline's graphs use.
const (
	F32 DType = iota
	F16
	I64
	U8
)

// String gives the name that docs/bundle.md uses.
func (d DType) String() string {
	switch d {
	case F32:
		return "f32"
	case F16:
		return "f16"
	case I64:
		return "i64"
	case U8:
		return "u8"
	}
	return fmt.Sprintf("DType(%d)", int(d))
}

// Tensor is a dense tensor in Go memory, row-major. The field of its DType holds the elements: F32, F16 (little-endian,
// 2 bytes an element), I64 or U8. Their number is the product of Shape, whose dimensions are all at least 1.
type Tensor struct {
	Shape []int64
	DType DType
	F32   []float32
	F16   []byte
	I64   []int64
	U8    []byte
}

// elements is the number of elements that a shape asks for.
func elements(shape []int64) (int, error) {
	if len(shape) == 0 {
		return 0, sightline.Errorf(sightline.CodeInternal, "a tensor without dimensions")
	}
	n := int64(1)
	for _, d := range shape {
		if d < 1 || n > math.MaxInt32/d {
			return 0, sightline.Errorf(sightline.CodeInternal, "a tensor of shape %v: each dimension must be at least 1 and their product below 2^31", shape)
		}
		n *= d
	}
	return int(n), nil
}

// check compares the data's length with the shape before native code, which would trust the shape, sees either.
func (t Tensor) check() error {
	want, err := elements(t.Shape)
	if err != nil {
		return err
	}
	var got int
	switch t.DType {
	case F32:
		got = len(t.F32)
	case F16:
		want, got = 2*want, len(t.F16)
	case I64:
		got = len(t.I64)
	case U8:
		got = len(t.U8)
	default:
		return sightline.Errorf(sightline.CodeInternal, "a tensor of the unknown element type %v", t.DType)
	}
	if got != want {
		unit := "elements"
		if t.DType == F16 {
			unit = "bytes"
		}
		return sightline.Errorf(sightline.CodeInternal, "a %v tensor of shape %v needs %d %s, it has %d", t.DType, t.Shape, want, unit, got)
	}
	return nil
}

// toNative wraps the tensor's own memory. The value must be destroyed before that memory is changed.
func (t Tensor) toNative() (native.Value, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	switch t.DType {
	case F16:
		return native.NewCustomDataTensor(t.Shape, t.F16, native.TensorElementDataTypeFloat16)
	case I64:
		return native.NewTensor(t.Shape, t.I64)
	case U8:
		return native.NewTensor(t.Shape, t.U8)
	default:
		return native.NewTensor(t.Shape, t.F32)
	}
}

// fromNative gives the contents of an output. Its memory is Go's: it stays valid after the value is destroyed.
func fromNative(v native.Value) (Tensor, error) {
	shape := []int64(v.GetShape())
	switch v := v.(type) {
	case *native.Tensor[float32]:
		return Tensor{Shape: shape, DType: F32, F32: v.GetData()}, nil
	case *native.Tensor[int64]:
		return Tensor{Shape: shape, DType: I64, I64: v.GetData()}, nil
	case *native.Tensor[uint8]:
		return Tensor{Shape: shape, DType: U8, U8: v.GetData()}, nil
	case *native.CustomDataTensor:
		return Tensor{Shape: shape, DType: F16, F16: v.GetData()}, nil
	}
	return Tensor{}, sightline.Errorf(sightline.CodeInternal, "a tensor of an element type that is not f32, f16, i64 or u8 (%T)", v)
}

// dtypeOf translates ONNX Runtime's element type.
func dtypeOf(t native.TensorElementDataType) (DType, bool) {
	switch t {
	case native.TensorElementDataTypeFloat:
		return F32, true
	case native.TensorElementDataTypeFloat16:
		return F16, true
	case native.TensorElementDataTypeInt64:
		return I64, true
	case native.TensorElementDataTypeUint8:
		return U8, true
	}
	return 0, false
}
