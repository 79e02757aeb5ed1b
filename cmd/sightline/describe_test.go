package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/internal/descriptions"
)

// chat is a server that speaks chat completions; before each answer it asks the test, which may answer itself.
type chat struct {
	base string

	mu      sync.Mutex
	prompts []string
	keys    []string
}

func newChat(t *testing.T, instead func(w http.ResponseWriter, r *http.Request, prompt string, nth int) bool) *chat {
	t.Helper()
	c := &chat{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			N        int `json:"n"`
			Messages []struct {
				Content string `json:"content"`
			} `json:"messages"`
		}
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.NoError(t, json.Unmarshal(body, &asked))
		prompt := asked.Messages[0].Content
		c.mu.Lock()
		c.prompts = append(c.prompts, prompt)
		c.keys = append(c.keys, r.Header.Get("Authorization"))
		nth := len(c.prompts)
		c.mu.Unlock()
		if instead != nil && instead(w, r, prompt, nth) {
			return
		}
		var choices []any
		for i := range asked.N {
			choices = append(choices, map[string]any{"message": map[string]any{"content": fmt.Sprintf("Looks like number %d.", i)}})
		}
		assert.NoError(t, json.NewEncoder(w).Encode(map[string]any{"choices": choices}))
	}))
	t.Cleanup(server.Close)
	c.base = server.URL + "/v1"
	return c
}

func (c *chat) requests() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.prompts)
}

func (p *place) labelsFile(names ...string) string {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), "names.txt")
	writeFile(p.t, path, []byte(strings.Join(names, "\n")))
	return path
}

func (p *place) newFile() string { return filepath.Join(p.t.TempDir(), "labels.json") }

func TestDescribeWritesTheFileThroughAnEndpoint(t *testing.T) {
	p, c := newPlace(t), newChat(t, nil)
	p.env = append(p.env, "SIGHTLINE_DESCRIBE_KEY=correct-horse")
	out := p.newFile()
	names := p.labelsFile("\ufeffred panda\r", "", "lighthouse", "dog")
	args := []string{"tags", "describe", "--labels", names, "--out", out, "--endpoint", c.base, "--model", "parrot"}
	report := p.json(exitDone, args...)
	assert.Equal(t, map[string]any{
		"out": out, "complete": true, "labels": 3.0, "kept": 0.0, "asked": 3.0, "requests": 15.0, "glosses": nil, "failed": []any{},
	}, report)
	labels, err := descriptions.Read(out)
	require.NoError(t, err)
	require.Len(t, labels, 3)
	assert.Equal(t, "red panda", labels[0].Name)
	assert.Len(t, labels[2].Descriptions, 51)
	assert.Equal(t, "Bearer correct-horse", c.keys[0])
	assert.NoFileExists(t, out+".part")

	o := p.must(exitDone, args...)
	assert.Contains(t, o.stdout, "has descriptions of all 3 labels already")
	assert.Equal(t, 15, c.requests())
}

func TestALabelThatCannotBeDescribedIsListedAndTheNextRunAsksOnlyForIt(t *testing.T) {
	broken := true
	c := newChat(t, func(w http.ResponseWriter, _ *http.Request, prompt string, _ int) bool {
		bad := broken && strings.Contains(prompt, "a cat")
		if bad {
			_, _ = io.WriteString(w, "<html>Gateway error</html>")
		}
		return bad
	})
	p := newPlace(t)
	out := p.newFile()
	args := []string{"tags", "describe", "dog", "cat", "zebra", "--out", out, "--endpoint", c.base, "--model", "parrot", "--retries", "0"}
	report := p.json(exitPartial, args...)
	assert.Equal(t, false, report["complete"])
	failed := report["failed"].([]any)[0].(map[string]any)
	assert.Equal(t, "cat", failed["label"])
	assert.Contains(t, failed["prompt"], "a cat")
	assert.Contains(t, failed["reason"], `it sent "<html>Gateway error</html>"`)
	assert.NoFileExists(t, out)

	o := p.must(exitFailed, args...)
	assert.Contains(t, o.stderr, `no descriptions of "cat": asked "Describe briefly what a cat`)
	assert.Contains(t, o.stdout, "is not written yet: 1 label could not be described")
	broken = false
	before := c.requests()
	p.must(exitDone, args...)
	assert.Equal(t, 5, c.requests()-before)
	assert.FileExists(t, out)
}

func TestAKilledOrInterruptedDescribeGoesOn(t *testing.T) {
	for _, signal := range []os.Signal{os.Kill, os.Interrupt, syscall.SIGTERM} {
		reached := make(chan struct{})
		c := newChat(t, func(_ http.ResponseWriter, r *http.Request, _ string, nth int) bool {
			if nth != 8 {
				return false
			}
			close(reached)
			<-r.Context().Done() // until the process is gone
			return true
		})
		p := newPlace(t)
		out := p.newFile()
		args := []string{"tags", "describe", "dog", "cat", "zebra", "--out", out, "--endpoint", c.base, "--model", "parrot", "--parallel", "1"}
		cmd := p.command(args...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		require.NoError(t, cmd.Start())
		<-reached
		require.NoError(t, cmd.Process.Signal(signal))
		_ = cmd.Wait()
		if signal == os.Kill {
			assert.Equal(t, -1, cmd.ProcessState.ExitCode())
		} else {
			assert.Equal(t, exitInterrupted, cmd.ProcessState.ExitCode())
			assert.Contains(t, stderr.String(), "running the same command again goes on from there")
		}
		assert.NoFileExists(t, out)

		o := p.must(exitDone, append(args, "--dry-run", "--json")...)
		assert.EqualValues(t, 8, parse(t, o.stdout)["requests"], "7 of 15 are answered")
		report := p.json(exitDone, args...)
		assert.EqualValues(t, 8, report["requests"])
		labels, err := descriptions.Read(out)
		require.NoError(t, err)
		require.Len(t, labels, 3)
	}
}

func TestADryRunPrintsThePromptsAndAsksNobody(t *testing.T) {
	p := newPlace(t)
	o := p.must(exitDone, "tags", "describe", "--dry-run", "red panda", "otter")
	assert.Contains(t, o.stdout, "red panda\n  Describe briefly what a red panda looks like.")
	assert.Contains(t, o.stdout, "photograph of an otter.")
	assert.Contains(t, o.stderr, "2 labels, 10 requests of 10 answers each at temperature 0.99 (100 requests where")
	plan := p.json(exitDone, "tags", "describe", "--dry-run", "otter", "--answers", "3")
	assert.EqualValues(t, 5, plan["requests"])
	assert.EqualValues(t, 15, plan["answers"])
	assert.Len(t, plan["labels"].([]any)[0].(map[string]any)["prompts"], 5)

	plan = p.json(exitDone, "tags", "describe", "--dry-run")
	assert.Greater(t, len(plan["labels"].([]any)), 1000, "the bundle's labels")
}

func TestWithoutAnEndpointGlossesAreUsedAndNamed(t *testing.T) {
	p := newPlace(t)
	glosses := filepath.Join(t.TempDir(), "glosses.tsv")
	writeFile(t, glosses, []byte("otter\ta sleek swimming mammal\n"))
	out := p.newFile()
	o := p.must(exitDone, "tags", "describe", "otter", "xylorimba", "--out", out, "--glosses", glosses)
	assert.Contains(t, o.stderr, "glosses of "+glosses+" (1 of 2 labels)")
	labels, err := descriptions.Read(out)
	require.NoError(t, err)
	assert.Contains(t, labels[0].Descriptions, "otter: a sleek swimming mammal.")
	assert.Equal(t, "a photo of a xylorimba.", labels[1].Descriptions[0])

	report := p.json(exitDone, "tags", "describe", "--out", out, "--restart", "--glosses", glosses)
	assert.Greater(t, report["labels"], 1000.0)
	assert.Equal(t, map[string]any{"path": glosses, "found": 1.0}, report["glosses"])
}

func TestDescribeRefusesWhatMakesNoSense(t *testing.T) {
	p := newPlace(t)
	folder := t.TempDir()
	bad := func(name, content string) string {
		path := filepath.Join(folder, name)
		writeFile(t, path, []byte(content))
		return path
	}
	out := filepath.Join(folder, "new.json")
	begun := filepath.Join(folder, "begun.json")
	bad("begun.json.part", "{}\n")
	diary := bad("diary.json", "dear diary")
	for _, tc := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"dog"}, exitUsage, "--out is missing"},
		{[]string{"dog", "--out", out, "--endpoint", "http://127.0.0.1:1/v1"}, exitUsage, "--model is missing"},
		{[]string{"dog", "--out", out, "--model", "m"}, exitUsage, "--model needs --endpoint"},
		{[]string{"dog", "--out", out, "--endpoint", "localhost:80", "--model", "m"}, exitUsage, "must begin with http://"},
		{[]string{"dog", "--out", out, "--endpoint", "http://127.0.0.1:1/v1", "--model", "m", "--retries", "0"}, exitFailed, "cannot be reached"},
		{[]string{"dog", "--out", out, "--endpoint", "http://x/v1", "--model", "m", "--glosses", "g"}, exitUsage, "--glosses is for descriptions without --endpoint"},
		{[]string{"dog", "--out", out, "--answers", "0"}, exitUsage, "--answers is 0: it must be from 1 to 100"},
		{[]string{"dog", "--out", out, "--answers", "ten"}, exitUsage, `--answers is "ten": it must be a whole number`},
		{[]string{"dog", "--out", out, "--temperature", "NaN"}, exitUsage, "--temperature is NaN"},
		{[]string{"dog", "--out", out, "--max-tokens", "-1"}, exitUsage, "--max-tokens is -1"},
		{[]string{"dog", "--out", out, "--parallel", "1000"}, exitUsage, "--parallel is 1000"},
		{[]string{"dog", "--out", out, "--timeout", "60"}, exitUsage, `--timeout is "60": it must be a time such as 90s`},
		{[]string{"dog", "--out", out, "--timeout", "0s"}, exitUsage, "--timeout is 0s"},
		{[]string{"dog", "--out", out, "--retries", "99"}, exitUsage, "--retries is 99"},
		{[]string{"dog", "Dog", "--out", out}, exitUsage, `name 2, "Dog", is there already as name 1`},
		{[]string{"", "--out", out}, exitUsage, "name 1: a label's name is empty"},
		{[]string{"dog", "--labels", bad("n", "cat"), "--out", out}, exitUsage, "not both"},
		{[]string{"--labels", filepath.Join(folder, "none"), "--out", out}, exitFailed, "there is no file of labels"},
		{[]string{"--labels", folder, "--out", out}, exitFailed, "cannot be read"},
		{[]string{"--labels", bad("empty", "\n \n"), "--out", out}, exitUsage, "there are no labels to describe"},
		{[]string{"--labels", bad("long", strings.Repeat("x", 10<<20)), "--out", out}, exitUsage, "has a line of more than 65536 bytes"},
		{[]string{"--labels", bad("binary", "\xff\xfe"), "--out", out}, exitUsage, "is not UTF-8"},
		{[]string{"dog", "--out", diary}, exitUsage, "it is not JSON: line 1, column 1"},
		{[]string{"dog", "--out", folder}, exitFailed, "is there and is not a file"},
		{[]string{"dog", "--out", begun}, exitUsage, "has answers of a language model"},
		{[]string{"dog", "--out", out, "--glosses", diary}, exitUsage, "line 1: it has no tab"},
		{[]string{"dog", "--out", out, "--glosses", folder}, exitUsage, "is not WordNet's folder"},
	} {
		o := p.run(append([]string{"tags", "describe"}, tc.args...)...)
		assert.Equal(t, tc.code, o.code, "%v: %s", tc.args, o.stderr)
		assert.Contains(t, o.stderr, tc.says, tc.args)
		assert.Less(t, len(o.stderr), 700, tc.args)
		assert.NoFileExists(t, out)
	}
	kept, err := os.ReadFile(diary)
	require.NoError(t, err)
	assert.Equal(t, "dear diary", string(kept))
	assert.NoFileExists(t, out+".part")
}

func TestTheKeyOfTheEndpointIsNeverShown(t *testing.T) {
	c := newChat(t, func(w http.ResponseWriter, r *http.Request, _ string, _ int) bool {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error": {"message": "wrong key: `+r.Header.Get("Authorization")+`"}}`)
		return true
	})
	p := newPlace(t)
	p.env = append(p.env, "SIGHTLINE_DESCRIBE_KEY=correct-horse")
	out := p.newFile()
	o := p.must(exitFailed, "tags", "describe", "dog", "--out", out, "--endpoint", c.base, "--model", "parrot")
	assert.Contains(t, o.stderr, "wrong key: Bearer (hidden)")
	assert.NotContains(t, o.stderr+p.must(exitDone, "doctor").stdout, "correct-horse")
	assert.NoFileExists(t, out+".part", "nothing was answered, nothing is left")
}
