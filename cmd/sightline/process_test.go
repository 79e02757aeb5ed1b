package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// stored is what an index holds of one image, for comparisons.
type stored struct {
	Paths  string
	Facts  string
	Tags   int
	Global []float32
}

// dump reads a whole index.
func dump(t *testing.T, dir string) map[sightline.ImageID]stored {
	t.Helper()
	store, err := embedded.Open(dir, embedded.ReadOnly)
	require.NoError(t, err)
	defer store.Close()
	all := map[sightline.ImageID]stored{}
	for img, err := range store.Images(t.Context(), nil, vectordb.ByID) {
		require.NoError(t, err)
		one := []sightline.ImageID{img.ID}
		features, err := store.Features(t.Context(), one)
		require.NoError(t, err)
		tags, err := store.Tags(t.Context(), one)
		require.NoError(t, err)
		all[img.ID] = stored{
			Paths: fmt.Sprint(img.Files), Facts: fmt.Sprint(img.Format, img.Width, img.Height, img.TakenAt, img.Camera),
			Tags: len(tags[img.ID]), Global: features[img.ID].Global,
		}
	}
	return all
}

// requireSameIndex compares two indexes of the same folder. Images of another batch may differ in the last bits.
func requireSameIndex(t *testing.T, want, got map[sightline.ImageID]stored) {
	t.Helper()
	require.Len(t, got, len(want))
	for id, w := range want {
		g := got[id]
		require.Equal(t, w.Paths, g.Paths)
		require.Equal(t, w.Facts, g.Facts)
		require.InDelta(t, w.Tags, g.Tags, 3)
		require.InDeltaSlice(t, w.Global, g.Global, 1e-3)
	}
}

// markedPhotographs are photographs with bad files between them. The bad ones are told at once on stderr, so that a test
// can act in the middle of indexing.
func markedPhotographs(t *testing.T, n int, marks ...int) string {
	t.Helper()
	folder := photographs(t, n)
	for _, mark := range marks {
		writeFile(t, filepath.Join(folder, fmt.Sprintf("p%02d-mark.jpg", mark)), nil)
	}
	return folder
}

// signalAt starts the command and sends it a signal when the text appears on its stderr. It gives the exit code (-1 when
// the signal killed it) and the whole stderr.
func signalAt(t *testing.T, cmd *exec.Cmd, text string, signal os.Signal) (code int, stderr string) {
	t.Helper()
	pipe, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var all strings.Builder
	lines := bufio.NewScanner(pipe)
	sent := false
	for lines.Scan() {
		fmt.Fprintln(&all, lines.Text())
		if !sent && strings.Contains(lines.Text(), text) {
			require.NoError(t, cmd.Process.Signal(signal))
			sent = true
		}
	}
	err = cmd.Wait()
	require.True(t, sent, "%q never appeared on stderr: %s", text, all.String())
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), all.String()
	}
	require.NoError(t, err)
	return 0, all.String()
}

func TestKilledAnywhereAndStartedAgainEqualsAnUndisturbedRun(t *testing.T) {
	folder := markedPhotographs(t, 30, 2, 12, 25)
	undisturbed := newPlace(t)
	undisturbed.must(exitPartial, "index", folder)
	want := dump(t, undisturbed.data)
	require.Len(t, want, 30)

	p := newPlace(t)
	for _, mark := range []string{"p02-mark", "p12-mark", "p25-mark"} {
		code, _ := signalAt(t, p.command("index", "--batch", "3", folder), mark, os.Kill)
		require.Equal(t, -1, code)
		if _, err := os.Stat(p.data); err == nil {
			p.must(exitDone, "search", "--quiet", "dog") // what is there can be read
		}
	}
	report := p.json(exitPartial, "index", folder)
	assert.Equal(t, 30, int(report["added"].(float64)+report["unchanged"].(float64)))
	requireSameIndex(t, want, dump(t, p.data))
}

func TestInterruptedIndexingEndsWith130AndGoesOn(t *testing.T) {
	folder := markedPhotographs(t, 30, 10)
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		p := newPlace(t)
		code, stderr := signalAt(t, p.command("index", "--batch", "2", folder), "p10-mark", signal)
		require.Equal(t, exitInterrupted, code, stderr)
		assert.Contains(t, stderr, "running the same command again goes on from there")
		report := p.json(exitPartial, "index", folder)
		assert.Equal(t, 30, int(report["added"].(float64)+report["unchanged"].(float64)))
	}
}

func TestASecondWriterIsToldWhoTheFirstIs(t *testing.T) {
	p := newPlace(t)
	folder := photographs(t, 2)
	p.must(exitDone, "index", folder)
	before := dump(t, p.data)

	executable, err := os.Executable()
	require.NoError(t, err)
	holder := exec.CommandContext(t.Context(), executable)
	holder.Env = []string{asHolder + "=" + p.data}
	stdin, err := holder.StdinPipe()
	require.NoError(t, err)
	stdout, err := holder.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, holder.Start())
	said, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "holding\n", said)

	o := p.must(exitFailed, "index", folder)
	assert.Contains(t, o.stderr, fmt.Sprintf("process %d", holder.Process.Pid))
	assert.Empty(t, o.stdout)
	assert.Contains(t, strings.Join(linesOf(t, p, "store"), "\n"), fmt.Sprintf("process %d is writing", holder.Process.Pid))
	p.must(exitDone, "search", "dog")

	require.NoError(t, stdin.Close())
	require.NoError(t, holder.Wait())
	p.must(exitDone, "index", folder)
	assert.Equal(t, before, dump(t, p.data), "nothing was lost")
}

func linesOf(t *testing.T, p *place, section string) (lines []string) {
	t.Helper()
	for _, line := range findingOf(t, p.json(exitDone, "doctor"), section)["lines"].([]any) {
		lines = append(lines, line.(string))
	}
	return lines
}

// serving is a running server.
type serving struct {
	cmd  *exec.Cmd
	base string
	rest *bytes.Buffer // of its stderr
	done chan struct{}
}

// serve starts a server on a free port and waits until it says where it listens.
func (p *place) serve(args ...string) *serving {
	p.t.Helper()
	s := &serving{cmd: p.command(append([]string{"serve"}, args...)...), rest: &bytes.Buffer{}, done: make(chan struct{})}
	pipe, err := s.cmd.StderrPipe()
	require.NoError(p.t, err)
	require.NoError(p.t, s.cmd.Start())
	reader := bufio.NewReader(pipe)
	for s.base == "" {
		line, err := reader.ReadString('\n')
		require.NoError(p.t, err, "the server ended: %s", s.rest)
		s.rest.WriteString(line)
		if match := regexp.MustCompile(`on (http://\S+)`).FindStringSubmatch(line); match != nil {
			s.base = match[1]
		}
	}
	go func() {
		_, _ = io.Copy(s.rest, reader)
		close(s.done)
	}()
	p.t.Cleanup(func() { // the test's context has ended, and the server with it
		<-s.done
		_ = s.cmd.Wait()
	})
	return s
}

// stop asks the server to end and gives its exit code.
func (s *serving) stop(t *testing.T, signal os.Signal) int {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(signal))
	<-s.done
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}

func fetch(t *testing.T, address string, headers ...string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(data)
}

func TestServeFindsWhatIsIndexedBesideIt(t *testing.T) {
	p := newPlace(t)
	s := p.serve("--listen", "127.0.0.1:0")
	status, body := fetch(t, s.base+"/v1/search?q=animal&min_probability=0")
	require.Equal(t, http.StatusOK, status, body)
	assert.EqualValues(t, 0, parse(t, body)["searched"].(map[string]any)["images"])

	p.must(exitDone, "index", photographs(t, 3))
	_, body = fetch(t, s.base+"/v1/search?q=animal&min_probability=0")
	answer := parse(t, body)
	assert.EqualValues(t, 3, answer["searched"].(map[string]any)["images"])
	id := answer["results"].([]any)[0].(map[string]any)["id"].(string)
	status, body = fetch(t, s.base+"/v1/images/"+id+"/thumbnail")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "image/jpeg", http.DetectContentType([]byte(body)))
	status, body = fetch(t, s.base+"/")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "<title>")

	assert.Equal(t, exitDone, s.stop(t, os.Interrupt), "being told to stop is a server's normal end")
	assert.Contains(t, s.rest.String(), "path=/v1/search")
}

func TestServeOffLoopbackNeedsTheKey(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "SIGHTLINE_API_KEY=correct-horse")
	s := p.serve("--listen", "0.0.0.0:0", "--log-level", "warn")
	status, body := fetch(t, s.base+"/v1/stats")
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.Equal(t, "unauthorized", parse(t, body)["code"])
	status, _ = fetch(t, s.base+"/v1/stats", "X-Api-Key", "correct-horse")
	assert.Equal(t, http.StatusOK, status)
	status, _ = fetch(t, s.base+"/")
	assert.Equal(t, http.StatusOK, status, "the page asks for the key itself")
	assert.Equal(t, exitDone, s.stop(t, syscall.SIGTERM))
	assert.NotContains(t, s.rest.String(), "correct-horse")
}

// The binary finds ONNX Runtime and the default bundle from its own place, from any folder and through a link.
func TestTheBuiltBinaryRunsFromAnyFolder(t *testing.T) {
	p := newPlace(t)
	root := filepath.Join(defaultBundle(t), "..", "..")
	install := t.TempDir()
	for _, name := range []string{"lib", "models"} {
		require.NoError(t, os.Symlink(filepath.Join(root, name), filepath.Join(install, name)))
	}
	binary := filepath.Join(install, "bin", "sightline")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	link := filepath.Join(t.TempDir(), "sightline")
	require.NoError(t, os.Symlink(binary, link))

	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), link, "doctor", "--json")
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"HOME=" + t.TempDir(), "SIGHTLINE_DATA=" + p.data}
	out, err = cmd.Output()
	require.NoError(t, err, string(out))
	assert.Equal(t, true, parse(t, string(out))["ok"])
	assert.Contains(t, string(out), install)
}

// A process loads ONNX Runtime once, so that each of these needs one of its own.
func TestDoctorShowsWhatIsWrongWithONNXRuntime(t *testing.T) {
	text := filepath.Join(t.TempDir(), "libonnxruntime.so")
	writeFile(t, text, []byte("not a library"))
	for library, code := range map[string]string{text: "runtime_not_onnx", "/no/such/library.so": "runtime_missing"} {
		t.Run(code, func(t *testing.T) {
			p := newPlace(t)
			out, err := p.command("doctor", "--json", "--ort-library", library).Output()
			exit, ok := errors.AsType[*exec.ExitError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, exitFailed, exit.ExitCode())
			finding := findingOf(t, parse(t, string(out)), "onnx runtime")
			assert.Equal(t, code, finding["code"])
			assert.Contains(t, fmt.Sprint(finding["lines"]), library, "what was looked at")
			assert.NotEmpty(t, finding["hint"])
		})
	}
}
