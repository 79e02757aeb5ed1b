// Package ort finds, verifies and loads ONNX Runtime and runs its sessions. It is the only package that knows the
// native library; it knows nothing of images, texts or bundles.
package ort

import "context"

// DType is the element type of a tensor.
type DType int

// The element types that Sightline's graphs use.
const (
	F32 DType = iota
	F16
	I64
)

// Tensor is a dense tensor in Go memory. Data holds []float32 for F32, []byte (little-endian, 2 bytes an element) for
// F16 and []int64 for I64; its length is the product of Shape.
type Tensor struct {
	Shape []int64
	DType DType
	F32   []float32
	F16   []byte
	I64   []int64
}

// Options configure a Runtime.
type Options struct {
	Library string // path of the shared library; "" searches (Candidates)
	Threads int    // threads of one session run; 0 lets ONNX Runtime decide
}

// Runtime is a loaded ONNX Runtime. There is one per process: Open twice gives the same library.
type Runtime struct {
	Library string // the file that was loaded
	Version string // as the library tells
	threads int
}

// Open finds and loads ONNX Runtime. Errors carry sightline's CodeRuntime… codes and say what was looked for, where, and what
// to do.
func Open(o Options) (*Runtime, error) { panic("not built yet") }

// Session is a loaded graph. Safe for concurrent use.
type Session struct{}

// Info describes one input or output of a graph; dynamic dimensions are -1.
type Info struct {
	Name  string
	Shape []int64
	DType DType
}

// Load reads a graph from a file.
func (r *Runtime) Load(path string) (*Session, error) { panic("not built yet") }

// Inputs gives the graph's inputs by name.
func (s *Session) Inputs() map[string]Info { panic("not built yet") }

// Outputs gives the graph's outputs by name.
func (s *Session) Outputs() map[string]Info { panic("not built yet") }

// Run computes the named outputs. Inputs are not changed; outputs are fresh Go memory. A cancelled context stops the
// run.
func (s *Session) Run(ctx context.Context, inputs map[string]Tensor, outputs ...string) (map[string]Tensor, error) {
	panic("not built yet")
}

// Close frees the session.
func (s *Session) Close() error { panic("not built yet") }
