package ort

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	native "github.com/yalue/onnxruntime_go"

	"github.com/sightline-search/sightline"
)

// Session is a loaded graph. Safe for concurrent use.
type Session struct {
	path            string
	threads         int
	inputs, outputs map[string]Info
	inputNames      []string // sorted

	// The binding fixes the outputs of a native session when it is made, so there is one for each set of outputs that
	// was asked for: one for every graph but the decoder, which also gives attention maps on demand.
	running sync.RWMutex // held for reading by runs, for writing by Close
	closed  bool         // guarded by running
	mu      sync.Mutex   // guards byOut
	byOut   map[string]*native.DynamicAdvancedSession
}

// Info describes one input or output of a graph; dynamic dimensions are -1.
type Info struct {
	Name  string
	Shape []int64
	DType DType
}

// Load reads a graph from a file. A graph with inputs or outputs that are not f32, f16 or i64 tensors is refused.
func (r *Runtime) Load(path string) (*Session, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, sightline.Errorf(sightline.CodeBundleCorrupt, "the graph cannot be read: %w", err)
	}
	ins, outs, err := declared(path)
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeBundleCorrupt, "%s is not a graph that ONNX Runtime %s can run: %w", path, r.Version, err)
	}
	s := &Session{path: path, threads: r.threads, byOut: map[string]*native.DynamicAdvancedSession{}}
	if s.inputs, err = describe(ins); err != nil {
		return nil, sightline.Errorf(sightline.CodeBundleCorrupt, "%s: input %w", path, err)
	}
	if s.outputs, err = describe(outs); err != nil {
		return nil, sightline.Errorf(sightline.CodeBundleCorrupt, "%s: output %w", path, err)
	}
	if len(ins) == 0 || len(outs) == 0 {
		return nil, sightline.Errorf(sightline.CodeBundleCorrupt, "%s: a graph with %d inputs and %d outputs, both are needed", path, len(ins), len(outs))
	}
	s.inputNames = slices.Sorted(maps.Keys(s.inputs))
	return s, nil
}

// declared reads what a graph takes and gives. The binding can only ask a loaded graph, so this one is loaded without
// optimising, packing or spreading over threads: the weights are not going to be used.
func declared(path string) (ins, outs []native.InputOutputInfo, err error) {
	options, err := native.NewSessionOptions()
	if err != nil {
		return nil, nil, err
	}
	defer options.Destroy()
	if err := errors.Join(options.SetGraphOptimizationLevel(native.GraphOptimizationLevelDisableAll),
		options.AddSessionConfigEntry("session.disable_prepacking", "1"), options.SetIntraOpNumThreads(1)); err != nil {
		return nil, nil, err
	}
	return native.GetInputOutputInfoWithOptions(path, options)
}

// Alone gives a session of the same graph that computes on the calling thread only, for callers that keep every core busy
// with runs of their own: splitting a run costs CPU time (a fifth with two threads, for the default model's images). Its
// weights are its own and are loaded by its first run; it is closed by itself.
func (s *Session) Alone() *Session {
	return &Session{
		path: s.path, threads: 1, inputs: s.inputs, outputs: s.outputs, inputNames: s.inputNames,
		byOut: map[string]*native.DynamicAdvancedSession{},
	}
}

func describe(list []native.InputOutputInfo) (map[string]Info, error) {
	infos := make(map[string]Info, len(list))
	for _, n := range list {
		dtype, ok := dtypeOf(n.DataType)
		if n.OrtValueType != native.ONNXTypeTensor || !ok {
			return nil, fmt.Errorf("%q is neither an f32, an f16 nor an i64 tensor: %s", n.Name, n.String())
		}
		infos[n.Name] = Info{Name: n.Name, Shape: n.Dimensions, DType: dtype}
	}
	return infos, nil
}

// Inputs gives the graph's inputs by name.
func (s *Session) Inputs() map[string]Info { return maps.Clone(s.inputs) }

// Outputs gives the graph's outputs by name.
func (s *Session) Outputs() map[string]Info { return maps.Clone(s.outputs) }

// Run computes the named outputs. It needs exactly the graph's inputs and does not change them; outputs are fresh Go
// memory. A cancelled context stops the run at the graph's next node and gives the context's error.
//
// An f16 output must have static dimensions, except for the first, which is the inputs' first dimension.
func (s *Session) Run(ctx context.Context, inputs map[string]Tensor, outputs ...string) (map[string]Tensor, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	s.running.RLock()
	defer s.running.RUnlock()
	if s.closed {
		return nil, sightline.Errorf(sightline.CodeInternal, "%s: run of a closed session", s.path)
	}
	sess, err := s.session(outputs)
	if err != nil {
		return nil, err
	}
	b := binding{session: s}
	defer b.destroy()
	if err := b.fill(inputs, outputs); err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	if err := runUnder(ctx, sess, b.in, b.out); err != nil {
		return nil, s.runError(ctx, err)
	}
	result := make(map[string]Tensor, len(outputs))
	for i, name := range outputs {
		if result[name], err = fromNative(b.out[i]); err != nil {
			return nil, fmt.Errorf("%s: output %s: %w", s.path, name, err)
		}
	}
	return result, nil
}

// runError tells a cancellation from a failure.
func (s *Session) runError(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return sightline.Errorf(sightline.CodeInternal, "%s: %w", s.path, err)
}

// runUnder runs a native session until it is done or the context is.
func runUnder(ctx context.Context, sess *native.DynamicAdvancedSession, in, out []native.Value) error {
	options, err := native.NewRunOptions()
	if err != nil {
		return fmt.Errorf("make run options: %w", err)
	}
	terminated := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(terminated)
		_ = options.Terminate() // it only sets a flag; a run that ends all the same is no harm
	})
	err = sess.RunWithOptions(in, out, options)
	if !stop() {
		<-terminated // the options must outlive the call that it makes on them
	}
	return errors.Join(err, options.Destroy())
}

// session gives the native session for a set of outputs, made on first use.
func (s *Session) session(outputs []string) (*native.DynamicAdvancedSession, error) {
	for _, name := range outputs {
		if _, ok := s.outputs[name]; !ok {
			return nil, sightline.Errorf(sightline.CodeInternal, "%s has no output %q, it has %s", s.path, name, names(s.outputs))
		}
	}
	if len(outputs) == 0 {
		return nil, sightline.Errorf(sightline.CodeInternal, "%s: run without a wanted output, it has %s", s.path, names(s.outputs))
	}
	key := strings.Join(outputs, "\x00")
	s.mu.Lock()
	defer s.mu.Unlock()
	if sess := s.byOut[key]; sess != nil {
		return sess, nil
	}
	sess, err := s.open(outputs)
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeBundleCorrupt, "%s cannot be loaded: %w", s.path, err)
	}
	s.byOut[key] = sess
	return sess, nil
}

func (s *Session) open(outputs []string) (*native.DynamicAdvancedSession, error) {
	options, err := native.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	if err := options.SetIntraOpNumThreads(s.threads); err != nil {
		return nil, err
	}
	// Threads that wait for work by spinning take the cores from the other sessions and from decoding: with two threads
	// an image costs twice the CPU time and is not encoded sooner.
	if err := options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"); err != nil {
		return nil, err
	}
	return native.NewDynamicAdvancedSession(s.path, s.inputNames, outputs, options)
}

// Close waits for the runs that are under way and frees the session. Later runs fail; closing again does nothing.
func (s *Session) Close() error {
	s.running.Lock()
	defer s.running.Unlock()
	s.closed = true
	var errs []error
	for _, sess := range s.byOut {
		errs = append(errs, sess.Destroy())
	}
	clear(s.byOut)
	return errors.Join(errs...)
}

func names(infos map[string]Info) string {
	return strings.Join(slices.Sorted(maps.Keys(infos)), ", ")
}
