package qdrant_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/api"
	"github.com/sightline-search/sightline/bundle/bundletest"
	"github.com/sightline-search/sightline/cache"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/ort/orttest"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/qdrant"
	"github.com/sightline-search/sightline/vectordb/qdrant/qdranttest"
)

// realParts loads the default bundle with its graphs.
func realParts(t *testing.T) index.Parts {
	t.Helper()
	b, rt := bundletest.Open(t), orttest.Open(t)
	images, err := encoder.NewImages(rt, b)
	require.NoError(t, err)
	texts, err := encoder.NewTexts(rt, b)
	require.NoError(t, err)
	aligner, err := align.New(rt, b)
	require.NoError(t, err)
	return index.Parts{Bundle: b, Images: images, Texts: texts, Align: aligner}
}

// indexOn is the index over a store, with the cache of texts that a program has.
func indexOn(parts index.Parts, store vectordb.Store) *index.Index {
	parts.Store, parts.Cache = store, cache.NewLRU(1<<20)
	return index.New(parts)
}

// photographs makes a folder of some of the sample gallery: one lies there twice, one file is damaged.
func photographs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	photos, err := filepath.Glob(filepath.Join(orttest.Root(t), "gallery", "animals", "*.jpg"))
	require.NoError(t, err)
	require.Greater(t, len(photos), 9)
	for _, photo := range photos[:9] {
		copyFile(t, photo, filepath.Join(dir, filepath.Base(photo)))
	}
	copyFile(t, photos[0], filepath.Join(dir, "again.jpg"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bad.jpg"), []byte("no image"), 0o644))
	return dir
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, data, 0o644))
}

// small makes batches of two images, so that a run is many writes.
var small = index.AddOptions{Workers: 2, Batch: 2}

// sameIndex wants equal indexes, but for the moment of indexing and the last bits that a run of the encoder over another
// number of images gives.
func sameIndex(t *testing.T, want, got map[sightline.ImageID]stored, about ...any) {
	t.Helper()
	require.Len(t, got, len(want), about...)
	for id, w := range want {
		g, ok := got[id]
		require.True(t, ok, about...)
		assert.ElementsMatch(t, w.Image.Files, g.Image.Files, about...)
		assert.Equal(t, w.Image.Width, g.Image.Width, about...)
		assert.InDeltaSlice(t, w.Features.Global, g.Features.Global, 1e-4, about...)
		assert.Len(t, g.Features.Patches, len(w.Features.Patches), about...)
		assert.InDelta(t, len(w.Tags), len(g.Tags), 3, about...) // at the floor of what is stored a bit decides
	}
}

// TestIndexingSurvivesFaults indexes photographs while the server misbehaves in the middle of the run. What the server
// gets over by itself the run does too; after anything else a second run completes the first.
func TestIndexingSurvivesFaults(t *testing.T) {
	parts, dir := realParts(t), photographs(t)
	undisturbed := openOn(t, qdranttest.Start(t, qdranttest.Options{}), qdrant.ReadWrite)
	report, err := indexOn(parts, undisturbed).Add(t.Context(), []string{dir}, small)
	require.NoError(t, err)
	require.Equal(t, 9, report.Added)
	want := everything(t, undisturbed).Images

	for what, test := range map[string]struct {
		fault func(s *qdranttest.Server, stop context.CancelFunc) qdranttest.Fault
		ends  bool // the first run ends with an error
	}{
		"restarted": {fault: func(s *qdranttest.Server, _ context.CancelFunc) qdranttest.Fault {
			return qdranttest.Fault{Method: "Upsert", Skip: 9, Times: 1, Do: s.Restart}
		}},
		"restarted after the work": {fault: func(s *qdranttest.Server, _ context.CancelFunc) qdranttest.Fault {
			return qdranttest.Fault{Method: "Upsert", Skip: 14, Times: 1, Applied: true, Do: s.Restart}
		}},
		"three connections cut": {fault: func(*qdranttest.Server, context.CancelFunc) qdranttest.Fault {
			return qdranttest.Fault{Method: "Upsert", Skip: 6, Times: 3, Applied: true, Drop: true}
		}},
		"a rate limit": {fault: func(*qdranttest.Server, context.CancelFunc) qdranttest.Fault {
			return qdranttest.Fault{Method: "Upsert", Skip: 8, Times: 2, Err: qdranttest.TooMany(0)}
		}},
		"stopped for good": {ends: true, fault: func(s *qdranttest.Server, stop context.CancelFunc) qdranttest.Fault {
			return qdranttest.Fault{Method: "Upsert", Skip: 10, Times: 1, Applied: true, Do: func() { s.Stop(); stop() }}
		}},
		"full disk": {ends: true, fault: func(*qdranttest.Server, context.CancelFunc) qdranttest.Fault {
			return qdranttest.Fault{Method: "Upsert", Skip: 12, Err: qdranttest.FullDisk()}
		}},
	} {
		s := qdranttest.Start(t, qdranttest.Options{})
		store := openOn(t, s, qdrant.ReadWrite)
		ctx, stop := context.WithCancel(t.Context())
		fault, hits := test.fault(s, stop), atomic.Int32{}
		do := fault.Do
		fault.Do = func() {
			hits.Add(1)
			if do != nil {
				do()
			}
		}
		s.Inject(fault)
		_, err := indexOn(parts, store).Add(ctx, []string{dir}, small)
		stop()
		assert.Positive(t, hits.Load(), "%s came too late", what)
		assert.Equal(t, test.ends, err != nil, "%s: %v", what, err)
		s.Restart()
		s.Heal()
		if test.ends {
			assert.Less(t, len(everything(t, store).Images), len(want), "%s hit in the middle; what is there is whole", what)
			_, err := indexOn(parts, store).Add(t.Context(), []string{dir}, small)
			require.NoError(t, err, what)
		}
		sameIndex(t, want, everything(t, store).Images, what)
		again, err := indexOn(parts, store).Add(t.Context(), []string{dir}, small)
		require.NoError(t, err, what)
		assert.Equal(t, 10, again.Unchanged, what)
		require.NoError(t, store.Close())
		s.Stop()
	}
}

// TestSearchesAnswer503WhileTheServerIsAway: and with results again as soon as it is back, without a hand's turn.
func TestSearchesAnswer503WhileTheServerIsAway(t *testing.T) {
	parts, dir := realParts(t), photographs(t)
	s := qdranttest.Start(t, qdranttest.Options{})
	_, err := indexOn(parts, openOn(t, s, qdrant.ReadWrite)).Add(t.Context(), []string{dir}, small)
	require.NoError(t, err)
	reader := indexOn(parts, openOn(t, s, qdrant.ReadOnly))
	handler := api.New(api.Options{Index: reader, Log: slog.New(slog.DiscardHandler), Loopback: true})
	type reply struct {
		Code    string
		Hint    string
		Results []any
	}
	search := func() (status int, answer reply) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/v1/search?q=dog&min_probability=0", nil)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), w.Body)
		return w.Code, answer
	}
	status, answer := search()
	require.Equal(t, http.StatusOK, status)
	require.NotEmpty(t, answer.Results)
	results := len(answer.Results)
	for what, breaks := range map[string]func(){
		"stopped":   s.Stop,
		"full disk": func() { s.Inject(qdranttest.Fault{Err: qdranttest.FullDisk()}) },
	} {
		breaks()
		status, answer = search()
		assert.Equal(t, http.StatusServiceUnavailable, status, what)
		assert.Equal(t, string(sightline.CodeUnavailable), answer.Code, what)
		assert.NotEmpty(t, answer.Hint, what)
		s.Heal()
		s.Restart()
		status, answer = search()
		assert.Equal(t, http.StatusOK, status, "after %s: %s", what, answer.Code)
		assert.Len(t, answer.Results, results, "after %s", what)
	}
}
