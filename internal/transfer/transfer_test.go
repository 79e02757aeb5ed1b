package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/progress"
	"github.com/sightline-search/sightline/internal/transfer"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

var model = vectordb.Model{Name: "test 1", Feature: "feature", Scoring: "scoring"}

func open(t *testing.T) vectordb.Store {
	t.Helper()
	s, err := embedded.Open(t.TempDir(), embedded.ReadWrite)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func id(n int) sightline.ImageID { return sightline.ImageID(fmt.Sprintf("%064x", n)) }

func record(n int) vectordb.Record {
	r := rand.New(rand.NewPCG(uint64(n), 0))
	img := sightline.Image{
		ID: id(n), Format: "jpeg", Width: n, Height: 3, Camera: "größe \xff", IndexedAt: time.Unix(int64(n), 0),
		Files: []sightline.File{{Path: fmt.Sprintf("/photos/%d \xff.jpg", n), Size: int64(n), ModTime: time.Unix(1<<33, int64(n))}},
	}
	if n%3 == 0 {
		img.TakenAt = time.Unix(-int64(n), 0)
		img.Files = append(img.Files, sightline.File{Path: fmt.Sprintf("/again/%d.jpg", n)})
	}
	return vectordb.Record{
		Image: img, Features: sightline.Features{Global: []float32{r.Float32(), r.Float32()}, Patches: []byte{byte(n), 1}},
		Tags: []sightline.Tag{{Name: "dog", Probability: r.Float64()}, {Name: "own", Probability: r.Float64()}},
	}
}

// filled makes a store of n images, some bad files and a user's tag.
func filled(t *testing.T, n int) vectordb.Store {
	t.Helper()
	s := open(t)
	require.NoError(t, s.SetModel(t.Context(), model))
	var records []vectordb.Record
	for i := range n {
		records = append(records, record(i))
	}
	require.NoError(t, s.Put(t.Context(), records))
	threshold := 0.25
	require.NoError(t, s.PutUserTag(t.Context(), vectordb.UserTag{
		Name: "own", Descriptions: []string{"mine", "ours"}, Threshold: &threshold, Scoring: model.Scoring, Scored: id(7),
	}, nil))
	for i := range 70 {
		bad := vectordb.BadFile{File: sightline.File{Path: fmt.Sprintf("/bad/%d.jpg", i)}, Code: sightline.CodeImageCorrupt, Reason: "truncated"}
		require.NoError(t, s.PutBad(t.Context(), []vectordb.BadFile{bad}))
	}
	return s
}

func copyTo(t *testing.T, from, to vectordb.Store) (transfer.Report, error) {
	t.Helper()
	return transfer.Copy(t.Context(), from, to, func(string, string) progress.Reporter { return progress.Silent() })
}

func TestACopyHoldsEverything(t *testing.T) {
	from, to := filled(t, 150), open(t)
	report, err := copyTo(t, from, to)
	require.NoError(t, err)
	assert.Equal(t, [6]int{150, 200, 70, 1, 150, 0},
		[6]int{report.Images, report.Files, report.BadFiles, report.UserTags, report.Copied, report.Unchanged})
	assert.Len(t, report.Checksum, 64)
	for _, s := range []vectordb.Store{from, to} {
		hits, err := s.Nearest(t.Context(), []float32{1, 0.5}, 3, sightline.TagOver{Name: "own", P: 0.5})
		require.NoError(t, err)
		require.Len(t, hits, 3)
		images, err := s.Get(t.Context(), []sightline.ImageID{id(3)})
		require.NoError(t, err)
		assert.Len(t, images[0].Files, 2)
		tags, err := s.UserTags(t.Context())
		require.NoError(t, err)
		assert.Equal(t, id(7), tags[0].Scored)
	}

	again, err := copyTo(t, from, to)
	require.NoError(t, err)
	assert.Equal(t, [2]int{0, 150}, [2]int{again.Copied, again.Unchanged})
	assert.Equal(t, report.Checksum, again.Checksum)
	back, err := copyTo(t, to, open(t))
	require.NoError(t, err)
	assert.Equal(t, report.Checksum, back.Checksum)
}

func TestAnEmptyIndexIsCopied(t *testing.T) {
	report, err := copyTo(t, open(t), open(t))
	require.NoError(t, err)
	assert.Zero(t, report.Images)
}

// failing is a store whose disk is full after some batches.
type failing struct {
	vectordb.Store
	left int
}

var errFull = errors.New("the disk is full")

func (f *failing) Put(ctx context.Context, records []vectordb.Record) error {
	if f.left--; f.left < 0 {
		return errFull
	}
	return f.Store.Put(ctx, records)
}

func TestAnInterruptedCopyIsGoneOnWith(t *testing.T) {
	from, to := filled(t, 200), open(t)
	_, err := copyTo(t, from, &failing{Store: to, left: 2})
	require.ErrorIs(t, err, errFull)
	report, err := copyTo(t, from, to)
	require.NoError(t, err)
	assert.Equal(t, [2]int{72, 128}, [2]int{report.Copied, report.Unchanged})
}

func TestWhatHasChangedIsCopiedAgain(t *testing.T) {
	from, to := filled(t, 10), open(t)
	_, err := copyTo(t, from, to)
	require.NoError(t, err)
	changed := record(3)
	changed.Features.Patches = []byte("others")
	require.NoError(t, from.Put(t.Context(), []vectordb.Record{changed}))
	require.NoError(t, from.RemoveFiles(t.Context(), []string{"/again/6.jpg"}))
	report, err := copyTo(t, from, to)
	require.NoError(t, err)
	assert.Equal(t, [2]int{2, 8}, [2]int{report.Copied, report.Unchanged})
	images, err := to.Get(t.Context(), []sightline.ImageID{id(6)})
	require.NoError(t, err)
	assert.Len(t, images[0].Files, 1)
}

func TestCopiesThatAreRefused(t *testing.T) {
	from := filled(t, 3)
	foreign := filled(t, 5)
	_, err := copyTo(t, from, foreign)
	assert.Equal(t, sightline.CodeNameTaken, sightline.CodeOf(err), "images that the original does not know")

	other := open(t)
	require.NoError(t, other.SetModel(t.Context(), vectordb.Model{Name: "other", Feature: "other"}))
	require.NoError(t, other.Put(t.Context(), []vectordb.Record{record(1)}))
	_, err = copyTo(t, from, other)
	assert.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(err), "another model's features")

	more := open(t)
	require.NoError(t, more.PutUserTag(t.Context(), vectordb.UserTag{Name: "more", Descriptions: []string{"more"}}, nil))
	_, err = copyTo(t, from, more)
	assert.Equal(t, sightline.CodeChanged, sightline.CodeOf(err), "the copy would hold more")
	assert.ErrorContains(t, err, "2 tags")
}

// lying is a store that changes a bit of what it is given.
type lying struct{ vectordb.Store }

func (l lying) Put(ctx context.Context, records []vectordb.Record) error {
	last := &records[len(records)-1]
	last.Features.Patches = append([]byte{last.Features.Patches[0] ^ 1}, last.Features.Patches[1:]...)
	return l.Store.Put(ctx, records)
}

func TestACopyThatDiffersIsNoCopy(t *testing.T) {
	_, err := copyTo(t, filled(t, 5), lying{open(t)})
	require.Equal(t, sightline.CodeChanged, sightline.CodeOf(err))
}

func TestImagesWithoutFeaturesAreTold(t *testing.T) {
	from := filled(t, 4)
	next := vectordb.Model{Name: "next", Feature: "next", Scoring: "next"}
	b, err := from.Build(t.Context(), next)
	require.NoError(t, err)
	require.NoError(t, b.Put(t.Context(), []vectordb.Encoded{{ID: id(2), Features: sightline.Features{Global: []float32{1}}}}))
	require.NoError(t, from.Switch(t.Context(), b.ID(), true))
	report, err := copyTo(t, from, open(t))
	require.NoError(t, err)
	assert.Equal(t, []string{string(id(0)), string(id(1)), string(id(3))}, report.Left)
	assert.Equal(t, 1, report.Images)
}
