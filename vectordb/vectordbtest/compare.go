package vectordbtest

import (
	"context"
	"iter"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// agree asks the store everything that it can be asked and compares the answers with the oracle's.
func agree(t *testing.T, s vectordb.Store, o *oracle) {
	t.Helper()
	agreeFacts(t, s, o)
	agreeByID(t, s, o)
	agreeUnder(t, s, o, nil, []float32{1, 2, -1, 0, 1, 1})
}

// agreeFacts compares what is the same under every model.
func agreeFacts(t *testing.T, s vectordb.Store, o *oracle) {
	t.Helper()
	ctx := t.Context()
	stats, err := s.Stats(ctx)
	require.NoError(t, err)
	assert.Equal(t, [3]int{len(o.images), len(o.files), len(o.bad)}, [3]int{stats.Images, stats.Files, stats.BadFiles},
		"images, files, bad files")
	for _, order := range []vectordb.Order{vectordb.ByID, vectordb.Newest, vectordb.Oldest} {
		assert.Equal(t, o.listed(nil, order), all(t, s.Images(ctx, nil, order)), "order %d", order)
	}
	for _, folder := range append(folders, "", "/nowhere", "/photos/a.jpg") {
		assert.Equal(t, o.filesBelow(folder), all(t, s.Files(ctx, folder)), "files below %q", folder)
		assert.Equal(t, o.badBelow(folder), all(t, s.BadFiles(ctx, folder)), "bad files below %q", folder)
	}
	own, err := s.UserTags(ctx)
	require.NoError(t, err)
	assert.Equal(t, o.userTags(), append([]vectordb.UserTag{}, own...), "the user's tags")
}

// agreeByID compares what is asked for by id.
func agreeByID(t *testing.T, s vectordb.Store, o *oracle) {
	t.Helper()
	ids := []sightline.ImageID{imageID(9999), "no id"}
	var images []*sightline.Image
	features := map[sightline.ImageID]sightline.Features{}
	tags := map[sightline.ImageID][]sightline.Tag{}
	for id, r := range o.images {
		ids = append(ids, id)
		images = append(images, o.image(id))
		features[id] = r.Features
		if len(r.Tags) > 0 {
			tags[id] = o.tags(id)
		}
	}
	gotImages, err := s.Get(t.Context(), ids)
	require.NoError(t, err)
	assert.ElementsMatch(t, images, gotImages)
	gotFeatures, err := s.Features(t.Context(), ids)
	require.NoError(t, err)
	assert.Equal(t, features, gotFeatures)
	gotTags, err := s.Tags(t.Context(), ids)
	require.NoError(t, err)
	assert.Equal(t, tags, gotTags)
}

// agreeUnder compares searches and lists under a filter.
func agreeUnder(t *testing.T, s vectordb.Store, o *oracle, f sightline.Filter, vector []float32) {
	t.Helper()
	ctx := t.Context()
	for _, k := range []int{1, 3, 1000} {
		got, err := s.Nearest(ctx, vector, k, f)
		require.NoError(t, err)
		assert.Equal(t, o.nearest(vector, k, f), filled(got), "nearest %d under %#v", k, f)
	}
	for _, k := range []int{0, 2} {
		for _, label := range []string{"dog", "海", "unknown"} {
			got, err := s.ByTag(ctx, label, k, f)
			require.NoError(t, err)
			assert.Equal(t, o.byTag(label, k, f), filled(got), "%d by tag %q under %#v", k, label, f)
		}
	}
	for _, text := range texts {
		want := o.byText(text, f)
		got, err := s.ByText(ctx, text, 1000, f)
		require.NoError(t, err)
		assert.ElementsMatch(t, want, got, "by text %q under %#v", text, f)
		few, err := s.ByText(ctx, text, 2, f)
		require.NoError(t, err)
		assert.Len(t, few, min(2, len(want)), "two by text %q under %#v", text, f)
		assert.Subset(t, append(want, ""), few)
	}
	ids, err := s.IDs(ctx, f)
	require.NoError(t, err)
	assert.Equal(t, o.matching(f), append([]sightline.ImageID{}, ids...), "ids under %#v", f)
	count, err := s.Count(ctx, f)
	require.NoError(t, err)
	assert.Equal(t, len(ids), count, "count under %#v", f)
	assert.Equal(t, o.listed(f, vectordb.Oldest), all(t, s.Images(ctx, f, vectordb.Oldest)), "images under %#v", f)
}

// filled makes an empty answer equal to an answer of nil: the contract does not tell them apart.
func filled(hits []vectordb.Scored) []vectordb.Scored { return append([]vectordb.Scored{}, hits...) }

// all collects a stream that must not fail.
func all[T any](t *testing.T, items iter.Seq2[T, error]) []T {
	t.Helper()
	collected := []T{}
	for item, err := range items {
		require.NoError(t, err)
		collected = append(collected, item)
	}
	return collected
}

// put stores records in both.
func put(t *testing.T, s vectordb.Store, o *oracle, records ...vectordb.Record) {
	t.Helper()
	require.NoError(t, s.Put(context.Background(), records))
	o.put(records)
}
