package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/internal/ort/orttest"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// The test binary is also the program, and a process that writes to an index: tests start it again with one of these
// in the environment.
const (
	asProgram = "SIGHTLINE_TEST_AS_PROGRAM"
	asHolder  = "SIGHTLINE_TEST_HOLD_INDEX"
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(asProgram) != "":
		main()
	case os.Getenv(asHolder) != "":
		holdIndex(os.Getenv(asHolder))
	default:
		os.Exit(m.Run())
	}
}

// holdIndex opens an index for writing, says so, and holds it until its stdin ends.
func holdIndex(dir string) {
	store, err := embedded.Open(dir, embedded.ReadWrite)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("holding")
	_, _ = os.Stdin.Read(make([]byte, 1))
	_ = store.Close()
}

// place is a fresh index folder, and the environment in which commands use it, the default bundle and the checkout's
// ONNX Runtime.
type place struct {
	t      *testing.T
	data   string
	env    []string
	binary string // a copy of the program to start; "" is the test binary itself
}

func newPlace(t *testing.T) *place {
	t.Helper()
	data := filepath.Join(t.TempDir(), "index")
	return &place{t: t, data: data, env: []string{
		"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "SIGHTLINE_DATA=" + data, "SIGHTLINE_BUNDLE=" + defaultBundle(t),
		"SIGHTLINE_ORT_LIBRARY=" + orttest.Library(t),
	}}
}

func defaultBundle(t *testing.T) string {
	t.Helper()
	return filepath.Join(orttest.Root(t), "models", "default")
}

// outcome is what a command leaves.
type outcome struct {
	code           int
	stdout, stderr string
}

// run executes a command in this process.
func (p *place) run(args ...string) outcome {
	p.t.Helper()
	return p.runContext(p.t.Context(), args...)
}

func (p *place) runContext(ctx context.Context, args ...string) outcome {
	p.t.Helper()
	var stdout, stderr bytes.Buffer
	program := Program{Stdin: bytes.NewReader(nil), Stdout: &stdout, Stderr: &stderr, Environ: p.env}
	code := program.Run(ctx, args)
	return outcome{code, stdout.String(), stderr.String()}
}

// must executes a command that ends with this code.
func (p *place) must(code int, args ...string) outcome {
	p.t.Helper()
	o := p.run(args...)
	require.Equal(p.t, code, o.code, "sightline %q\nstdout: %s\nstderr: %s", args, o.stdout, o.stderr)
	return o
}

// json executes a command with --json and reads its one document.
func (p *place) json(code int, args ...string) map[string]any {
	p.t.Helper()
	o := p.must(code, append(args, "--json")...)
	var document map[string]any
	require.NoError(p.t, json.Unmarshal([]byte(o.stdout), &document), o.stdout)
	return document
}

// command prepares the program as a process of its own.
func (p *place) command(args ...string) *exec.Cmd {
	p.t.Helper()
	executable := p.binary
	if executable == "" {
		var err error
		executable, err = os.Executable()
		require.NoError(p.t, err)
	}
	cmd := exec.CommandContext(p.t.Context(), executable, args...)
	cmd.Env = append([]string{asProgram + "=1"}, p.env...)
	return cmd
}

// photographs copies some of the gallery's photographs of animals into a new folder.
func photographs(t *testing.T, n int) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(orttest.Root(t), "gallery", "animals", "*.jpg"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(found), n, "the gallery has too few photographs of animals")
	folder := t.TempDir()
	for i, path := range found[:n] {
		copyFile(t, path, filepath.Join(folder, fmt.Sprintf("p%02d.jpg", i)))
	}
	return folder
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	require.NoError(t, err)
	writeFile(t, to, data)
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, data, 0o644))
}

// writePicture makes a PNG of one colour.
func writePicture(t *testing.T, path string, c color.Color) {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 60, 40))
	for y := range 40 {
		for x := range 60 {
			img.Set(x, y, c)
		}
	}
	var data bytes.Buffer
	require.NoError(t, png.Encode(&data, img))
	writeFile(t, path, data.Bytes())
}
