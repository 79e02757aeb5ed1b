package redis_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bulk"
	"github.com/sightline-search/sightline/bulk/redis"
	"github.com/sightline-search/sightline/internal/redistest"
)

// What a process of TestKilledWorkersLoseAndDoubleNothing works on.
const (
	childFolder = "SIGHTLINE_TEST_FOLDER"
	childURL    = "SIGHTLINE_TEST_URL"
	childJob    = "SIGHTLINE_TEST_JOB"
	childLease  = "SIGHTLINE_TEST_LEASE"
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(childFolder); folder != "" {
		if err := workAsChild(folder); err != nil {
			panic(err)
		}
		return
	}
	m.Run()
}

func workAsChild(folder string) error {
	lease, err := time.ParseDuration(os.Getenv(childLease))
	if err != nil {
		return err
	}
	q, err := redis.Open(context.Background(), redis.Options{
		URL: os.Getenv(childURL), Job: os.Getenv(childJob), Feature: "feature", Scoring: "scoring", Lease: lease, Ready: 8,
	})
	if err != nil {
		return err
	}
	defer q.Close()
	failed, err := bulk.Run(context.Background(), &files{dir: folder, images: childImages, bad: childBad}, q,
		bulk.Options{Workers: 2, Batch: 4, Beat: lease / 10})
	fmt.Println("failed", len(failed))
	return err
}

const (
	childImages = 400
	childBad    = 50 // every so many images one cannot be encoded
)

// files is work whose results are files, which many processes can write: one an image. It says when it begins a batch,
// and ends none before it is told to go on: by the end of its standard input.
type files struct {
	dir         string
	images, bad int
	told        sync.Once
}

func (f *files) id(i int) sightline.ImageID { return sightline.ImageID(fmt.Sprintf("%06d", i)) }

func (f *files) has(id sightline.ImageID) bool {
	_, err := os.Stat(filepath.Join(f.dir, string(id)))
	return err == nil
}

func (f *files) Missing(ctx context.Context, after sightline.ImageID) iter.Seq2[bulk.Item, error] {
	return func(yield func(bulk.Item, error) bool) {
		for i := range f.images {
			if id := f.id(i); id > after && !f.has(id) && !yield(bulk.Item{ID: id, Paths: []string{"\xff"}}, ctx.Err()) {
				return
			}
		}
	}
}

func (f *files) Count(ctx context.Context) (done, all int, err error) {
	found, err := os.ReadDir(f.dir)
	return len(found), f.images, err
}

func (f *files) Encode(ctx context.Context, items []bulk.Item) (failed []bulk.Failure, err error) {
	fmt.Println("batch")
	f.told.Do(func() { _, _ = io.Copy(io.Discard, os.Stdin) })
	for _, it := range items {
		var n int
		if _, err := fmt.Sscanf(string(it.ID), "%d", &n); err != nil {
			return nil, err
		}
		if n%f.bad == 0 {
			failed = append(failed, bulk.Failure{ID: it.ID, Path: it.Paths[0], Code: sightline.CodeVanished})
			continue
		}
		if err := os.WriteFile(filepath.Join(f.dir, string(it.ID)), nil, 0o600); err != nil {
			return nil, err
		}
	}
	return failed, ctx.Err()
}

// child is a worker process and what it says.
type child struct {
	*exec.Cmd
	lines *bufio.Scanner
	goOn  io.Closer // lets it end its first batches
}

func startChild(t *testing.T, o redis.Options, folder string) *child {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	c := &child{Cmd: exec.CommandContext(t.Context(), program)}
	c.Env = append(os.Environ(), childFolder+"="+folder, childURL+"="+o.URL, childJob+"="+o.Job, childLease+"="+o.Lease.String())
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	c.goOn, err = c.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	c.lines = bufio.NewScanner(out)
	return c
}

// batches waits until the process has begun so many batches; false when it has ended before.
func (c *child) batches(n int) bool {
	for ; n > 0; n-- {
		if !c.lines.Scan() || c.lines.Text() != "batch" {
			return false
		}
	}
	return true
}

// rest is the last that it says.
func (c *child) rest() (last string) {
	for c.lines.Scan() {
		last = c.lines.Text()
	}
	return last
}

// TestKilledWorkersLoseAndDoubleNothing: three processes are in the middle of their first batches; one of them is killed
// there or later, and another one joins.
func TestKilledWorkersLoseAndDoubleNothing(t *testing.T) {
	address := redistest.Address(t)
	for name, tc := range map[string]struct{ victim, after int }{
		"the leader, at once":          {0, 0},
		"the leader, after a while":    {0, 20},
		"who does not lead, at once":   {2, 0},
		"who does not lead, afterward": {2, 20},
	} {
		t.Run(name, func(t *testing.T) {
			o, folder := options(t, address), t.TempDir()
			o.Lease = time.Second
			watcher := open(t, o)
			defer watcher.Close()
			var workers []*child
			for range 3 {
				c := startChild(t, o, folder)
				require.True(t, c.batches(1), "it works")
				workers = append(workers, c)
			}
			victim := workers[tc.victim]
			if tc.after > 0 {
				require.NoError(t, victim.goOn.Close())
				require.True(t, victim.batches(tc.after), "it cannot end: the others hold batches")
			}
			require.NoError(t, victim.Process.Kill())
			_ = victim.Wait()
			workers[tc.victim] = startChild(t, o, folder)
			for _, c := range workers {
				require.NoError(t, c.goOn.Close())
			}
			for _, c := range workers {
				assert.Equal(t, fmt.Sprint("failed ", childImages/childBad), c.rest(), "everyone knows of all failures")
				require.NoError(t, c.Wait())
			}
			requireAllDone(t, watcher, folder)
		})
	}
}

func requireAllDone(t *testing.T, watcher *redis.Queue, folder string) {
	t.Helper()
	const failed = childImages / childBad
	p, err := watcher.Progress(t.Context())
	require.NoError(t, err)
	assert.Equal(t, bulk.Progress{Offered: childImages, Done: childImages, Failed: failed}, p, "nothing is lost or counted twice")
	done, _, err := (&files{dir: folder}).Count(t.Context())
	require.NoError(t, err)
	assert.Equal(t, childImages-failed, done)
}
