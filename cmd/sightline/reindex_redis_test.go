package main

import (
	"bufio"
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/bundle/bundletest"
	"github.com/sightline-search/sightline/internal/redistest"
	"github.com/sightline-search/sightline/vectordb/qdrant/qdranttest"
)

// reindexer is a process of a job.
type reindexer struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
	ended          chan struct{} // its stderr has ended
}

// reindexOnMany starts a process that shares a job; at is told when it has met a file that it could not encode.
func (p *place) reindexOnMany(at func(*reindexer)) *reindexer {
	p.t.Helper()
	r := &reindexer{Cmd: p.command("reindex", "--workers", "redis", "--batch", "1", "--partial", "--json"), ended: make(chan struct{})}
	r.Stdout = &r.stdout
	lines, err := r.StderrPipe()
	require.NoError(p.t, err)
	require.NoError(p.t, r.Start())
	go func() {
		defer close(r.ended)
		for scanner := bufio.NewScanner(lines); scanner.Scan(); {
			r.stderr.WriteString(scanner.Text() + "\n")
			if strings.Contains(scanner.Text(), "not encoded") {
				at(r)
			}
		}
	}()
	return r
}

// end waits for the process and gives its exit code.
func (r *reindexer) end() int {
	<-r.ended
	_ = r.Wait()
	return r.ProcessState.ExitCode()
}

// answers gives the probability of every image by the name of its file.
func (p *place) answers(query string) map[string]float64 {
	p.t.Helper()
	found := map[string]float64{}
	for _, hit := range p.json(exitDone, "search", query, "--min-probability", "0", "--exhaustive", "--limit", "100")["results"].([]any) {
		hit := hit.(map[string]any)
		found[filepath.Base(hit["path"].(string))] = hit["probability"].(float64)
	}
	return found
}

func TestReindexOnManyMachinesNeedsRedis(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "SIGHTLINE_STORE=qdrant://"+qdranttest.Start(t, qdranttest.Options{}).Address())
	assert.Contains(t, p.must(exitUsage, "reindex", "--workers", "redis").stderr, "--redis")
	p.must(exitDone, "index", photographs(t, 1))
	gone := redistest.Start(t)
	gone.Kill()
	o := p.must(exitFailed, "reindex", "--workers", "redis", "--redis", "redis://:hunter2@"+gone.Address)
	assert.Contains(t, o.stderr, "the Redis server of the work queue does not answer")
	assert.NotContains(t, o.stderr, "hunter2")
}

// TestReindexOnManyMachinesLosesAndDoublesNothing: three processes share the work, one of them is killed when it has met the
// first file that it cannot encode, in the middle of a batch, and another one joins.
func TestReindexOnManyMachinesLosesAndDoublesNothing(t *testing.T) {
	const images, bad = 50, 4
	folder, model := photographs(t, images), bundletest.Other(t)
	spoil := func() {
		for _, name := range []string{"p03.jpg", "p11.jpg", "p22.jpg", "p33.jpg"} {
			copyFile(t, filepath.Join(folder, "p00.jpg"), filepath.Join(folder, name))
		}
	}
	alone := newPlace(t)
	alone.must(exitDone, "index", folder)
	many := newPlace(t)
	many.env = append(many.env, "SIGHTLINE_STORE=qdrant://"+qdranttest.Start(t, qdranttest.Options{}).Address(), "SIGHTLINE_REDIS=redis://"+redistest.Start(t).Address)
	many.must(exitDone, "index", folder)
	spoil()
	alone, many = alone.with(model), many.with(model)
	alone.must(exitPartial, "reindex", "--partial")

	killed := make(chan *reindexer, 1)
	var once sync.Once
	kill := func(r *reindexer) {
		once.Do(func() {
			assert.NoError(t, r.Process.Kill())
			killed <- r
		})
	}
	var all []*reindexer
	for range 3 {
		all = append(all, many.reindexOnMany(kill))
	}
	victim := <-killed
	all = append(all, many.reindexOnMany(kill))
	for _, r := range all {
		code := r.end()
		if r == victim {
			continue
		}
		require.Equal(t, exitPartial, code, r.stderr.String())
		report := parse(t, r.stdout.String())
		assert.Equal(t, [3]any{float64(images - bad), float64(images), true}, [3]any{report["built"], report["images"], report["serving"]})
		assert.Len(t, report["failed"], bad, "every machine knows of all")
	}
	want := alone.answers("an animal in the grass")
	assert.Len(t, want, images-bad)
	assert.InDeltaMapValues(t, want, many.answers("an animal in the grass"), 0.01)
}
