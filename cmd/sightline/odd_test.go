package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// oddFolder is a folder with two good images and everything that goes wrong in real ones. It gives the codes of the
// bad ones by base name.
func oddFolder(t *testing.T) (folder string, bad map[string]string) {
	t.Helper()
	folder = photographs(t, 2)
	at := func(name string) string { return filepath.Join(folder, name) }
	photo, err := os.ReadFile(at("p00.jpg"))
	require.NoError(t, err)
	writeFile(t, at("text.jpg"), []byte("this is a shopping list, not a photograph\n"))
	writeFile(t, at("truncated.jpg"), photo[:len(photo)/2])
	writeFile(t, at("empty.jpg"), nil)
	writeFile(t, at("huge.png"), hugePNG())
	writeFile(t, at("notes.txt"), []byte("skipped: no image extension"))
	writeFile(t, at("no extension"), photo)
	require.NoError(t, os.Symlink(at("self.jpg"), at("self.jpg")))
	require.NoError(t, os.Symlink(at("gone"), at("dangling.jpg")))
	require.NoError(t, os.Symlink(folder, at("loop")))
	require.NoError(t, syscall.Mkfifo(at("pipe.jpg"), 0o600))
	require.NoError(t, os.Mkdir(at("folder.jpg"), 0o755))
	writePicture(t, filepath.Join(at("folder.jpg"), "inside.png"), color.RGBA{200, 30, 30, 255})
	return folder, map[string]string{
		"text.jpg": "image_unsupported", "truncated.jpg": "image_corrupt", "empty.jpg": "image_empty", "huge.png": "image_too_large",
		"self.jpg": "unreadable", "dangling.jpg": "vanished", "pipe.jpg": "unreadable",
	}
}

// hugePNG is a valid beginning of a PNG of 60,000 x 60,000 pixels, a few bytes long.
func hugePNG() []byte {
	header := binary.BigEndian.AppendUint32([]byte("IHDR"), 60_000)
	header = append(binary.BigEndian.AppendUint32(header, 60_000), 8, 2, 0, 0, 0)
	file := binary.BigEndian.AppendUint32([]byte("\x89PNG\r\n\x1a\n"), uint32(len(header)-4))
	file = binary.BigEndian.AppendUint32(append(file, header...), crc32.ChecksumIEEE(header))
	return append(file, bytes.Repeat([]byte{0}, 4096)...)
}

func TestBadFilesAreListedAndNeverStopTheRun(t *testing.T) {
	p := newPlace(t)
	folder, bad := oddFolder(t)
	o := p.run("index", folder, "--json")
	require.Equal(t, exitPartial, o.code, o.stderr)
	report := parse(t, o.stdout)
	assert.EqualValues(t, 3, report["added"], "two photographs and the picture inside folder.jpg")
	got := map[string]string{}
	for _, entry := range report["failed"].([]any) {
		failure := entry.(map[string]any)
		got[filepath.Base(failure["path"].(string))] = failure["code"].(string)
		assert.NotEmpty(t, failure["reason"])
		assert.Equal(t, 1, strings.Count(o.stderr, "bad file "+failure["path"].(string)+":"), "told once, with its reason: %s", o.stderr)
	}
	assert.Equal(t, bad, got)
	assert.Contains(t, o.stderr, "7 of 10 inputs could not be used")
	assert.EqualValues(t, 3, p.json(exitDone, "search", "a photograph", "--min-probability", "0")["searched"].(map[string]any)["images"])

	again := p.json(exitPartial, "index", folder)
	assert.EqualValues(t, 3, again["unchanged"])
	assert.EqualValues(t, 0, again["added"])
	assert.Len(t, again["failed"], len(bad), "bad files are still listed, without trying the unchanged ones again")
}

// Root reads everything, so that permissions prove nothing there; a file behind a link that leads to itself stands for
// the unreadable ones in the test above.
func TestForbiddenFilesAreUnreadable(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 2)
	forbidden := filepath.Join(folder, "p01.jpg")
	require.NoError(t, os.Chmod(forbidden, 0))
	report := parse(t, p.run("index", folder, "--json").stdout)
	if os.Geteuid() == 0 {
		assert.EqualValues(t, 2, report["added"])
		return
	}
	assert.EqualValues(t, 1, report["added"])
	failure := report["failed"].([]any)[0].(map[string]any)
	assert.Equal(t, forbidden, failure["path"])
	assert.Equal(t, "unreadable", failure["code"])
}

// onWrite is a stderr that does something when a text appears in it.
type onWrite struct {
	text string
	do   func()
}

func (w *onWrite) Write(p []byte) (int, error) {
	if w.do != nil && strings.Contains(string(p), w.text) {
		w.do()
		w.do = nil
	}
	return len(p), nil
}

func TestAFileRemovedWhileIndexingIsABadFileOfItsOwn(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 20)
	writeFile(t, filepath.Join(folder, "a.jpg"), nil) // the first file read, and told at once because it is bad
	last := filepath.Join(folder, "p19.jpg")
	stderr := &onWrite{text: "a.jpg", do: func() { assert.NoError(t, os.Remove(last)) }}
	var stdout bytes.Buffer
	program := Program{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: stderr, Environ: p.env}
	require.Equal(t, exitPartial, program.Run(t.Context(), []string{"index", "--workers", "1", "--batch", "1", "--json", folder}))
	report := parse(t, stdout.String())
	assert.EqualValues(t, 19, report["added"])
	assert.Contains(t, stdout.String(), `"code":"vanished"`)

	again := p.json(exitPartial, "index", folder)
	assert.EqualValues(t, 19, again["unchanged"])
	assert.Len(t, again["failed"], 1, "what is gone is not a bad file any more")
}

func TestABundleWithOneChangedByteIsRefused(t *testing.T) {
	p := newPlace(t)
	bundle := t.TempDir()
	entries, err := os.ReadDir(defaultBundle(t))
	require.NoError(t, err)
	for _, entry := range entries {
		copyFile(t, filepath.Join(defaultBundle(t), entry.Name()), filepath.Join(bundle, entry.Name()))
	}
	graph := filepath.Join(bundle, "decoder.onnx")
	data, err := os.ReadFile(graph)
	require.NoError(t, err)
	data[len(data)/2] ^= 1
	writeFile(t, graph, data)
	for _, args := range [][]string{{"index", photographs(t, 1)}, {"search", "dog"}, {"tag", "a.jpg"}, {"serve", "--listen", "127.0.0.1:0"}, {"bundle", "verify"}} {
		o := p.must(exitFailed, append(args, "--bundle", bundle)...)
		assert.Contains(t, o.stderr, graph)
		assert.Empty(t, o.stdout)
	}
	doctor := p.json(exitFailed, "doctor", "--bundle", bundle)
	assert.Equal(t, false, doctor["ok"])
	assert.Equal(t, "bundle_corrupt", findingOf(t, doctor, "bundle")["code"])
}
