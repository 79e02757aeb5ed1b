package ort_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/internal/ort"
	"github.com/sightline-search/sightline/internal/ort/orttest"
)

func TestCandidates(t *testing.T) {
	for _, tc := range []struct {
		name   string
		places ort.Places
		want   []string
	}{
		{"what the user names and nothing else", ort.Places{Explicit: "/x/libort.so", Executable: "/opt/s/bin/sightline", GOOS: "linux", GOARCH: "amd64"}, []string{"/x/libort.so"}},
		{"linux on amd64", ort.Places{Executable: "/opt/s/bin/sightline", GOOS: "linux", GOARCH: "amd64"}, inDirs(
			[]string{"libonnxruntime.so", "libonnxruntime.so.1", "libonnxruntime.so." + ort.PinnedVersion},
			"/opt/s/bin", "/opt/s/lib", "/opt/s/lib/sightline", "/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib")},
		{"linux on arm64", ort.Places{Executable: "/usr/bin/sightline", GOOS: "linux", GOARCH: "arm64"}, inDirs(
			[]string{"libonnxruntime.so", "libonnxruntime.so.1", "libonnxruntime.so." + ort.PinnedVersion},
			"/usr/bin", "/usr/lib", "/usr/lib/sightline", "/usr/local/lib", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")},
		{"linux on a processor without a known triplet", ort.Places{Executable: "/s/sightline", GOOS: "linux", GOARCH: "riscv64"}, inDirs(
			[]string{"libonnxruntime.so", "libonnxruntime.so.1", "libonnxruntime.so." + ort.PinnedVersion},
			"/s", "/lib", "/lib/sightline", "/usr/local/lib", "/usr/lib64", "/usr/lib")},
		{"macOS", ort.Places{Executable: "/opt/s/bin/sightline", GOOS: "darwin", GOARCH: "arm64"}, inDirs(
			[]string{"libonnxruntime.dylib", "libonnxruntime." + ort.PinnedVersion + ".dylib"},
			"/opt/s/bin", "/opt/s/lib", "/opt/s/lib/sightline", "/opt/homebrew/lib", "/usr/local/lib")},
		{"a GPU build", ort.Places{Executable: "/opt/s/bin/sightline", GOOS: "linux", GOARCH: "amd64", CUDA: true}, inDirs(
			[]string{"libonnxruntime.so", "libonnxruntime.so.1", "libonnxruntime.so." + ort.PinnedVersion},
			"/opt/s/lib/cuda", "/opt/s/lib/sightline/cuda", "/opt/s/bin", "/opt/s/lib", "/opt/s/lib/sightline", "/usr/local/lib",
			"/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib")},
		{"Windows", ort.Places{Executable: `C:\Sightline\bin\sightline.exe`, GOOS: "windows", GOARCH: "amd64"}, []string{
			`C:\Sightline\bin\onnxruntime.dll`, `C:\Sightline\lib\onnxruntime.dll`, `C:\Sightline\lib\sightline\onnxruntime.dll`,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			assert.Equal(t, tc.want, ort.Candidates(tc.places))
		})
	}
}

func inDirs(names []string, dirs ...string) []string {
	var files []string
	for _, dir := range dirs {
		for _, name := range names {
			files = append(files, dir+"/"+name)
		}
	}
	return files
}

func TestPinnedVersionIsTheOneThatMakeFetches(t *testing.T) {
	pins, err := os.ReadFile(filepath.Join(orttest.Root(t), "scripts", "onnxruntime.txt"))
	require.NoError(t, err)
	assert.Contains(t, string(pins), "\nonnxruntime=="+ort.PinnedVersion+" ")
	pins, err = os.ReadFile(filepath.Join(orttest.Root(t), "scripts", "onnxruntime-cuda.txt"))
	require.NoError(t, err)
	assert.Contains(t, string(pins), "\nonnxruntime-gpu=="+ort.PinnedVersion+" ")
}
