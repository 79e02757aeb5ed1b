package main

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"

	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/internal/ort"
)

// On a card a run of the encoder takes more images, since a batch for a core would leave it idle, and fewer runs go beside
// each other: one computes while another is read and written.
const (
	cudaBatch    = 128
	cudaEncoders = 2
)

// openRuntime finds ONNX Runtime for the device that is set. That auto is left with the CPU although there is a card, or a
// GPU build, is told once; that there is neither is normal, and doctor tells it.
func (a *app) openRuntime(threads int) (*ort.Runtime, error) {
	rt, err := ort.Open(ort.Options{Library: a.ORTLibrary, Threads: threads, Device: a.Device})
	if err != nil || rt.Reason == "" || a.told {
		return rt, err
	}
	a.told = true
	level := slog.LevelDebug
	if rt.Odd {
		level = slog.LevelWarn
	}
	a.log.LogAttrs(context.Background(), level, "the processor computes, not an accelerator", slog.String("reason", rt.Reason))
	return rt, nil
}

// examineDevice tells what computes, and why not an accelerator.
func (a *app) examineDevice(rt *ort.Runtime, b *bundle.Bundle) finding {
	threads := "one thread a run, a run on each core"
	if a.Threads > 0 {
		threads = count(a.Threads, "thread", "threads") + " a model run"
	}
	f := found("device", fmt.Sprintf("%s, %s/%s, %s", count(runtime.NumCPU(), "core", "cores"), runtime.GOOS, runtime.GOARCH, threads))
	switch {
	case rt == nil:
		f.Lines = append(f.Lines, "what computes is not known without ONNX Runtime")
	case rt.Device == ort.CUDA:
		f.Lines = append(f.Lines, "cuda: models run on the first NVIDIA card")
		if b != nil {
			f.Lines = append(f.Lines, "f16 graphs: "+halfText(b.Manifest.Half))
		}
	default:
		f.Lines = append(f.Lines, "cpu: models run on the processor")
	}
	if rt != nil && rt.Reason != "" {
		f.Lines = append(f.Lines, rt.Reason)
	}
	if rt != nil && rt.Odd {
		f.Mark, f.Hint = markWarn, "see docs/cuda.md, or say --device cpu"
	}
	return f
}
