package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAnAcceleratorThatIsNotThereIsAnErrorAndAutoSaysWhy(t *testing.T) {
	p := newPlace(t)
	for _, command := range [][]string{{"index", t.TempDir()}, {"search", "dog"}, {"serve", "--listen", "127.0.0.1:0"}, {"bench"}} {
		o := p.must(exitFailed, append(command, "--device", "cuda")...)
		assert.Contains(t, o.stderr, "--device cpu", command) // what to do, whatever is missing
		assert.Empty(t, o.stdout)
	}
	p.must(exitUsage, "search", "--device", "tpu", "dog")

	device := findingOf(t, p.json(exitDone, "doctor"), "device")
	assert.Contains(t, fmt.Sprint(device["lines"]), "has a build for the CPU, without libonnxruntime_providers_cuda.so")
	device = findingOf(t, p.json(exitDone, "doctor", "--device", "cpu"), "device")
	assert.NotContains(t, fmt.Sprint(device["lines"]), "cuda", "nobody asked")
}

func TestAGPUBuildIsLookedForBeforeAnythingIsLoaded(t *testing.T) {
	p := newPlace(t)
	out, err := p.command("tag", "--device", "cuda", photographs(t, 1)).CombinedOutput() // a process that has loaded nothing
	assert.Error(t, err)
	for _, says := range []string{"there is no GPU build of ONNX Runtime", "looked in", "make lib-cuda", "--device cpu"} {
		assert.Contains(t, string(out), says)
	}
}
