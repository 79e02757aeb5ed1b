package vectordbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// randomOperations changes a store at random, opens it anew now and then, and compares it with the oracle throughout,
// once as the writer sees it and once as a reader beside it does.
func randomOperations(t *testing.T, p Place) {
	d, o := newDice(t), newOracle()
	s, err := p.Writer()
	require.NoError(t, err)
	defer func() { _ = s.Close() }()
	require.NoError(t, s.SetModel(t.Context(), model))
	beside := reader(t, p)
	for step := range 50 {
		if d.IntN(10) == 0 {
			require.NoError(t, s.Close())
			s, err = p.Writer()
			require.NoError(t, err)
		}
		operation := d.operation(t, s, o)
		agree(t, s, o)
		agree(t, beside, o)
		agreeUnder(t, beside, o, d.filter(2), d.vector())
		if t.Failed() {
			t.Logf("after step %d: %s", step, operation)
			return
		}
	}
}

// operation does one random thing to both.
func (d dice) operation(t *testing.T, s vectordb.Store, o *oracle) string {
	t.Helper()
	switch d.IntN(8) {
	case 0, 1:
		put(t, s, o, some(d, 6, func() vectordb.Record { return d.record(d.id()) })...)
		return "Put"
	case 2:
		tags := map[sightline.ImageID][]sightline.Tag{d.id(): d.tags(), d.id(): d.tags()}
		require.NoError(t, s.SetTags(t.Context(), tags))
		o.setTags(tags)
		return "SetTags"
	case 3:
		places := map[sightline.ImageID][]sightline.File{d.id(): some(d, 3, d.file), d.id(): some(d, 3, d.file)}
		require.NoError(t, s.AddFiles(t.Context(), places))
		o.addFiles(places)
		return "AddFiles"
	case 4:
		bad := some(d, 3, func() vectordb.BadFile {
			return vectordb.BadFile{File: d.file(), Code: sightline.CodeImageCorrupt, Reason: pick(d, names)}
		})
		require.NoError(t, s.PutBad(t.Context(), bad))
		o.putBad(bad)
		return "PutBad"
	case 5, 6:
		return d.changeUserTags(t, s, o)
	default:
		paths := some(d, 12, d.path)
		require.NoError(t, s.RemoveFiles(t.Context(), paths))
		o.removeFiles(paths)
		return "RemoveFiles"
	}
}

// finishedContext: every method gives the context's error, and writes nothing.
func finishedContext(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	put(t, s, o, d.records(5)...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range everyMethod(ctx, s, d) {
		require.ErrorIs(t, err, context.Canceled, name)
	}
	agree(t, s, o)
}

// everyMethod calls all methods but Close and gives their errors.
func everyMethod(ctx context.Context, s vectordb.Store, d dice) map[string]error {
	id := imageID(1)
	errs := map[string]error{
		"Put":           s.Put(ctx, d.records(2)),
		"SetTags":       s.SetTags(ctx, map[sightline.ImageID][]sightline.Tag{id: nil}),
		"AddFiles":      s.AddFiles(ctx, map[sightline.ImageID][]sightline.File{id: files("/new.jpg")}),
		"RemoveFiles":   s.RemoveFiles(ctx, []string{"/photos/a.jpg"}),
		"PutBad":        s.PutBad(ctx, []vectordb.BadFile{{File: files("/bad.jpg")[0]}}),
		"PutUserTag":    s.PutUserTag(ctx, vectordb.UserTag{Name: "own", Descriptions: []string{"own"}}, map[sightline.ImageID]float64{id: 1}),
		"RemoveUserTag": s.RemoveUserTag(ctx, "own"),
		"SetModel":      s.SetModel(ctx, vectordb.Model{Name: "later", Feature: model.Feature}),
	}
	_, errs["Nearest"] = s.Nearest(ctx, make([]float32, dim), 1, nil)
	_, errs["ByTag"] = s.ByTag(ctx, "dog", 1, nil)
	_, errs["ByText"] = s.ByText(ctx, "dog", 1, nil)
	_, errs["Count"] = s.Count(ctx, nil)
	_, errs["IDs"] = s.IDs(ctx, nil)
	_, errs["Get"] = s.Get(ctx, []sightline.ImageID{id})
	_, errs["Features"] = s.Features(ctx, []sightline.ImageID{id})
	_, errs["Tags"] = s.Tags(ctx, []sightline.ImageID{id})
	_, errs["UserTags"] = s.UserTags(ctx)
	_, errs["Stats"] = s.Stats(ctx)
	_, errs["Generations"] = s.Generations(ctx)
	_, errs["Build"] = s.Build(ctx, nextModel)
	errs["Switch"] = s.Switch(ctx, "1", true)
	errs["Drop"] = s.Drop(ctx, "no such generation")
	for _, err := range s.Images(ctx, nil, vectordb.ByID) {
		errs["Images"] = err
	}
	for _, err := range s.Files(ctx, "/") {
		errs["Files"] = err
	}
	for _, err := range s.BadFiles(ctx, "/") {
		errs["BadFiles"] = err
	}
	return errs
}

func loops(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	put(t, s, o, d.records(20)...)
	seen := 0
	for img, err := range s.Images(t.Context(), nil, vectordb.ByID) {
		require.NoError(t, err)
		got, err := s.Get(t.Context(), []sightline.ImageID{img.ID, img.ID})
		require.NoError(t, err)
		assert.Equal(t, []*sightline.Image{img, img}, got, "asked for twice, given twice")
		for _, err := range s.Files(t.Context(), "/") {
			require.NoError(t, err)
			break
		}
		require.NoError(t, s.SetTags(t.Context(), map[sightline.ImageID][]sightline.Tag{img.ID: nil}))
		o.setTags(map[sightline.ImageID][]sightline.Tag{img.ID: nil})
		if seen++; seen == 5 {
			break
		}
	}
	agree(t, s, o)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range s.Images(ctx, nil, vectordb.ByID) {
		cancel()
		last = err
	}
	if last != nil { // a driver that reads ahead may come to the end before it notices
		assert.ErrorIs(t, last, context.Canceled)
	}
}

func readerBesideWriter(t *testing.T, p Place) {
	d, o := newDice(t), newOracle()
	early := reader(t, p) // before there is anything
	agree(t, early, o)
	s := writer(t, p)
	for range 5 {
		put(t, s, o, d.records(8)...)
		agree(t, early, o)
		agree(t, reader(t, p), o)
	}
	require.Error(t, early.Put(t.Context(), d.records(1)), "a reader does not write")
	agree(t, s, o)
}

func oneWriter(t *testing.T, p Place) {
	first, err := p.Writer()
	require.NoError(t, err)
	_, err = p.Writer()
	require.Equal(t, sightline.CodeIndexLocked, sightline.CodeOf(err))
	require.ErrorContains(t, err, strconv.Itoa(os.Getpid()), "the holder is named")
	require.NoError(t, first.SetModel(t.Context(), model), "the first one goes on")
	require.NoError(t, first.Close())
	writer(t, p)
}

func closedStore(t *testing.T, p Place) {
	s, err := p.Writer()
	require.NoError(t, err)
	require.NoError(t, s.SetModel(t.Context(), model))
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	for name, err := range everyMethod(t.Context(), s, newDice(t)) {
		assert.Error(t, err, name)
	}
}

// readersAndWriter: while images are put in pairs that belong together, and removed again, every reader sees a store
// that makes sense, and what a finished Put stored is there.
func readersAndWriter(t *testing.T, p Place) {
	d, s := newDice(t), writer(t, p)
	pair := func(n int) []vectordb.Record {
		a, b := at(d, 2*n, fmt.Sprintf("/p/%d-a.jpg", n)), at(d, 2*n+1, fmt.Sprintf("/p/%d-b.jpg", n))
		a.Tags, b.Tags = []sightline.Tag{{Name: "dog", Probability: 1}}, []sightline.Tag{{Name: "dog", Probability: 0.5}}
		return []vectordb.Record{a, b}
	}
	var readers sync.WaitGroup
	done := make(chan struct{})
	for _, from := range []vectordb.Store{s, s, reader(t, p)} {
		readers.Go(func() {
			for running := true; running; {
				select {
				case <-done:
					running = false // once more, and then it is over
				default:
				}
				readOnce(t, from)
			}
		})
	}
	defer readers.Wait()
	defer close(done)
	for n := range 60 {
		require.NoError(t, s.Put(t.Context(), pair(n)))
		features, err := s.Features(t.Context(), []sightline.ImageID{imageID(2 * n), imageID(2*n + 1)})
		require.NoError(t, err)
		require.Len(t, features, 2)
		if n%3 == 0 {
			require.NoError(t, s.RemoveFiles(t.Context(), []string{fmt.Sprintf("/p/%d-a.jpg", n), fmt.Sprintf("/p/%d-b.jpg", n)}))
		}
	}
}

func readOnce(t *testing.T, s vectordb.Store) {
	ctx := context.Background() // the readers may outlast the test's own
	hits, err := s.Nearest(ctx, make([]float32, dim), 7, sightline.TagOver{Name: "dog", P: 0.75})
	byTag, err2 := s.ByTag(ctx, "dog", 0, nil)
	if assert.NoError(t, errors.Join(err, err2)) { // not require: this is not the test's own goroutine
		assert.LessOrEqual(t, len(hits), 7)
		assert.Zero(t, len(byTag)%2, "a pair is stored whole or not at all")
	}
	for img, err := range s.Images(ctx, nil, vectordb.Newest) {
		if assert.NoError(t, err) {
			assert.Len(t, img.Files, 1)
		}
	}
}
