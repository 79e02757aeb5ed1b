package vectordbtest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

func emptyStore(t *testing.T, p Place) {
	s := writer(t, p)
	agree(t, s, newOracle())
	require.NoError(t, s.Put(t.Context(), nil))
	require.NoError(t, s.SetTags(t.Context(), nil))
	require.NoError(t, s.AddFiles(t.Context(), nil))
	require.NoError(t, s.RemoveFiles(t.Context(), []string{"/never/seen.jpg", "not even absolute"}))
	require.NoError(t, s.PutBad(t.Context(), nil))
	agree(t, s, newOracle())
}

func everythingComesBack(t *testing.T, p Place) {
	s, err := p.Writer()
	require.NoError(t, err)
	require.NoError(t, s.SetModel(t.Context(), model))
	o := newOracle()
	put(t, s, o, newDice(t).records(20)...)
	agree(t, s, o)
	stats, err := s.Stats(t.Context())
	require.NoError(t, err)
	assert.Equal(t, model, stats.Model)
	assert.Positive(t, stats.Bytes)

	require.NoError(t, s.Close())
	agree(t, reader(t, p), o)
	agree(t, writer(t, p), o)
}

func putAgain(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	records := d.records(10)
	put(t, s, o, records...)
	put(t, s, o, records...)
	agree(t, s, o)
	for i := range records {
		records[i] = d.record(records[i].Image.ID)
	}
	put(t, s, o, records...)
	agree(t, s, o)

	known := records[0]
	known.Image.Files, known.Image.Camera = nil, "another"
	put(t, s, o, known) // no new file: it keeps the ones it has
	agree(t, s, o)
	put(t, s, o, vectordb.Record{Image: sightline.Image{ID: imageID(77)}, Features: known.Features}) // nowhere: not stored
	agree(t, s, o)
	put(t, s, o, d.record(imageID(5)), d.record(imageID(5)), d.record(imageID(5))) // the last one holds
	agree(t, s, o)
}

// at makes a record of an image that lies at the paths.
func at(d dice, n int, paths ...string) vectordb.Record {
	r := d.record(imageID(n))
	r.Image.Files = files(paths...)
	return r
}

func files(paths ...string) []sightline.File {
	list := make([]sightline.File, len(paths))
	for i, path := range paths {
		list[i] = sightline.File{Path: path, Size: int64(len(path)), ModTime: time.Unix(1700000000, int64(i)).UTC()}
	}
	return list
}

func pathOwnership(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	put(t, s, o, at(d, 1, "/p/a.jpg", "/p/b.jpg"), at(d, 2, "/p/c.jpg"))
	put(t, s, o, at(d, 3, "/p/a.jpg")) // a.jpg has other content now
	agree(t, s, o)
	moved := map[sightline.ImageID][]sightline.File{imageID(2): files("/p/b.jpg"), imageID(99): files("/p/c.jpg", "/p/z.jpg")}
	require.NoError(t, s.AddFiles(t.Context(), moved)) // image 1 is gone, image 99 was never there
	o.addFiles(moved)
	agree(t, s, o)
	require.Len(t, o.images, 2)
	put(t, s, o, at(d, 4, "/p/d.jpg"), at(d, 5, "/p/d.jpg")) // in one call: the last one has it
	agree(t, s, o)
	require.NotContains(t, o.images, imageID(4))
}

func swappedPaths(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	put(t, s, o, at(d, 1, "/p/a.jpg"), at(d, 2, "/p/b.jpg"))
	swap := map[sightline.ImageID][]sightline.File{imageID(1): files("/p/b.jpg"), imageID(2): files("/p/a.jpg")}
	require.NoError(t, s.AddFiles(t.Context(), swap))
	o.addFiles(swap)
	require.Len(t, o.images, 2)
	agree(t, s, o)
}

func lastFile(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	put(t, s, o, at(d, 1, "/p/a.jpg", "/q/a.jpg"), at(d, 2, "/p/b.jpg"), at(d, 3, "/p/c.jpg"))
	for _, path := range []string{"/p/a.jpg", "/p/b.jpg", "/q/a.jpg"} {
		require.NoError(t, s.RemoveFiles(t.Context(), []string{path, path, "/p"}))
		o.removeFiles([]string{path})
		agree(t, s, o)
	}
	require.Len(t, o.images, 1)
	put(t, s, o, at(d, 1, "/p/a.jpg")) // and back
	agree(t, s, o)
}

func badFiles(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	put(t, s, o, at(d, 1, "/p/a.jpg"), at(d, 2, "/p/b.jpg", "/p/c.jpg"))
	bad := []vectordb.BadFile{
		{File: files("/p/a.jpg")[0], Code: sightline.CodeImageCorrupt, Reason: "ends after 12 bytes"},
		{File: files("/p/c.jpg")[0], Code: sightline.CodeImageEmpty, Reason: "0 bytes"},
		{File: files("/p/x.jpg")[0], Code: sightline.CodeUnreadable, Reason: "größe ✗"},
		{File: files("/p/x.jpg")[0], Code: sightline.CodeImageEmpty, Reason: "the later one holds"},
	}
	require.NoError(t, s.PutBad(t.Context(), bad))
	o.putBad(bad)
	require.Len(t, o.images, 1)
	agree(t, s, o)

	put(t, s, o, at(d, 3, "/p/x.jpg")) // repaired
	mended := map[sightline.ImageID][]sightline.File{imageID(3): files("/p/a.jpg")}
	require.NoError(t, s.AddFiles(t.Context(), mended))
	o.addFiles(mended)
	agree(t, s, o)
	require.NoError(t, s.RemoveFiles(t.Context(), []string{"/p/c.jpg"}))
	o.removeFiles([]string{"/p/c.jpg"})
	require.Empty(t, o.bad)
	agree(t, s, o)
}

func setTags(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	put(t, s, o, d.records(10)...)
	tags := map[sightline.ImageID][]sightline.Tag{
		imageID(1):  {{Name: "dog", Probability: 0.25}, {Name: "new", Probability: 1}},
		imageID(2):  nil,
		imageID(99): {{Name: "dog", Probability: 1}},
	}
	require.NoError(t, s.SetTags(t.Context(), tags))
	o.setTags(tags)
	agree(t, s, o)
	agreeUnder(t, s, o, sightline.TagOver{Name: "new", P: 0.5}, make([]float32, dim))
}

func bigBatch(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	records := make([]vectordb.Record, 500)
	var paths []string
	for i := range records {
		paths = append(paths, fmt.Sprintf("/big/%d/%d.jpg", i%7, i))
		records[i] = at(d, i, paths[i])
		records[i].Features.Patches = []byte(strings.Repeat(strconv.Itoa(i), 3000))
	}
	put(t, s, o, records...)
	agree(t, s, o)
	require.NoError(t, s.RemoveFiles(t.Context(), paths[:400]))
	o.removeFiles(paths[:400])
	agree(t, s, o)
}

// refusedRecords: one bad record refuses the whole call, with CodeInvalid, and nothing of it is stored.
func refusedRecords(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	put(t, s, o, d.records(3)...)
	for name, spoil := range map[string]func(*vectordb.Record){
		"no id":             func(r *vectordb.Record) { r.Image.ID = "" },
		"upper-case id":     func(r *vectordb.Record) { r.Image.ID = sightline.ImageID(strings.Repeat("A", 64)) },
		"relative path":     func(r *vectordb.Record) { r.Image.Files = files("a.jpg") },
		"path not clean":    func(r *vectordb.Record) { r.Image.Files = files("/p/../a.jpg") },
		"empty path":        func(r *vectordb.Record) { r.Image.Files = files("") },
		"path with NUL":     func(r *vectordb.Record) { r.Image.Files = files("/a\x00.jpg") },
		"endless path":      func(r *vectordb.Record) { r.Image.Files = files("/" + strings.Repeat("a", vectordb.MaxPath)) },
		"negative size":     func(r *vectordb.Record) { r.Image.Files = []sightline.File{{Path: "/a.jpg", Size: -1}} },
		"negative width":    func(r *vectordb.Record) { r.Image.Width = -1 },
		"no global vector":  func(r *vectordb.Record) { r.Features.Global = nil },
		"NaN in the vector": func(r *vectordb.Record) { r.Features.Global = []float32{0, 0, 0, 0, 0, float32(math.NaN())} },
		"infinite vector":   func(r *vectordb.Record) { r.Features.Global = []float32{0, 0, 0, 0, 0, float32(math.Inf(-1))} },
		"tag over 1":        func(r *vectordb.Record) { r.Tags = []sightline.Tag{{Name: "dog", Probability: 1.5}} },
		"tag NaN":           func(r *vectordb.Record) { r.Tags = []sightline.Tag{{Name: "dog", Probability: math.NaN()}} },
		"tag twice":         func(r *vectordb.Record) { r.Tags = []sightline.Tag{{Name: "dog"}, {Name: "dog"}} },
		"tag without name":  func(r *vectordb.Record) { r.Tags = []sightline.Tag{{Probability: 1}} },
	} {
		r := d.record(imageID(50))
		spoil(&r)
		err := s.Put(t.Context(), []vectordb.Record{d.record(imageID(51)), r})
		assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err), "%s: %v", name, err)
	}
	wrongTags := map[sightline.ImageID][]sightline.Tag{imageID(1): {{Name: "dog", Probability: -1}}}
	assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(s.SetTags(t.Context(), wrongTags)))
	wrongFiles := map[sightline.ImageID][]sightline.File{imageID(1): files("a.jpg")}
	assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(s.AddFiles(t.Context(), wrongFiles)))
	assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(s.PutBad(t.Context(), []vectordb.BadFile{{}})))
	agree(t, s, o)
}

func modelGuards(t *testing.T, p Place) {
	d := newDice(t)
	s, err := p.Writer()
	require.NoError(t, err)
	defer s.Close()
	stats, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.Zero(t, stats.Model)
	first := d.records(3)
	require.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(s.Put(t.Context(), first)), "no model yet")
	require.Equal(t, sightline.CodeInvalid, sightline.CodeOf(s.SetModel(t.Context(), vectordb.Model{Name: "no fingerprint"})))

	require.NoError(t, s.SetModel(t.Context(), vectordb.Model{Name: "early", Feature: "other", Scoring: "other"}))
	require.NoError(t, s.SetModel(t.Context(), model), "nothing is stored yet")
	o := newOracle()
	put(t, s, o, first...)
	other := vectordb.Model{Name: "other 2", Feature: "other", Scoring: model.Scoring}
	err = s.SetModel(t.Context(), other)
	require.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(err))
	require.ErrorContains(t, err, model.Name)
	long := d.record(imageID(9))
	long.Features.Global = make([]float32, dim+1)
	require.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(s.Put(t.Context(), []vectordb.Record{d.record(imageID(8)), long})))
	_, err = s.Nearest(t.Context(), make([]float32, dim+1), 1, nil)
	require.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(err))
	agree(t, s, o)

	rescored := vectordb.Model{Name: "suite 2", Feature: model.Feature, Scoring: "another"}
	require.NoError(t, s.SetModel(t.Context(), rescored))
	stats, err = s.Stats(t.Context())
	require.NoError(t, err)
	require.Equal(t, rescored, stats.Model)
	agree(t, s, o)

	var paths []string
	for path := range o.files {
		paths = append(paths, path)
	}
	require.NoError(t, s.RemoveFiles(t.Context(), paths))
	require.NoError(t, s.SetModel(t.Context(), other), "nothing is stored any more")
	long.Image.Files = files("/p/long.jpg")
	require.NoError(t, s.Put(t.Context(), []vectordb.Record{long}), "another model may have longer vectors")
	hits, err := s.Nearest(t.Context(), make([]float32, dim+1), 5, nil)
	require.NoError(t, err)
	require.Len(t, hits, 1)
}
