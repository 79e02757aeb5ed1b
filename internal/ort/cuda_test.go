package ort

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
)

// gpuBuild is a folder with the pinned library and something in the place of the CUDA provider.
func gpuBuild(t *testing.T, provider []byte) (library string) {
	t.Helper()
	library = file(t, "libonnxruntime.so", pinned(t))
	if provider != nil {
		require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(library), cudaProvider), provider, 0o600))
	}
	return library
}

// sharedObject is a real shared library of this machine.
func sharedObject(t *testing.T) []byte {
	t.Helper()
	raw, err := os.ReadFile(compiled(t, "int answer(void) { return 42; }"))
	require.NoError(t, err)
	return raw
}

func TestEachThingWrongWithAGPUBuildHasItsOwnError(t *testing.T) {
	otherArch := sharedObject(t)
	const otherMachine = 243 // EM_RISCV
	binary.LittleEndian.PutUint16(otherArch[18:], otherMachine)
	old := compiled(t, oldRuntime)
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(old), cudaProvider), sharedObject(t), 0o600))

	for _, tc := range []struct {
		name, path string
		code       sightline.Code
		says       string
	}{
		{"there is none", "/nowhere/libonnxruntime.so", sightline.CodeRuntimeMissing, "looked in /nowhere"},
		{"a build for the CPU", gpuBuild(t, nil), sightline.CodeRuntimeMissing, "has a build for the CPU, without " + cudaProvider},
		{"a provider of another processor", gpuBuild(t, otherArch), sightline.CodeRuntimeMissing, "EM_RISCV"},
		{"a provider that is no library", gpuBuild(t, []byte("text")), sightline.CodeRuntimeMissing, "not a shared library"},
		{"an old build", old, sightline.CodeRuntimeOld, "1.16.3"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := pick(CUDA, tc.path)
			require.Error(t, err)
			assert.Equal(t, tc.code, sightline.CodeOf(err))
			for _, s := range []string{tc.says, filepath.Dir(tc.path), "make lib-cuda", "--device cpu"} {
				require.ErrorContains(t, err, s)
			}
		})
	}
}

func TestAutoTakesTheCPUsLibraryAndSaysWhy(t *testing.T) {
	cpu := gpuBuild(t, nil)
	lib, reason, err := pick(Auto, cpu)
	require.NoError(t, err)
	assert.Equal(t, cpu, lib.path)
	assert.Contains(t, reason, "has a build for the CPU")

	lib, reason, err = pick(CPU, cpu)
	require.NoError(t, err)
	assert.Equal(t, cpu, lib.path)
	assert.Empty(t, reason, "nobody asked")

	_, _, err = pick(Auto, "/nowhere/libonnxruntime.so")
	assert.Equal(t, sightline.CodeRuntimeMissing, sightline.CodeOf(err))
	require.ErrorContains(t, err, "is needed and was not found", "the ordinary library is what is missing")
}

func TestAGPUBuildIsFoundPastOneForTheCPU(t *testing.T) {
	gpu := gpuBuild(t, sharedObject(t))
	lib, err := firstWithCUDA([]string{"/nowhere/a.so", gpuBuild(t, nil), gpu})
	require.Nil(t, err)
	assert.Equal(t, library{path: gpu, version: PinnedVersion}, lib)

	for _, device := range []string{CUDA, Auto} {
		lib, reason, err := pick(device, gpu)
		require.NoError(t, err)
		assert.Equal(t, gpu, lib.path)
		assert.Empty(t, reason)
	}
}

// The pinned library has no CUDA provider, so that computing with CUDA fails as it does where the driver is missing.
func TestADeviceThatDoesNotWorkIsAnErrorUnlessAutoAskedForIt(t *testing.T) {
	lib, err := filepath.Abs(filepath.Join("..", "..", "lib", "libonnxruntime.so."+PinnedVersion))
	require.NoError(t, err)
	r, err := Open(Options{Library: lib, Threads: 1})
	require.NoError(t, err)
	assert.Equal(t, CPU, r.Device)
	assert.Empty(t, r.Reason)
	require.NoError(t, double(CPU), "what is tried on a card works")

	_, err = Open(Options{Library: lib, Threads: 1, Device: CUDA})
	assert.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(err))
	require.ErrorContains(t, err, "cannot compute with CUDA")
	require.ErrorContains(t, err, "--device cpu")

	r, err = Open(Options{Library: lib, Threads: 1, Device: Auto})
	require.NoError(t, err)
	assert.Equal(t, CPU, r.Device)
	assert.Contains(t, r.Reason, "has a build for the CPU")
}

func TestASessionForOneThreadStaysOnItsDevice(t *testing.T) {
	assert.Equal(t, CUDA, (&Session{device: CUDA}).Alone().device)
}
