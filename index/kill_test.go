package index_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// What TestIndexingChild works on when TestAKilledRunIsResumed runs it as a process of its own.
const (
	childData   = "SIGHTLINE_TEST_CHILD_DATA"
	childImages = "SIGHTLINE_TEST_CHILD_IMAGES"
)

// TestIndexingChild indexes a folder and prints a line at every progress. By itself it only shows that this works.
func TestIndexingChild(t *testing.T) {
	data, images := os.Getenv(childData), os.Getenv(childImages)
	if data == "" {
		data, images = t.TempDir(), t.TempDir()
		drawMany(t, images, 3)
	}
	p := partsAt(t, data)
	_, err := index.New(p).Add(t.Context(), []string{images}, index.AddOptions{Workers: 2, Batch: 2, Progress: func(p index.AddProgress) {
		fmt.Fprintln(os.Stderr, "progress", p.Done)
	}})
	require.NoError(t, err)
	assert.NotEmpty(t, dump(t, p.Store))
}

// drawMany draws n images, each a second time every fourth, and a bad file every fifth.
func drawMany(t *testing.T, dir string, n int) {
	t.Helper()
	for i := range n {
		draw(t, filepath.Join(dir, fmt.Sprintf("%02d.png", i)), uint64(i))
		if i%4 == 0 {
			draw(t, filepath.Join(dir, "again", fmt.Sprintf("%02d.png", i)), uint64(i))
		}
		if i%5 == 0 {
			write(t, filepath.Join(dir, fmt.Sprintf("%02d.jpg", i)), fmt.Appendf(nil, "bad %d", i))
		}
	}
}

func TestAKilledRunIsResumed(t *testing.T) {
	images := t.TempDir()
	drawMany(t, images, 24)
	undisturbed := parts(t)
	want := add(t, undisturbed, images)

	const seed = 3
	r := rand.New(rand.NewPCG(seed, seed))
	data := t.TempDir()
	for kills := 0; runChild(t, data, images, 1+r.IntN(12)); kills++ {
		require.Less(t, kills, 60, "every killed run must have got a bit further (seed %d)", seed)
	}

	store, err := embedded.Open(data, embedded.ReadOnly)
	require.NoError(t, err)
	defer store.Close()
	same(t, dump(t, undisturbed.Store), dump(t, store))
	p := partsAt(t, data)
	again := add(t, p, images)
	assert.Equal(t, want.Seen-len(want.Failed), again.Unchanged)
	assert.Equal(t, want.Failed, again.Failed)
}

// runChild indexes in a child process, which it kills with SIGKILL at the given progress line. It reports whether it
// did; a child that ends by itself must have succeeded.
func runChild(t *testing.T, data, images string, line int) (killed bool) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestIndexingChild$", "-test.count=1")
	child.Env = append(os.Environ(), childData+"="+data, childImages+"="+images)
	out, err := child.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); {
		if n++; n == line {
			require.NoError(t, child.Process.Kill())
			killed = true
		}
	}
	err = child.Wait()
	if !killed {
		require.NoError(t, err)
	}
	return killed
}

// same wants equal indexes. Numbers may differ in the last bits that a run of the encoder over another number of images
// gives: an interrupted run cuts its batches elsewhere.
func same(t *testing.T, want, got map[string]stored) {
	t.Helper()
	require.Len(t, got, len(want))
	for id, w := range want {
		g, ok := got[id]
		require.True(t, ok, "image %s", id)
		assert.Equal(t, w.Paths, g.Paths)
		assert.Equal(t, w.Width, g.Width)
		assert.InDeltaSlice(t, w.Global, g.Global, 1e-4)
		for _, pair := range [][2]map[string]float64{{w.Tags, g.Tags}, {g.Tags, w.Tags}} {
			for name, p := range pair[0] {
				if p > 0.011 { // at the floor of what is stored a bit decides
					assert.InDelta(t, p, pair[1][name], 1e-3, "%s of %s", name, w.Paths)
				}
			}
		}
	}
}
