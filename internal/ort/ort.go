// Package ort finds, verifies and loads ONNX Runtime and runs its sessions. It is the only package that knows the
// native library; it knows nothing of images, texts or bundles.
package ort

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	native "github.com/yalue/onnxruntime_go"

	"github.com/sightline-search/sightline"
)

// MinVersion is the oldest ONNX Runtime that works: apiVersion came with it.
const MinVersion = "1.24"

// apiVersion is the version of the C API that github.com/yalue/onnxruntime_go was built for.
const apiVersion = 24

// Options configure a Runtime.
type Options struct {
	Library string // path of the shared library; "" searches (Candidates)
	Threads int    // threads of one session run; 0 lets ONNX Runtime decide
	Device  string // CPU, CUDA or Auto; "" is CPU
}

// Runtime is a loaded ONNX Runtime. There is one per process: Open twice gives the same library.
type Runtime struct {
	Library string // the file that was loaded, absolute
	Version string // as the library tells
	Device  string // CPU or CUDA
	Reason  string // why Auto is left with the CPU; "" where nobody asked for Auto or an accelerator is used
	Odd     bool   // Reason is one that somebody should hear: there is a card, or a GPU build, and it is not used
	Half    bool   // graphs that compute in f16 pay: a card has units for that, a processor computes them in f32
	threads int
}

// loaded is the library of this process: ONNX Runtime can neither be loaded twice nor be exchanged.
var loaded struct {
	sync.Mutex
	library, version string
	reason           string // why it is no GPU build; "" where it is one
}

// Open finds and loads ONNX Runtime. Errors carry sightline's CodeRuntime… codes and say what was looked for, where, and
// what to do.
func Open(o Options) (*Runtime, error) {
	if o.Threads < 0 {
		return nil, sightline.Errorf(sightline.CodeInvalid, "threads is %d, it must be 0 (let ONNX Runtime decide) or more", o.Threads).
			WithParam("threads")
	}
	loaded.Lock()
	defer loaded.Unlock()
	if loaded.library == "" {
		lib, reason, err := pick(o.Device, o.Library)
		if err != nil {
			return nil, err
		}
		native.SetSharedLibraryPath(lib.path)
		// Its own log goes to stderr, past every logger; what it has to say also comes back as an error.
		if err := native.InitializeEnvironment(native.WithLogLevelFatal()); err != nil {
			return nil, sightline.Errorf(sightline.CodeRuntimeForeign, "ONNX Runtime %s at %s does not start: %w", lib.version, lib.path, err).
				WithHint("replace it with ONNX Runtime %s or newer", MinVersion)
		}
		if reason == "" {
			reason = withoutCUDA(lib.path)
		}
		loaded.library, loaded.version, loaded.reason = lib.path, lib.version, reason
	} else if err := sameLibrary(o.Library); err != nil {
		return nil, err
	}
	r := &Runtime{Library: loaded.library, Version: loaded.version, Device: CPU, threads: o.Threads}
	if err := r.choose(o.Device); err != nil {
		return nil, err
	}
	return r, nil
}

// choose settles the device of a loaded library.
func (r *Runtime) choose(device string) error {
	if device != CUDA && device != Auto {
		return nil
	}
	if device == Auto && loaded.reason != "" {
		_, noDriver := os.Stat(nvidiaDriver)
		r.Reason, r.Odd = loaded.reason, noDriver == nil
		return nil
	}
	err := tryCUDA()
	switch {
	case err == nil:
		r.Device, r.Half = CUDA, true
	case device == CUDA:
		return err
	default:
		r.Reason, r.Odd = err.Detail, true
	}
	return nil
}

// sameLibrary refuses an explicit library that is not the one already loaded.
func sameLibrary(explicit string) error {
	if explicit == "" {
		return nil
	}
	a, errA := os.Stat(explicit)
	b, errB := os.Stat(loaded.library)
	if errA == nil && errB == nil && os.SameFile(a, b) {
		return nil
	}
	return sightline.Errorf(sightline.CodeInvalid, "%s was asked for, but this process already runs ONNX Runtime from %s", explicit, loaded.library).
		WithParam("ort-library")
}

// find looks for ONNX Runtime where Candidates says.
func find(explicit string) (library, error) {
	exe, err := executable()
	if err != nil && explicit == "" {
		return library{}, sightline.Errorf(sightline.CodeRuntimeMissing, "cannot tell where this program lies, so ONNX Runtime cannot be looked for: %w", err).
			WithHint("%s", hintExplicit)
	}
	return firstUsable(Candidates(Places{Explicit: explicit, Executable: exe, GOOS: runtime.GOOS, GOARCH: runtime.GOARCH}))
}

// firstUsable gives the first candidate that can be used. Where there is none, the error has the code of the first file
// that was found (CodeRuntimeMissing when there was no file at all) and tells every place that was looked at.
func firstUsable(candidates []string) (library, error) {
	var problems []*sightline.Error
	for _, path := range candidates {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		lib, problem := examine(path, runtime.GOOS, runtime.GOARCH)
		if problem == nil {
			return lib, nil
		}
		problems = append(problems, problem)
	}
	return library{}, notFound(candidates, problems)
}

// executable is the path of the running program, symbolic links resolved, so that a link in ~/bin finds its library.
func executable() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("ask the system for this program's path: %w", err)
	}
	if resolved, err := filepath.EvalSymlinks(exe); err == nil {
		exe = resolved
	}
	return exe, nil
}
