package qdrant_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	api "github.com/qdrant/go-client/qdrant"
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

var (
	faultModel = vectordb.Model{Name: "faults 1", Feature: "feature", Scoring: "scoring"}
	nextModel  = vectordb.Model{Name: "faults 2", Feature: "other feature", Scoring: "other scoring"}
)

func faultID(n int) sightline.ImageID { return sightline.ImageID(fmt.Sprintf("%064x", n)) }

// record makes an image; round changes everything of it but its id.
func record(n, round int, paths ...string) vectordb.Record {
	return vectordb.Record{
		Image: sightline.Image{
			ID: faultID(n), Format: "png", Width: 100 + round, Height: 100, IndexedAt: time.Unix(int64(round), 0).UTC(), Files: places(round, paths...),
		},
		Features: sightline.Features{Global: []float32{float32(n), float32(round), 1}, Patches: bytes.Repeat([]byte{byte(n), byte(round)}, 100)},
		Tags:     []sightline.Tag{{Name: fmt.Sprint("round ", round), Probability: 0.5}},
	}
}

func places(round int, paths ...string) []sightline.File {
	files := make([]sightline.File, len(paths))
	for i, path := range paths {
		files[i] = sightline.File{Path: path, Size: int64(round), ModTime: time.Unix(int64(round), 0).UTC()}
	}
	return files
}

func userTag(name string, complete bool) vectordb.UserTag {
	return vectordb.UserTag{Name: name, Descriptions: []string{"a " + name}, Scoring: faultModel.Scoring, Complete: complete}
}

// prepared opens a store for writing with three images, a bad file and a user's tag.
func prepared(t *testing.T, s *qdranttest.Server) *qdrant.Store {
	t.Helper()
	store := open(t, s, qdrant.ReadWrite)
	require.NoError(t, store.SetModel(t.Context(), faultModel))
	require.NoError(t, store.Put(t.Context(), []vectordb.Record{record(1, 1, "/p/1"), record(2, 1, "/p/2"), record(3, 1, "/p/3")}))
	require.NoError(t, store.PutBad(t.Context(), []vectordb.BadFile{{File: places(1, "/p/bad")[0], Code: sightline.CodeImageCorrupt, Reason: "torn"}}))
	require.NoError(t, store.PutUserTag(t.Context(), userTag("holiday", true), map[sightline.ImageID]float64{faultID(1): 0.25}))
	return store
}

// contents is all that a store says.
type contents struct {
	Images map[sightline.ImageID]stored
	Bad    []vectordb.BadFile
	Tags   []vectordb.UserTag
	Model  vectordb.Model
}

type stored struct {
	Image    sightline.Image
	Features sightline.Features
	Tags     []sightline.Tag
}

// everything reads a store in all its ways, which must agree with each other.
func everything(t *testing.T, s vectordb.Store) contents {
	t.Helper()
	ctx := t.Context()
	ids, err := s.IDs(ctx, nil)
	require.NoError(t, err)
	features, err := s.Features(ctx, ids)
	require.NoError(t, err)
	tags, err := s.Tags(ctx, ids)
	require.NoError(t, err)
	all := contents{Images: map[sightline.ImageID]stored{}}
	for img, err := range s.Images(ctx, nil, vectordb.ByID) {
		require.NoError(t, err)
		require.NotEmpty(t, features[img.ID].Patches, "an image without features")
		all.Images[img.ID] = stored{*img, features[img.ID], tags[img.ID]}
	}
	require.Len(t, all.Images, len(ids))
	if len(ids) > 0 {
		hits, err := s.Nearest(ctx, features[ids[0]].Global, 100, nil)
		require.NoError(t, err)
		require.Len(t, hits, len(ids))
	}
	files := 0
	for known, err := range s.Files(ctx, "/") {
		require.NoError(t, err)
		require.Contains(t, all.Images, known.ID)
		files++
	}
	for bad, err := range s.BadFiles(ctx, "/") {
		require.NoError(t, err)
		all.Bad = append(all.Bad, bad)
	}
	all.Tags, err = s.UserTags(ctx)
	require.NoError(t, err)
	stats, err := s.Stats(ctx)
	require.NoError(t, err)
	require.Equal(t, []int{len(ids), files, len(all.Bad)}, []int{stats.Images, stats.Files, stats.BadFiles})
	all.Model = stats.Model
	return all
}

// noLeftovers looks past the driver: each generation holds one version of each image that nothing has ended, and one of
// its patches.
func noLeftovers(t *testing.T, s *qdranttest.Server, images int, about ...any) {
	t.Helper()
	client, err := api.NewClient(&api.Config{Host: "127.0.0.1", Port: s.Port(), PoolSize: 1, SkipCompatibilityCheck: true})
	require.NoError(t, err)
	defer client.Close()
	names, err := client.ListCollections(t.Context())
	require.NoError(t, err)
	for _, name := range names {
		if strings.HasSuffix(name, "-meta") {
			continue
		}
		n, err := client.Count(t.Context(), &api.CountPoints{
			CollectionName: name, Exact: new(true), Filter: &api.Filter{MustNot: []*api.Condition{api.NewRange("until", &api.Range{Gte: new(0.0)})}},
		})
		require.NoError(t, err)
		assert.EqualValues(t, images, n, append([]any{"%s: %v", name}, about)...)
	}
}
