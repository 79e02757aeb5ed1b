package ort

import (
	"slices"

	native "github.com/yalue/onnxruntime_go"

	"github.com/sightline-search/sightline"
)

// binding holds the native values of one run, in the order of the session's names.
type binding struct {
	session *Session
	in, out []native.Value
}

// fill wraps the inputs and makes room for the outputs.
func (b *binding) fill(inputs map[string]Tensor, outputs []string) error {
	s := b.session
	for name := range inputs {
		if _, ok := s.inputs[name]; !ok {
			return sightline.Errorf(sightline.CodeInternal, "there is no input %q, the graph has %s", name, names(s.inputs))
		}
	}
	for _, name := range s.inputNames {
		t, ok := inputs[name]
		if !ok {
			return sightline.Errorf(sightline.CodeInternal, "input %q is missing", name)
		}
		if err := s.inputs[name].accepts(t); err != nil {
			return err
		}
		v, err := t.toNative()
		if err != nil {
			return sightline.Errorf(sightline.CodeInternal, "input %q: %w", name, err)
		}
		b.in = append(b.in, v)
	}
	batch := inputs[s.inputNames[0]].Shape[0]
	for _, name := range outputs {
		v, err := s.outputs[name].room(batch)
		if err != nil {
			return err
		}
		b.out = append(b.out, v)
	}
	return nil
}

// accepts compares a tensor with what the graph declares.
func (i Info) accepts(t Tensor) error {
	same := func(declared, given int64) bool { return declared == -1 || declared == given }
	if t.DType != i.DType || !slices.EqualFunc(i.Shape, t.Shape, same) {
		return sightline.Errorf(sightline.CodeInternal, "input %q is %v %v, it was given %v %v", i.Name, i.DType, i.Shape, t.DType, t.Shape)
	}
	return nil
}

// room is nil for an output that ONNX Runtime allocates itself. The binding copies such an output with one byte an
// element whenever Go has no type for it, so f16 gets memory of the right size beforehand.
func (i Info) room(batch int64) (native.Value, error) {
	if i.DType != F16 {
		return nil, nil
	}
	shape := slices.Clone(i.Shape)
	if len(shape) > 0 && shape[0] == -1 {
		shape[0] = batch
	}
	n, err := elements(shape)
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeInternal, "output %q is f16 %v: only the first dimension of an f16 output may be dynamic", i.Name, i.Shape)
	}
	return native.NewCustomDataTensor(shape, make([]byte, 2*n), native.TensorElementDataTypeFloat16)
}

func (b *binding) destroy() {
	for _, v := range slices.Concat(b.in, b.out) {
		if v != nil {
			_ = v.Destroy() // releasing memory; it has no failure to report
		}
	}
}
