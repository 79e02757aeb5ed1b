package embedded_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// batchID is the id of the image number i of a batch.
func batchID(batch, i int) sightline.ImageID {
	return sightline.ImageID(fmt.Sprintf("%032x%032x", batch, i))
}

// batchSize differs from batch to batch.
func batchSize(batch int) int { return 1 + batch*7%23 }

func batchRecords(batch int) []vectordb.Record {
	records := make([]vectordb.Record, batchSize(batch))
	for i := range records {
		records[i] = vectordb.Record{
			Image: sightline.Image{
				ID: batchID(batch, i), Format: "jpeg", Camera: fmt.Sprint("batch", batch),
				Files: []sightline.File{{Path: fmt.Sprintf("/crash/%d/%d.jpg", batch, i)}},
			},
			Features: sightline.Features{Global: []float32{float32(batch), 1}, Patches: make([]byte, 3000*(1+batch%5))},
			Tags:     []sightline.Tag{{Name: fmt.Sprint("batch", batch), Probability: 1}, {Name: "all", Probability: 0.5}},
		}
	}
	return records
}

// writeBatches puts one batch after the other, removes every fourth one again, and acknowledges each on out.
func writeBatches(dir string, first int, out io.Writer) error {
	ctx := context.Background()
	s, err := embedded.Open(dir, embedded.ReadWrite)
	if err != nil {
		return err
	}
	if err := s.SetModel(ctx, vectordb.Model{Name: "crash", Feature: "crash"}); err != nil {
		return err
	}
	for batch := first; ; batch++ {
		if err := s.Put(ctx, batchRecords(batch)); err != nil {
			return err
		}
		fmt.Fprintln(out, batch)
		if batch%4 != 3 {
			continue
		}
		var paths []string
		for _, r := range batchRecords(batch) {
			paths = append(paths, r.Image.Files[0].Path)
		}
		if err := s.RemoveFiles(ctx, paths); err != nil {
			return err
		}
		fmt.Fprintln(out, -batch)
	}
}

// TestKilledWriterLosesNothing kills a writing process at random moments, again and again on the same index: every
// batch that was acknowledged is there, and no batch is there in part.
func TestKilledWriterLosesNothing(t *testing.T) {
	dir := t.TempDir()
	state := map[int]int{} // batch: 1 stored, -1 removed, as acknowledged
	next := 0
	for range 12 {
		next = killWriter(t, dir, next, state)
		mode := embedded.Mode(rand.IntN(2)) // a reader may be the first to find what the killed writer left
		checkBatches(t, dir, mode, next, func(batch int, whole bool) {
			switch {
			case state[batch] == 1 && batch%4 != 3:
				assert.True(t, whole, "batch %d was acknowledged and is lost", batch)
			case state[batch] == -1:
				assert.False(t, whole, "batch %d was removed and is back", batch)
			}
		})
		require.False(t, t.Failed())
	}
	require.NotEmpty(t, state)
}

// killWriter starts a writer, reads some acknowledgements and kills it a moment later. It gives the batch after the last
// one that may have been stored.
func killWriter(t *testing.T, dir string, first int, state map[int]int) (next int) {
	t.Helper()
	child := newChild(t, "write", dir, first)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	acknowledged := bufio.NewScanner(out)
	enough := 1 + rand.IntN(12)
	for n := 0; acknowledged.Scan(); n++ {
		batch, err := strconv.Atoi(acknowledged.Text())
		require.NoError(t, err)
		if batch < 0 {
			state[-batch] = -1
		} else {
			state[batch] = 1
			next = batch + 2
		}
		if n == enough {
			time.AfterFunc(rand.N(20*time.Millisecond), func() { _ = child.Process.Kill() })
		}
	}
	require.Error(t, child.Wait(), "the child ends by being killed only")
	return next
}

// checkBatches opens the folder and tells of every batch below end whether it is stored; each must be there in all its
// tables or in none, and nothing else may be there.
func checkBatches(t *testing.T, dir string, mode embedded.Mode, end int, tell func(batch int, whole bool)) {
	t.Helper()
	s, err := embedded.Open(dir, mode)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	ctx := t.Context()
	stats, err := s.Stats(ctx)
	require.NoError(t, err)
	seen := 0
	for batch := range end {
		var ids []sightline.ImageID
		for i := range batchSize(batch) {
			ids = append(ids, batchID(batch, i))
		}
		images, err := s.Get(ctx, ids)
		require.NoError(t, err)
		whole := len(images) > 0
		want := 0
		if whole {
			want = len(ids)
		}
		features, err := s.Features(ctx, ids)
		require.NoError(t, err)
		tagged, err := s.ByTag(ctx, fmt.Sprint("batch", batch), 0, nil)
		require.NoError(t, err)
		named, err := s.ByText(ctx, fmt.Sprint("batch", batch), 100, sightline.IDIn(ids))
		require.NoError(t, err)
		near, err := s.Nearest(ctx, []float32{1, 0}, 100, sightline.IDIn(ids))
		require.NoError(t, err)
		require.Equal(t, [5]int{want, want, want, want, want}, [5]int{len(images), len(features), len(tagged), len(named), len(near)},
			"images, features, tags, words and vectors of batch %d", batch)
		tell(batch, whole)
		seen += want
	}
	require.Equal(t, stats.Images, seen)
}

// TestTornLog cuts SQLite's log at any byte, as a power cut would have left it before the disk was told to keep it: the
// index opens with a run of whole batches.
func TestTornLog(t *testing.T) {
	dir := t.TempDir()
	s, err := embedded.Open(dir, embedded.ReadWrite)
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.SetModel(t.Context(), vectordb.Model{Name: "crash", Feature: "crash"}))
	for batch := range 8 {
		require.NoError(t, s.Put(t.Context(), batchRecords(batch)))
	}
	database, err := os.ReadFile(filepath.Join(dir, embedded.FileName))
	require.NoError(t, err)
	log, err := os.ReadFile(filepath.Join(dir, embedded.FileName+"-wal"))
	require.NoError(t, err)
	require.NotEmpty(t, log)
	for range 15 {
		cut := rand.IntN(len(log))
		torn := append([]byte{}, log[:cut]...)
		for range rand.IntN(20_000) {
			torn = append(torn, byte(rand.Uint32()))
		}
		copied := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(copied, embedded.FileName), database, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(copied, embedded.FileName+"-wal"), torn, 0o600))
		ended := false
		checkBatches(t, copied, embedded.ReadWrite, 8, func(batch int, whole bool) {
			require.False(t, ended && whole, "batch %d is there, but one before it is not (log cut at %d of %d)", batch, cut, len(log))
			ended = ended || !whole
		})
	}
}
