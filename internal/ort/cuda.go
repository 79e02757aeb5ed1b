package ort

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	native "github.com/yalue/onnxruntime_go"

	"github.com/sightline-search/sightline"
)

// The devices that Options name.
const (
	CPU  = "cpu"
	CUDA = "cuda" // an NVIDIA card through ONNX Runtime's CUDA provider
	Auto = "auto" // CUDA where it works, otherwise the CPU
)

// cudaProvider lies beside a build of ONNX Runtime that can use NVIDIA cards; ONNX Runtime loads it by itself.
const cudaProvider = "libonnxruntime_providers_cuda.so"

// nvidiaDriver is there where the driver of an NVIDIA card is loaded.
const nvidiaDriver = "/proc/driver/nvidia/version"

const hintCUDA = "run `make lib-cuda` in the checkout (some hundred MB), or name the GPU build of ONNX Runtime " + MinVersion +
	" or newer with --ort-library; --device cpu needs none"

// pick finds the library for a device. reason says why Auto is left with the CPU.
func pick(device, explicit string) (lib library, reason string, err error) {
	if device == CPU || device == "" {
		lib, err = find(explicit)
		return lib, "", err
	}
	lib, problem := findCUDA(explicit)
	switch {
	case problem == nil:
		return lib, "", nil
	case device == CUDA:
		return library{}, "", problem
	}
	lib, err = find(explicit)
	return lib, problem.Detail, err
}

// findCUDA looks for a GPU build where Candidates says. A build for the CPU on the way is passed over without being loaded.
func findCUDA(explicit string) (library, *sightline.Error) {
	exe, err := executable()
	if err != nil && explicit == "" {
		return library{}, noCUDA(sightline.CodeRuntimeMissing, err.Error())
	}
	return firstWithCUDA(Candidates(Places{Explicit: explicit, Executable: exe, GOOS: runtime.GOOS, GOARCH: runtime.GOARCH, CUDA: true}))
}

func firstWithCUDA(candidates []string) (library, *sightline.Error) {
	code := sightline.CodeRuntimeMissing
	var findings, folders []string
	for _, path := range candidates {
		if dir := filepath.Dir(path); !slices.Contains(folders, dir) {
			folders = append(folders, dir)
		}
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if why := withoutCUDA(path); why != "" {
			if !slices.Contains(findings, why) {
				findings = append(findings, why)
			}
			continue
		}
		lib, problem := examine(path, runtime.GOOS, runtime.GOARCH)
		if problem == nil {
			return lib, nil
		}
		code, findings = problem.Code, append(findings, problem.Detail)
	}
	findings = append(findings, "looked in "+strings.Join(folders, ", "))
	return library{}, noCUDA(code, strings.Join(findings, "; "))
}

// withoutCUDA tells why a library is no GPU build for this machine, "" when it looks like one.
func withoutCUDA(path string) string {
	provider := filepath.Join(filepath.Dir(path), cudaProvider)
	img, err := readImage(provider)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return filepath.Dir(path) + " has a build for the CPU, without " + cudaProvider
	case err != nil:
		return provider + " cannot be used: " + err.Error()
	case img.format != formatOf(runtime.GOOS) || img.arch != runtime.GOARCH:
		return provider + " is a library for " + img.format + " " + img.arch + ", this program needs " + formatOf(runtime.GOOS) + " " + runtime.GOARCH
	}
	return ""
}

func noCUDA(code sightline.Code, findings string) *sightline.Error {
	return sightline.Errorf(code, "there is no GPU build of ONNX Runtime %s or newer: %s", MinVersion, findings).
		WithParam("device").WithHint("%s", hintCUDA)
}

// doubler is the smallest graph that has something to compute: y = x + x, f32 [1].
//
//go:embed doubler.onnx
var doubler []byte

// tryCUDA computes on the card once: whether driver, card, CUDA and cuDNN are there and fit is known only then.
func tryCUDA() *sightline.Error {
	if err := double(CUDA); err != nil {
		return sightline.Errorf(sightline.CodeUnavailable, "ONNX Runtime %s at %s cannot compute with CUDA: %w", loaded.version, loaded.library, err).
			WithParam("device").WithHint("install the NVIDIA driver, and the CUDA and cuDNN that this build of ONNX Runtime needs, where the system looks for libraries; --device cpu needs none")
	}
	return nil
}

// double computes 2 + 2 on a device.
func double(device string) error {
	options, err := sessionOptions(device, 1)
	if err != nil {
		return err
	}
	defer options.Destroy()
	x, err := native.NewTensor(native.NewShape(1), []float32{2})
	if err != nil {
		return err
	}
	defer x.Destroy()
	session, err := native.NewDynamicAdvancedSessionWithONNXData(doubler, []string{"x"}, []string{"y"}, options)
	if err != nil {
		return err
	}
	defer session.Destroy()
	y, err := native.NewEmptyTensor[float32](native.NewShape(1))
	if err != nil {
		return err
	}
	defer y.Destroy()
	if err := session.Run([]native.Value{x}, []native.Value{y}); err != nil {
		return err
	}
	if got := y.GetData()[0]; got != 4 {
		return fmt.Errorf("it computes 2 + 2 = %g", got)
	}
	return nil
}

// addCUDA puts the CUDA provider in front of the CPU's. Convolutions take the algorithm that cuDNN recommends: to measure
// all of them, the default, costs seconds with every new batch size. Memory grows by what is asked for, not by doubling, so
// that other programs have room on the card.
func addCUDA(options *native.SessionOptions) error {
	cuda, err := native.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	defer cuda.Destroy()
	err = cuda.Update(map[string]string{"device_id": "0", "cudnn_conv_algo_search": "HEURISTIC", "arena_extend_strategy": "kSameAsRequested"})
	if err != nil {
		return err
	}
	return options.AppendExecutionProviderCUDA(cuda)
}
