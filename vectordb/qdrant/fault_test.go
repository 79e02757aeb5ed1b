package qdrant_test

import (
	"context"
	"slices"
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

// putLate replaces image 1 and gives image 2's only file to image 4: 2 is deleted, 3 stays as it is.
func putLate(ctx context.Context, s *qdrant.Store) error {
	return s.Put(ctx, []vectordb.Record{record(1, 2, "/p/1b"), record(4, 2, "/p/2")})
}

// changes are the calls of a Writer that tests let go wrong, on what `prepared` has stored.
var changes = map[string]func(context.Context, *qdrant.Store) error{
	"Put": putLate,
	"SetTags": func(ctx context.Context, s *qdrant.Store) error {
		return s.SetTags(ctx, map[sightline.ImageID][]sightline.Tag{faultID(1): {{Name: "new", Probability: 1}}, faultID(2): nil})
	},
	"PutUserTag": func(ctx context.Context, s *qdrant.Store) error {
		return s.PutUserTag(ctx, userTag("party", false), map[sightline.ImageID]float64{faultID(2): 0.75, faultID(3): 0.5})
	},
	"RemoveUserTag": func(ctx context.Context, s *qdrant.Store) error { return s.RemoveUserTag(ctx, "holiday") },
	"AddFiles": func(ctx context.Context, s *qdrant.Store) error { // image 1 loses its only file and is deleted
		return s.AddFiles(ctx, map[sightline.ImageID][]sightline.File{faultID(3): places(2, "/p/1", "/p/9")})
	},
	"RemoveFiles": func(ctx context.Context, s *qdrant.Store) error {
		return s.RemoveFiles(ctx, []string{"/p/1", "/p/bad"})
	},
	"PutBad": func(ctx context.Context, s *qdrant.Store) error {
		return s.PutBad(ctx, []vectordb.BadFile{{File: places(2, "/p/2")[0], Code: sightline.CodeImageEmpty, Reason: "0 bytes"}})
	},
	"SetModel": func(ctx context.Context, s *qdrant.Store) error {
		return s.SetModel(ctx, vectordb.Model{Name: "faults 1b", Feature: faultModel.Feature, Scoring: "renewed"})
	},
	"Build and Switch": func(ctx context.Context, s *qdrant.Store) error {
		b, err := s.Build(ctx, nextModel)
		if err != nil {
			return err
		}
		var encoded []vectordb.Encoded
		for img, err := range b.Missing(ctx, "") {
			if err != nil {
				return err
			}
			encoded = append(encoded, vectordb.Encoded{ID: img.ID, Features: sightline.Features{Global: []float32{1, 2, 3, 4}, Patches: []byte("next")}})
		}
		if err := b.Put(ctx, encoded); err != nil {
			return err
		}
		return s.Switch(ctx, b.ID(), false)
	},
}

// undisturbed gives what a store holds before and after a change.
func undisturbed(t *testing.T, change func(context.Context, *qdrant.Store) error) (before, after contents) {
	t.Helper()
	store := prepared(t, qdranttest.Start(t, qdranttest.Options{}))
	before = everything(t, store)
	require.NoError(t, change(t.Context(), store))
	return before, everything(t, store)
}

// unrelated is a change that has nothing to do with the others; with says what a store holds after it.
func unrelated() []vectordb.BadFile {
	return []vectordb.BadFile{{File: places(3, "/p/zz")[0], Code: sightline.CodeImageEmpty, Reason: "0 bytes"}}
}

func (c contents) with(bad []vectordb.BadFile) contents {
	c.Bad = slices.Concat(c.Bad, bad)
	return c
}

// TestAChangeThatFailsAnywhereIsSeenWholeOrNotAtAll lets the disk be full from the first, second, third... call of a change
// on. Another change brings nothing of it to light; then it is made again, by the same writer or by the next one.
func TestAChangeThatFailsAnywhereIsSeenWholeOrNotAtAll(t *testing.T) {
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			before, after := undisturbed(t, change)
			for failing, done := 0, false; !done; failing += stride(name) {
				for _, applied := range []bool{false, true} {
					done = failAt(t, failing, applied, change, before, after)
				}
			}
		})
	}
}

// stride passes over most calls of a change that has many of a kind: a generation has an index for every field.
func stride(change string) int {
	if change == "Build and Switch" {
		return 7
	}
	return 1
}

// failAt says whether the change has fewer calls than that.
func failAt(t *testing.T, failing int, applied bool, change func(context.Context, *qdrant.Store) error, before, after contents) bool {
	t.Helper()
	s := qdranttest.Start(t, qdranttest.Options{})
	store := prepared(t, s)
	reader := openOn(t, s, qdrant.ReadOnly)
	s.Inject(qdranttest.Fault{Skip: failing, Applied: applied, Err: qdranttest.FullDisk()})
	err := change(t.Context(), store)
	s.Heal()
	if err != nil {
		assert.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(err), "call %d: %v", failing, err)
		seen := everything(t, reader)
		assert.Contains(t, []contents{before, after}, seen, "call %d, applied: %v", failing, applied)
		if failing%2 == 1 {
			require.NoError(t, store.Close())
			store = openOn(t, s, qdrant.ReadWrite)
		}
		require.NoError(t, store.PutBad(t.Context(), unrelated()), "with room again")
		assert.Equal(t, seen.with(unrelated()), everything(t, reader), "call %d, applied: %v", failing, applied)
		require.NoError(t, change(t.Context(), store), "call %d, applied: %v", failing, applied)
		after = after.with(unrelated())
	}
	assert.Equal(t, after, everything(t, reader), "call %d, applied: %v", failing, applied)
	noLeftovers(t, s, len(after.Images), failing, applied)
	require.NoError(t, store.Close())
	require.NoError(t, reader.Close())
	s.Stop()
	return err == nil
}

// TestAConnectionThatDropsAnywhereIsMended cuts the connection in the first, second, third... call of a change: nothing is
// lost, and nothing is there twice.
func TestAConnectionThatDropsAnywhereIsMended(t *testing.T) {
	for _, name := range []string{"Put", "Build and Switch"} {
		_, after := undisturbed(t, changes[name])
		for _, applied := range []bool{false, true} {
			for failing, hit := 0, true; hit; failing += stride(name) {
				hit = false
				s := qdranttest.Start(t, qdranttest.Options{})
				store := prepared(t, s)
				s.Inject(qdranttest.Fault{Skip: failing, Times: 1, Applied: applied, Drop: true, Do: func() { hit = true }})
				require.NoError(t, changes[name](t.Context(), store), "%s, call %d, applied: %v", name, failing, applied)
				s.Heal()
				assert.Equal(t, after, everything(t, store), "%s, call %d, applied: %v", name, failing, applied)
				noLeftovers(t, s, len(after.Images), failing, applied)
				require.NoError(t, store.Close())
				s.Stop()
			}
		}
	}
}

// TestARestartInTheMiddleOfAWriteIsWaitedFor kills the server within the write and starts it again.
func TestARestartInTheMiddleOfAWriteIsWaitedFor(t *testing.T) {
	_, after := undisturbed(t, putLate)
	for _, applied := range []bool{false, true} {
		s := qdranttest.Start(t, qdranttest.Options{})
		store := prepared(t, s)
		s.Inject(qdranttest.Fault{Method: "Upsert", Skip: 1, Times: 1, Applied: applied, Do: s.Restart})
		require.NoError(t, putLate(t.Context(), store))
		assert.Equal(t, after, everything(t, store), "applied: %v", applied)
	}
}

func TestReadersSeeNothingOfAWriteUntilItEnds(t *testing.T) {
	before, after := undisturbed(t, putLate)
	s := qdranttest.Start(t, qdranttest.Options{})
	store, reader := prepared(t, s), openOn(t, s, qdrant.ReadOnly)
	var writes atomic.Int32
	for _, method := range []string{"Upsert", "SetPayload", "UpdateVectors", "Delete"} {
		s.Inject(qdranttest.Fault{Method: method, Do: func() {
			n := writes.Add(1)
			assert.Equal(t, before, everything(t, reader), "before write %d", n)
		}})
	}
	require.NoError(t, putLate(t.Context(), store))
	s.Heal()
	assert.Positive(t, writes.Load())
	assert.Equal(t, after, everything(t, reader))
}

// TestWhatGoesWrongIsSaidWithAHint: reads while the server misbehaves. Nothing has to be opened again afterwards.
func TestWhatGoesWrongIsSaidWithAHint(t *testing.T) {
	before, _ := undisturbed(t, putLate)
	s := qdranttest.Start(t, qdranttest.Options{})
	prepared(t, s)
	reader := openOn(t, s, qdrant.ReadOnly)
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
	reader := openOn(t, s, qdrant.ReadOnly)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(time.Millisecond))
	defer cancel()
	s.Inject(qdranttest.Fault{Times: 1, Hang: true})
	_, err := reader.Count(ctx, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	n, err := reader.Count(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, 3, n)
}
