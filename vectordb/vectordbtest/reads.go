package vectordbtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

func belowFolders(t *testing.T, p Place) {
	d, s := newDice(t), writer(t, p)
	require.NoError(t, s.Put(t.Context(), []vectordb.Record{
		at(d, 1, "/p/a.jpg", "/p/b/c.jpg", "/p.jpg", "/p-/a.jpg", "/p0/a.jpg", "/P/a.jpg", "/p/b.jpg", "/p_/%.jpg"),
	}))
	for folder, want := range map[string][]string{
		"/p":       {"/p/a.jpg", "/p/b.jpg", "/p/b/c.jpg"},
		"/p/b":     {"/p/b/c.jpg"},
		"/p/a.jpg": {"/p/a.jpg"},
		"/p_":      {"/p_/%.jpg"},
		"/":        {"/P/a.jpg", "/p-/a.jpg", "/p.jpg", "/p/a.jpg", "/p/b.jpg", "/p/b/c.jpg", "/p0/a.jpg", "/p_/%.jpg"},
		"/p/":      {"/p/a.jpg", "/p/b.jpg", "/p/b/c.jpg"},
		"/none":    nil,
	} {
		var got []string
		for _, known := range all(t, s.Files(t.Context(), folder)) {
			got = append(got, known.File.Path)
			assert.Equal(t, imageID(1), known.ID)
		}
		assert.Equal(t, want, got, "below %q", folder)
	}
}

func imageOrders(t *testing.T, p Place) {
	d, s := newDice(t), writer(t, p)
	day := func(n int) time.Time { return time.Date(2024, 1, n, 0, 0, 0, 0, time.UTC) }
	var records []vectordb.Record
	for n, taken := range map[int]time.Time{1: day(3), 2: {}, 3: day(1), 4: day(3), 5: {}} {
		r := at(d, n, fmt.Sprintf("/p/%d.jpg", n))
		r.Image.TakenAt, r.Image.IndexedAt = taken, day(2) // those without a date stand on day 2
		records = append(records, r)
	}
	require.NoError(t, s.Put(t.Context(), records))
	tie := func(a, b int) []sightline.ImageID {
		return []sightline.ImageID{min(imageID(a), imageID(b)), max(imageID(a), imageID(b))}
	}
	ids := func(order vectordb.Order) (ids []sightline.ImageID) {
		for _, img := range all(t, s.Images(t.Context(), nil, order)) {
			ids = append(ids, img.ID)
		}
		return ids
	}
	assert.Equal(t, append(append(tie(1, 4), tie(2, 5)...), imageID(3)), ids(vectordb.Newest))
	assert.Equal(t, append(append([]sightline.ImageID{imageID(3)}, tie(2, 5)...), tie(1, 4)...), ids(vectordb.Oldest))
	assert.IsIncreasing(t, ids(vectordb.ByID))
}

func tiesAndLimits(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	for n := range 50 {
		r := at(d, n, fmt.Sprintf("/p/%d.jpg", n))
		r.Features.Global = []float32{1, float32(n % 2), 0, 0, 0, 0}
		r.Tags = []sightline.Tag{{Name: "dog", Probability: float64(n%2) / 2}}
		put(t, s, o, r)
	}
	same, parity := []float32{1, 0, 0, 0, 0, 0}, []float32{0, -1, 0, 0, 0, 0}
	for _, k := range []int{-1, 0, 1, 2, 24, 25, 26, 49, 50, 51, 1 << 40} {
		for _, vector := range [][]float32{same, parity} {
			hits, err := s.Nearest(t.Context(), vector, k, nil)
			require.NoError(t, err)
			assert.Equal(t, o.nearest(vector, k, nil), filled(hits), "nearest %d", k)
		}
		hits, err := s.ByTag(t.Context(), "dog", k, nil)
		require.NoError(t, err)
		assert.Equal(t, o.byTag("dog", k, nil), filled(hits), "by tag %d", k)
		found, err := s.ByText(t.Context(), "jpg", k, nil)
		require.NoError(t, err)
		assert.Len(t, found, max(0, min(k, 50)), "by text %d", k)
	}
}

func wordsFind(t *testing.T, p Place) {
	d, s := newDice(t), writer(t, p)
	camera := func(n int, camera string, paths ...string) vectordb.Record {
		r := at(d, n, paths...)
		r.Image.Camera = camera
		return r
	}
	require.NoError(t, s.Put(t.Context(), []vectordb.Record{
		camera(1, "FUJIFILM X100V", "/hidden/IMG_1234.jpg", "/p/Summer-Beach.jpg"),
		camera(2, "", "/p/Café au lait.png"),
		camera(3, "", "/p/海辺の猫.jpg", "/p/beach2.jpg"),
	}))
	find := func(text string, f sightline.Filter) []int {
		ids, err := s.ByText(t.Context(), text, 10, f)
		require.NoError(t, err)
		numbers := []int{}
		for n := 1; n <= 3; n++ {
			for _, id := range ids {
				if id == imageID(n) {
					numbers = append(numbers, n)
				}
			}
		}
		return numbers
	}
	for text, want := range map[string][]int{
		"beach": {1, 3}, "BEACH summer": {1}, "img 1234": {1}, "IMG_1234": {1}, "img_12": {1}, "234": {}, "x100v beach": {1},
		"fuji": {1}, "hidden": {}, "cafe": {2}, "CAFÉ": {2}, "cafe\u0301 lait": {2}, "海": {3}, "猫": {3}, "jpg": {1, 3},
		"beach nothing": {}, "": {}, "  ": {}, "-": {}, `"`: {}, "beach*": {1, 3}, "NOT": {}, "beach OR cafe": {},
	} {
		assert.Equal(t, want, find(text, nil), "text %q", text)
	}
	assert.Equal(t, []int{3}, find("beach", sightline.Not{Of: sightline.CameraHas("x100")}))

	require.NoError(t, s.Put(t.Context(), []vectordb.Record{camera(2, "Leica", "/p/Tea.png")}))
	require.NoError(t, s.RemoveFiles(t.Context(), []string{"/p/Summer-Beach.jpg"}))
	for text, want := range map[string][]int{"leica tea": {2}, "leica cafe": {2}, "summer": {}, "img": {1}, "beach": {3}} {
		assert.Equal(t, want, find(text, nil), "text %q after the changes", text)
	}
}

func longAndDeepFilters(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	put(t, s, o, d.records(10)...)
	var deep sightline.Filter = sightline.FormatIs("jpeg")
	for range 63 {
		deep = sightline.Not{Of: deep}
	}
	var long sightline.Or
	var ids sightline.IDIn
	for n := range 200 {
		long = append(long, sightline.SizeIn{MinPixels: int64(n) * 1e6, MaxPixels: int64(n) * 1e6})
		ids = append(ids, imageID(n*3))
	}
	for _, f := range []sightline.Filter{deep, long, sightline.And{ids, sightline.Not{Of: long}}, sightline.And{nil, nil}} {
		agreeUnder(t, s, o, f, make([]float32, dim))
	}
}

func randomFilters(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	put(t, s, o, d.records(40)...)
	for range 60 {
		agreeUnder(t, s, o, d.filter(3), d.vector())
		if t.Failed() {
			return
		}
	}
}
