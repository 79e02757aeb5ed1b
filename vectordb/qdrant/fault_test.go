package qdrant_test

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/qdrant"
	"github.com/sightline-search/sightline/vectordb/qdrant/qdranttest"
)

// open opens the index on a server and closes it when the test ends.
func open(t *testing.T, s *qdranttest.Server, mode qdrant.Mode) *qdrant.Store {
	t.Helper()
	target := qdrant.Target{Host: "127.0.0.1", Port: s.Port(), Prefix: "faults"}
	store, err := qdrant.Open(t.Context(), qdrant.Options{Target: target, Mode: mode})
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() }) // a test may end while the server is away
	return store
}

var faultModel = vectordb.Model{Name: "faults 1", Feature: "feature", Scoring: "scoring"}

// record makes an image; round changes everything of it but its id.
func record(n, round int, paths ...string) vectordb.Record {
	r := vectordb.Record{Image: sightline.Image{
		ID: sightline.ImageID(fmt.Sprintf("%064x", n)), Format: "png", Width: 100 + round, Height: 100, IndexedAt: time.Unix(int64(round), 0).UTC(),
	}}
	for _, path := range paths {
		r.Image.Files = append(r.Image.Files, sightline.File{Path: path, Size: int64(round), ModTime: time.Unix(int64(round), 0).UTC()})
	}
	r.Features = sightline.Features{Global: []float32{float32(n), float32(round), 1}, Patches: bytes.Repeat([]byte{byte(n), byte(round)}, 100)}
	r.Tags = []sightline.Tag{{Name: fmt.Sprint("round ", round), Probability: 0.5}}
	return r
}

// early is what is stored before things go wrong, late what is written while they do: image 1 is replaced, 2 loses its
// only file to 4 and is deleted, 3 stays as it is.
func early() []vectordb.Record {
	return []vectordb.Record{record(1, 1, "/p/1"), record(2, 1, "/p/2"), record(3, 1, "/p/3")}
}

func late() []vectordb.Record {
	return []vectordb.Record{record(1, 2, "/p/1b"), record(4, 2, "/p/2")}
}

// stored is all that a store says of an image.
type stored struct {
	Image    sightline.Image
	Features sightline.Features
	Tags     []sightline.Tag
}

// everything reads a store in all its ways, which must agree with each other.
func everything(t *testing.T, s vectordb.Store) map[sightline.ImageID]stored {
	t.Helper()
	ids, err := s.IDs(t.Context(), nil)
	require.NoError(t, err)
	out := map[sightline.ImageID]stored{}
	features, err := s.Features(t.Context(), ids)
	require.NoError(t, err)
	tags, err := s.Tags(t.Context(), ids)
	require.NoError(t, err)
	for img, err := range s.Images(t.Context(), nil, vectordb.ByID) {
		require.NoError(t, err)
		require.Contains(t, features, img.ID, "an image without features")
		require.NotEmpty(t, features[img.ID].Patches)
		out[img.ID] = stored{*img, features[img.ID], tags[img.ID]}
	}
	require.Len(t, out, len(ids))
	stats, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.Equal(t, len(ids), stats.Images)
	n, err := s.Count(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, len(ids), n)
	if len(ids) > 0 {
		hits, err := s.Nearest(t.Context(), features[ids[0]].Global, 100, nil)
		require.NoError(t, err)
		require.Len(t, hits, len(ids))
	}
	files := 0
	for known, err := range s.Files(t.Context(), "/") {
		require.NoError(t, err)
		require.Contains(t, out, known.ID)
		files++
	}
	require.Equal(t, stats.Files, files)
	return out
}

// undisturbed gives what a store holds before and after the late records.
func undisturbed(t *testing.T) (before, after map[sightline.ImageID]stored) {
	t.Helper()
	store := prepared(t, qdranttest.Start(t, qdranttest.Options{}))
	before = everything(t, store)
	require.NoError(t, store.Put(t.Context(), late()))
	return before, everything(t, store)
}

func prepared(t *testing.T, s *qdranttest.Server) *qdrant.Store {
	t.Helper()
	store := open(t, s, qdrant.ReadWrite)
	require.NoError(t, store.SetModel(t.Context(), faultModel))
	require.NoError(t, store.Put(t.Context(), early()))
	return store
}

// TestAWriteThatFailsAnywhereIsSeenWholeOrNotAtAll lets the disk be full from the first, second, third... call of a Put on.
func TestAWriteThatFailsAnywhereIsSeenWholeOrNotAtAll(t *testing.T) {
	before, after := undisturbed(t)
	for _, applied := range []bool{false, true} {
		for failing, done := 0, false; !done; failing++ {
			s := qdranttest.Start(t, qdranttest.Options{})
			store, reader := prepared(t, s), open(t, s, qdrant.ReadOnly)
			s.Inject(qdranttest.Fault{Skip: failing, Applied: applied, Err: qdranttest.FullDisk()})
			err := store.Put(t.Context(), late())
			s.Heal()
			if done = err == nil; !done {
				assert.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(err), "call %d: %v", failing, err)
				assert.Contains(t, []any{any(before), any(after)}, any(everything(t, reader)), "call %d, applied: %v", failing, applied)
				require.NoError(t, store.Put(t.Context(), late()), "with room again")
			}
			assert.Equal(t, after, everything(t, reader), "call %d, applied: %v", failing, applied)
			require.NoError(t, store.Close())
			s.Stop()
		}
	}
}

// TestAConnectionThatDropsAnywhereIsMended cuts the connection in the first, second, third... call of a Put: nothing is
// lost, and nothing is there twice.
func TestAConnectionThatDropsAnywhereIsMended(t *testing.T) {
	_, after := undisturbed(t)
	for _, applied := range []bool{false, true} {
		for failing, done := 0, false; !done; failing++ {
			s := qdranttest.Start(t, qdranttest.Options{})
			store := prepared(t, s)
			hit := false
			s.Inject(qdranttest.Fault{Skip: failing, Times: 1, Applied: applied, Drop: true, Do: func(context.Context) { hit = true }})
			require.NoError(t, store.Put(t.Context(), late()), "call %d, applied: %v", failing, applied)
			done = !hit
			s.Heal()
			assert.Equal(t, after, everything(t, store), "call %d, applied: %v", failing, applied)
			require.NoError(t, store.Close())
			s.Stop()
		}
	}
}

// TestARestartInTheMiddleOfAWriteIsWaitedFor kills the server within the write and starts it again.
func TestARestartInTheMiddleOfAWriteIsWaitedFor(t *testing.T) {
	_, after := undisturbed(t)
	for _, applied := range []bool{false, true} {
		s := qdranttest.Start(t, qdranttest.Options{})
		store := prepared(t, s)
		s.Inject(qdranttest.Fault{Method: "Upsert", Skip: 1, Times: 1, Applied: applied, Do: func(context.Context) { s.Restart() }})
		require.NoError(t, store.Put(t.Context(), late()))
		assert.Equal(t, after, everything(t, store), "applied: %v", applied)
	}
}

func TestReadersSeeNothingOfAWriteUntilItEnds(t *testing.T) {
	before, after := undisturbed(t)
	s := qdranttest.Start(t, qdranttest.Options{})
	store, reader := prepared(t, s), open(t, s, qdrant.ReadOnly)
	var writes atomic.Int32
	for _, method := range []string{"Upsert", "SetPayload", "UpdateVectors", "Delete"} {
		s.Inject(qdranttest.Fault{Method: method, Do: func(context.Context) {
			n := writes.Add(1)
			assert.Equal(t, before, everything(t, reader), "before write %d", n)
		}})
	}
	require.NoError(t, store.Put(t.Context(), late()))
	s.Heal()
	assert.Positive(t, writes.Load())
	assert.Equal(t, after, everything(t, reader))
}

// TestWhatGoesWrongIsSaidWithAHint: reads while the server misbehaves. Nothing has to be opened again afterwards.
func TestWhatGoesWrongIsSaidWithAHint(t *testing.T) {
	before, _ := undisturbed(t)
	s := qdranttest.Start(t, qdranttest.Options{})
	prepared(t, s)
	reader := open(t, s, qdrant.ReadOnly)
	for what, breaks := range map[string]func(){
		"stopped":         s.Stop,
		"rate limit":      func() { s.Inject(qdranttest.Fault{Err: qdranttest.TooMany(3600)}) },
		"server's error":  func() { s.Inject(qdranttest.Fault{Err: qdranttest.FullDisk()}) },
		"cut connections": func() { s.Inject(qdranttest.Fault{Drop: true}) },
	} {
		breaks()
		_, err := reader.Nearest(t.Context(), []float32{1, 1, 1}, 10, nil)
		assert.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(err), "%s: %v", what, err)
		var told *sightline.Error
		require.ErrorAs(t, err, &told)
		assert.NotEmpty(t, told.Hint, what)
		s.Heal()
		if what == "stopped" {
			s.Restart()
		}
		assert.Equal(t, before, everything(t, reader), "after %s", what)
	}
}

// TestASlowServerIsWaitedForAsLongAsTheCallerWaits: the deadline is the caller's, and its error says so.
func TestASlowServerIsWaitedForAsLongAsTheCallerWaits(t *testing.T) {
	s := qdranttest.Start(t, qdranttest.Options{})
	prepared(t, s)
	reader := open(t, s, qdrant.ReadOnly)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(time.Millisecond))
	defer cancel()
	s.Inject(qdranttest.Fault{Times: 1, Do: func(ctx context.Context) { <-ctx.Done() }})
	_, err := reader.Count(ctx, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	n, err := reader.Count(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, 3, n)
}
