package vectordbtest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// readersWhileSwitching: generations change places while everybody reads. Every answer is one generation's, and a pinned
// handle's always its own one's.
func readersWhileSwitching(t *testing.T, p Place) {
	d, s := newDice(t), writer(t, p)
	var records []vectordb.Record
	for _, r := range apart(d, 12) {
		r.Tags = []sightline.Tag{{Name: "first", Probability: 0.5}}
		records = append(records, r)
	}
	require.NoError(t, s.Put(t.Context(), records))
	first := must(s.Generations(t.Context()))[0].ID
	b := generationOf(t, s, nextModel)
	fill(t, b)
	old, now := reader(t, p), reader(t, p)
	require.NoError(t, s.Switch(t.Context(), b.ID(), false)) // from here on there is always one of either model
	old.Pin(model)
	now.Pin(nextModel)

	var readers sync.WaitGroup
	done := make(chan struct{})
	for _, read := range []func(){
		func() { readOneModel(t, old, "first", dim) },
		func() { readOneModel(t, now, "next", len(next(imageID(0)).Features.Global)) },
		func() { readEither(t, s) },
	} {
		readers.Go(func() {
			for running := true; running; {
				select {
				case <-done:
					running = false // once more, and then it is over
				default:
				}
				read()
			}
		})
	}
	defer readers.Wait()
	defer close(done)
	for n := range 16 {
		require.NoError(t, s.Switch(t.Context(), []string{first, b.ID()}[n%2], false))
	}
}

// readOneModel reads on a pinned handle, whose model's images carry the tag and vectors of the length.
func readOneModel(t *testing.T, s vectordb.Store, tag string, length int) {
	ctx := context.Background() // the readers may outlast the test's own
	hits, err := s.ByTag(ctx, tag, 0, nil)
	near, err2 := s.Nearest(ctx, make([]float32, length), 100, sightline.TagOver{Name: tag, P: 0.25})
	if assert.NoError(t, errors.Join(err, err2)) { // not require: this is not the test's own goroutine
		assert.Len(t, hits, 12)
		assert.Len(t, near, 12)
	}
	features, err := s.Features(ctx, []sightline.ImageID{imageID(1), imageID(2)})
	if assert.NoError(t, err) && assert.Len(t, features, 2) {
		assert.Len(t, features[imageID(1)].Global, length)
		assert.Len(t, features[imageID(2)].Global, length)
	}
}

// readEither reads on a handle that is not pinned.
func readEither(t *testing.T, s vectordb.Store) {
	ctx := context.Background()
	hits, err := s.ByTag(ctx, "next", 0, nil)
	if assert.NoError(t, err) {
		assert.Contains(t, []int{0, 12}, len(hits))
	}
	features, err := s.Features(ctx, []sightline.ImageID{imageID(1), imageID(2)})
	if assert.NoError(t, err) && assert.Len(t, features, 2) {
		assert.Len(t, features[imageID(1)].Global, len(features[imageID(2)].Global), "both are of one generation")
	}
	list, err := s.Generations(ctx)
	if assert.NoError(t, err) && assert.Len(t, list, 2) {
		assert.Equal(t, []vectordb.GenerationState{vectordb.Serving, vectordb.Retired}, []vectordb.GenerationState{list[0].State, list[1].State})
	}
}
