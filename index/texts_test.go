package index_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/cache"
	"github.com/sightline-search/sightline/index"
)

// watched is a cache that tells what is asked of it, and can hold questions up.
type watched struct {
	cache.Cache
	asked chan []string // every question; nil is not told
	hold  chan struct{} // a question is answered when it is closed; nil holds nothing up

	mu  sync.Mutex
	set []cache.Entry
}

func (w *watched) GetMany(ctx context.Context, keys []string) [][]byte {
	if w.asked != nil {
		w.asked <- keys
	}
	if w.hold != nil {
		<-w.hold
	}
	return w.Cache.GetMany(ctx, keys)
}

func (w *watched) Set(ctx context.Context, key string, value []byte) {
	w.mu.Lock()
	w.set = append(w.set, cache.Entry{Key: key, Value: value})
	w.mu.Unlock()
	w.Cache.Set(ctx, key, value)
}

// encodings counts the texts that were encoded, by key.
func (w *watched) encodings() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := map[string]int{}
	for _, e := range w.set {
		n[e.Key]++
	}
	return n
}

func withCache(p index.Parts) (index.Parts, *watched) {
	w := &watched{Cache: cache.NewLRU(1 << 20)}
	p.Cache = w
	return p, w
}

const threeTexts = "a zebra in the mist AND an old steam engine AND NOT a bowl of noodles"

func TestAQueryOfSeveralTermsAsksTheCacheOnce(t *testing.T) {
	p, w := withCache(parts(t))
	w.asked = make(chan []string, 10)
	x := index.New(p)
	for range 2 {
		_, err := x.Search(t.Context(), index.Request{Query: threeTexts})
		require.NoError(t, err)
		assert.Len(t, <-w.asked, 3)
		assert.Empty(t, w.asked)
		assert.Len(t, w.encodings(), 3, "the second time everything is there")
	}
}

func TestTheCacheIsNotToldWhatPeopleSearchFor(t *testing.T) {
	p, w := withCache(parts(t))
	_, err := index.New(p).Search(t.Context(), index.Request{Query: threeTexts})
	require.NoError(t, err)
	for key := range w.encodings() {
		for word := range strings.FieldsSeq(threeTexts) {
			assert.NotContains(t, key, " "+word)
		}
		assert.Contains(t, key, string(p.Bundle.Manifest.ScoringFingerprint))
	}
}

func TestATextThatManyWantIsEncodedOnce(t *testing.T) {
	p, w := withCache(parts(t))
	w.hold = make(chan struct{})
	w.asked = make(chan []string, 100)
	x := index.New(p)
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			_, err := x.Search(t.Context(), index.Request{Query: fmt.Sprintf("an old steam engine AND a zebra in the mist number %d", i%3)})
			assert.NoError(t, err)
		})
	}
	for range 2 { // two of them at least are past announcing their texts
		<-w.asked
	}
	close(w.hold)
	group.Wait()
	encodings := w.encodings()
	assert.Len(t, encodings, 4)
	for key, n := range encodings {
		assert.Equal(t, 1, n, key)
	}
}

func TestASearchThatLeavesHarmsNoOther(t *testing.T) {
	p, w := withCache(parts(t))
	w.hold, w.asked = make(chan struct{}), make(chan []string, 10)
	x := index.New(p)
	search := func(ctx context.Context) chan error {
		ended := make(chan error, 1)
		go func() {
			_, err := x.Search(ctx, index.Request{Query: "a zebra in the mist"})
			ended <- err
		}()
		<-w.asked // it has announced its text
		return ended
	}
	first, leave := context.WithCancel(t.Context())
	leaving, staying := search(first), search(t.Context())
	leave()
	close(w.hold)
	require.ErrorIs(t, <-leaving, context.Canceled)
	require.NoError(t, <-staying)
	assert.Len(t, w.encodings(), 1)
}

func TestValuesOfAnotherShapeAreNotUsed(t *testing.T) {
	p, w := withCache(parts(t))
	request := index.Request{Query: "a zebra in the mist"}
	want, err := index.New(p).Search(t.Context(), request)
	require.NoError(t, err)
	require.Len(t, w.set, 1)
	good := w.set[0]
	for name, bad := range map[string][]byte{
		"nothing": {}, "three bytes": {1, 2, 3}, "a number too few": good.Value[:len(good.Value)-4], "a number too many": append(slices.Clip(good.Value), 0, 0, 0, 0),
		"another vector length": append([]byte{1, 0, 0, 0}, good.Value[4:]...),
	} {
		q, again := withCache(p)
		again.Cache.Set(t.Context(), good.Key, bad)
		got, err := index.New(q).Search(t.Context(), request)
		require.NoError(t, err, name)
		assert.Equal(t, want.Results, got.Results, name)
		assert.Equal(t, 1, again.encodings()[good.Key], name)
	}
}

func TestAnotherModelHasOtherKeys(t *testing.T) {
	p, w := withCache(parts(t))
	for _, fingerprint := range []string{"one", "two"} {
		changed := withModel(p, func(m *bundle.Manifest) { m.ScoringFingerprint = sightline.Fingerprint(fingerprint) })
		_, err := index.New(changed).Search(t.Context(), index.Request{Query: "a zebra in the mist"})
		require.NoError(t, err)
	}
	assert.Len(t, w.encodings(), 2)
}
