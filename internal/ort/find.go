package ort

import (
	"fmt"
	"path"
	"strings"

	"github.com/sightline-search/sightline"
)

// PinnedVersion is the ONNX Runtime that `make lib` fetches and that Sightline is tested with.
const PinnedVersion = "1.27.0"

const (
	hintExplicit = "name the library with --ort-library or SIGHTLINE_ORT_LIBRARY"
	hintNamed    = "name ONNX Runtime " + MinVersion + " or newer there, or leave --ort-library and SIGHTLINE_ORT_LIBRARY out to search for it"
	hintInstall  = "run `make lib` in the checkout, or put ONNX Runtime " + MinVersion +
		" or newer in one of these places, or " + hintExplicit
)

// Places is what decides where ONNX Runtime is looked for.
type Places struct {
	Explicit   string // named by the user; then nothing else is tried
	Executable string // absolute path of the program, symbolic links resolved
	GOOS       string // as runtime.GOOS
	GOARCH     string // as runtime.GOARCH
	CUDA       bool   // a GPU build is looked for, first where `make lib-cuda` puts it
}

// Candidates lists the files that may be ONNX Runtime, best first: what the user named and nothing else; otherwise beside
// the executable, in ../lib and ../lib/sightline from it, and in the system's folders. It only computes: no file is
// touched, so every system's list can be tested on any other.
func Candidates(p Places) []string {
	if p.Explicit != "" {
		return []string{p.Explicit}
	}
	var files []string
	for _, dir := range libraryDirs(p) {
		for _, name := range libraryNames(p.GOOS) {
			files = append(files, join(p.GOOS, dir, name))
		}
	}
	return files
}

func libraryDirs(p Places) []string {
	slashed := p.Executable
	if p.GOOS == "windows" {
		slashed = strings.ReplaceAll(slashed, `\`, "/")
	}
	exeDir := path.Dir(slashed)
	dirs := []string{exeDir, path.Join(exeDir, "../lib"), path.Join(exeDir, "../lib/sightline")}
	if p.CUDA {
		dirs = append([]string{path.Join(exeDir, "../lib/cuda"), path.Join(exeDir, "../lib/sightline/cuda")}, dirs...)
	}
	switch p.GOOS {
	case "windows":
		return dirs
	case "darwin":
		return append(dirs, "/opt/homebrew/lib", "/usr/local/lib")
	}
	dirs = append(dirs, "/usr/local/lib")
	if triplet := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[p.GOARCH]; triplet != "" {
		dirs = append(dirs, "/usr/lib/"+triplet)
	}
	return append(dirs, "/usr/lib64", "/usr/lib")
}

func libraryNames(goos string) []string {
	switch goos {
	case "windows":
		return []string{"onnxruntime.dll"}
	case "darwin":
		return []string{"libonnxruntime.dylib", "libonnxruntime." + PinnedVersion + ".dylib"}
	}
	return []string{"libonnxruntime.so", "libonnxruntime.so.1", "libonnxruntime.so." + PinnedVersion}
}

func join(goos, dir, name string) string {
	file := path.Join(dir, name)
	if goos == "windows" {
		file = strings.ReplaceAll(file, "/", `\`)
	}
	return file
}

// notFound is the error of a search in vain: nothing there at all, or only files that cannot be used.
func notFound(candidates []string, problems []*sightline.Error) error {
	code, looked, hint := sightline.CodeRuntimeMissing, strings.Join(candidates, ", "), hintInstall
	if len(candidates) == 1 {
		hint = hintNamed
	}
	detail := fmt.Sprintf("ONNX Runtime %s or newer is needed and was not found; looked for %s", MinVersion, looked)
	if len(problems) > 0 {
		code = problems[0].Code
		var findings []string
		for _, p := range problems {
			findings = append(findings, p.Detail)
		}
		if len(candidates) > 1 {
			findings = append(findings, "looked for "+looked)
		}
		detail = strings.Join(findings, "; ")
	}
	return sightline.Errorf(code, "%s", detail).WithParam("ort-library").WithHint("%s", hint)
}
