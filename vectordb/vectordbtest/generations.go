package vectordbtest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// nextModel is what the suite's stores change to; its global vectors are of another length.
var nextModel = vectordb.Model{Name: "suite 2", Feature: "next-features", Scoring: "next-scoring"}

// next makes what nextModel says of an image: always the same, so that any number of workers may make it.
func next(id sightline.ImageID) vectordb.Encoded {
	return vectordb.Encoded{
		ID: id, Features: sightline.Features{Global: []float32{float32(id[60]), float32(id[61]), 1, 1}, Patches: []byte("next " + id)},
		Tags: []sightline.Tag{{Name: "next", Probability: 0.5}, {Name: "Oma's garden", Probability: 0.25}},
	}
}

// generationOf begins or goes on with a generation of a model.
func generationOf(t *testing.T, s vectordb.Store, m vectordb.Model) vectordb.Builder {
	t.Helper()
	b, err := s.Build(t.Context(), m)
	require.NoError(t, err)
	return b
}

// missing gives the ids of the images without features after an id.
func missing(t *testing.T, b vectordb.Builder, after sightline.ImageID) []sightline.ImageID {
	t.Helper()
	ids := []sightline.ImageID{}
	for _, img := range all(t, b.Missing(t.Context(), after)) {
		ids = append(ids, img.ID)
	}
	return ids
}

// fill builds the missing images, in pieces, but for the ones that are left out.
func fill(t *testing.T, b vectordb.Builder, except ...sightline.ImageID) {
	t.Helper()
	for ids := range slices.Chunk(missing(t, b, ""), 3) {
		var encoded []vectordb.Encoded
		for _, id := range ids {
			if !slices.Contains(except, id) {
				encoded = append(encoded, next(id))
			}
		}
		require.NoError(t, b.Put(t.Context(), encoded))
	}
}

// asNext gives the oracle the features of nextModel, and unscored user tags.
func (o *oracle) asNext() {
	for id, r := range o.images {
		e := next(id)
		r.Features, r.Tags = e.Features, e.Tags
	}
	for name, tag := range o.own {
		tag.Scored, tag.Complete = "", false
		o.own[name] = tag
	}
}

// switched compares a store whose serving generation is nextModel's with the oracle.
func switched(t *testing.T, s vectordb.Store, o *oracle) {
	t.Helper()
	agreeFacts(t, s, o)
	agreeByID(t, s, o)
	agreeUnder(t, s, o, sightline.TagOver{Name: "next", P: 0.25}, []float32{1, -2, 3, 4})
	stats, err := s.Stats(t.Context())
	require.NoError(t, err)
	assert.Equal(t, nextModel, stats.Model)
}

// states gives the states of the generations in their order, with the images that they have.
func states(t *testing.T, s vectordb.Store) []string {
	t.Helper()
	list, err := s.Generations(t.Context())
	require.NoError(t, err)
	words := []string{}
	for _, g := range list {
		words = append(words, fmt.Sprintf("%s %s %d", g.Model.Name, g.State, g.Images))
	}
	return words
}

// newGeneration: it is built beside the serving one without being seen, survives reopening, and takes over at once.
func newGeneration(t *testing.T, p Place) {
	d, o := newDice(t), newOracle()
	s, err := p.Writer()
	require.NoError(t, err)
	require.NoError(t, s.SetModel(t.Context(), model))
	put(t, s, o, apart(d, 12)...)
	putUserTag(t, s, o, vectordb.UserTag{Name: "Oma's garden", Descriptions: []string{"a garden"}, Scored: imageID(3), Complete: true}, nil)
	beside := reader(t, p)

	b := generationOf(t, s, nextModel)
	ids := o.matching(nil)
	require.Equal(t, ids, missing(t, b, ""))
	require.Equal(t, ids[5:], missing(t, b, ids[4]))
	require.NoError(t, b.Put(t.Context(), []vectordb.Encoded{next(ids[2]), next(ids[0]), next(imageID(999))}))
	require.NoError(t, b.Put(t.Context(), []vectordb.Encoded{next(ids[2])}), "again")
	agree(t, s, o)
	agree(t, beside, o)
	require.NoError(t, s.Close())

	s = writer(t, p)
	b = generationOf(t, s, nextModel)
	require.Equal(t, []string{"suite 1 serving 12", "suite 2 building 2"}, states(t, s))
	require.Equal(t, slices.Concat(ids[1:2], ids[3:]), missing(t, b, ""))
	require.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(s.Switch(t.Context(), b.ID(), false)), "images would be lost")
	agree(t, s, o)
	fill(t, b)
	require.Empty(t, missing(t, b, ""))
	built, count, err := b.Count(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{12, 12}, []int{built, count})
	agree(t, s, o)

	require.NoError(t, s.Switch(t.Context(), b.ID(), false))
	require.NoError(t, s.Switch(t.Context(), b.ID(), false), "it serves already")
	o.asNext()
	switched(t, s, o)
	switched(t, beside, o)
	assert.Equal(t, []string{"suite 2 serving 12", "suite 1 retired 12"}, states(t, beside))
	put(t, s, o, vectordb.Record{Image: at(d, 50, "/apart/later.jpg").Image, Features: next(imageID(50)).Features, Tags: next(imageID(50)).Tags})
	switched(t, beside, o)
}

// changesWhileBuilding: images come and go and user tags are removed meanwhile.
func changesWhileBuilding(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	put(t, s, o, apart(d, 8)...)
	putUserTag(t, s, o, vectordb.UserTag{Name: "Oma's garden", Descriptions: []string{"a garden"}}, nil)
	b := generationOf(t, s, nextModel)
	fill(t, b)
	put(t, s, o, at(d, 20, "/apart/new.jpg"))
	require.NoError(t, s.RemoveFiles(t.Context(), []string{"/apart/3.jpg"}))
	o.removeFiles([]string{"/apart/3.jpg"})
	require.NoError(t, s.RemoveUserTag(t.Context(), "Oma's garden"))
	o.removeUserTag("Oma's garden")
	agree(t, s, o)

	require.Equal(t, []sightline.ImageID{imageID(20)}, missing(t, b, ""))
	require.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(s.Switch(t.Context(), b.ID(), false)))
	fill(t, b)
	require.NoError(t, s.Switch(t.Context(), b.ID(), false))
	hits, err := s.ByTag(t.Context(), "Oma's garden", 0, nil)
	require.NoError(t, err)
	for _, hit := range hits {
		assert.Equal(t, imageID(20), hit.ID, "a removed tag is off in every generation, but for what was scored later")
	}
	assert.Equal(t, o.matching(nil), must(s.IDs(t.Context(), nil)))
}

// partialSwitch: what a generation lacks stays known and is filled in later.
func partialSwitch(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	put(t, s, o, apart(d, 6)...)
	b := generationOf(t, s, nextModel)
	fill(t, b, imageID(2), imageID(4))
	require.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(s.Switch(t.Context(), b.ID(), false)))
	require.NoError(t, s.Switch(t.Context(), b.ID(), true))
	agreeFacts(t, s, o)
	hits, err := s.Nearest(t.Context(), make([]float32, 4), 100, nil)
	require.NoError(t, err)
	assert.Len(t, hits, 4)
	features, err := s.Features(t.Context(), []sightline.ImageID{imageID(1), imageID(2)})
	require.NoError(t, err)
	assert.Len(t, features, 1)
	tag := vectordb.UserTag{Name: "own", Descriptions: []string{"own"}}
	require.NoError(t, s.PutUserTag(t.Context(), tag, map[sightline.ImageID]float64{imageID(2): 0.5}), "an image without features")
	o.putUserTag(tag, nil)

	fill(t, generationOf(t, s, nextModel)) // the serving one
	assert.Equal(t, []string{"suite 2 serving 6", "suite 1 retired 6"}, states(t, s))
	before := o.userTags()
	o.asNext()
	o.own[tag.Name] = before[0]
	switched(t, s, o)
}

// backAndAway: a retired generation can serve again, and be dropped; a dropped builder says so.
func backAndAway(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	put(t, s, o, apart(d, 5)...)
	first := must(s.Generations(t.Context()))[0].ID
	require.NoError(t, s.Switch(t.Context(), first, false))
	require.Equal(t, sightline.CodeInvalid, sightline.CodeOf(s.Drop(t.Context(), first)), "it serves")
	require.Equal(t, sightline.CodeNotFound, sightline.CodeOf(s.Switch(t.Context(), "no such generation", true)))
	require.NoError(t, s.Drop(t.Context(), "no such generation"))

	b := generationOf(t, s, nextModel)
	_, err := s.Build(t.Context(), vectordb.Model{Name: "third", Feature: "third", Scoring: "third"})
	require.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(err), "one at a time")
	require.ErrorContains(t, err, nextModel.Name)
	_, err = s.Build(t.Context(), vectordb.Model{Name: "none"})
	require.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err))
	fill(t, b)
	require.NoError(t, s.Switch(t.Context(), b.ID(), false))
	require.NoError(t, s.Switch(t.Context(), first, false))
	agree(t, s, o)
	assert.Equal(t, b.ID(), generationOf(t, s, nextModel).ID(), "a retired one is gone on with")
	require.NoError(t, s.Drop(t.Context(), b.ID()))
	require.NoError(t, s.Drop(t.Context(), b.ID()))
	assert.Equal(t, []string{"suite 1 serving 5"}, states(t, s))
	agree(t, s, o)
	for name, err := range everyBuilderMethod(t.Context(), b) {
		assert.Equal(t, sightline.CodeNotFound, sightline.CodeOf(err), name)
	}
	assert.NotEqual(t, b.ID(), generationOf(t, s, nextModel).ID(), "a new one")
}

func everyBuilderMethod(ctx context.Context, b vectordb.Builder) map[string]error {
	errs := map[string]error{"Put": b.Put(ctx, []vectordb.Encoded{next(imageID(1))})}
	_, _, errs["Count"] = b.Count(ctx)
	for _, err := range b.Missing(ctx, "") {
		errs["Missing"] = err
	}
	return errs
}

// pinned: a handle that is bound to a model never gives or takes another model's features.
func pinned(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	old, now, early := reader(t, p), reader(t, p), reader(t, p)
	early.Pin(model)
	now.Pin(nextModel)
	old.Pin(model)
	put(t, s, o, apart(d, 6)...)
	agree(t, early, o)
	agree(t, old, o)
	requireMismatch(t, now)
	b := generationOf(t, s, nextModel)
	fill(t, b)
	requireMismatch(t, now)
	require.NoError(t, s.Switch(t.Context(), b.ID(), false))
	agreeByID(t, old, o) // from the retired one
	agreeUnder(t, old, o, sightline.TagOver{Name: "dog", P: 0.25}, d.vector())
	assert.Equal(t, model, must(old.Stats(t.Context())).Model)
	retired := must(s.Generations(t.Context()))[1].ID
	require.NoError(t, s.Drop(t.Context(), retired))
	requireMismatch(t, old)
	assert.Equal(t, nextModel, must(old.Stats(t.Context())).Model)
	require.Len(t, all(t, old.Images(t.Context(), nil, vectordb.ByID)), 6, "facts are everybody's")
	o.asNext()
	switched(t, now, o)

	s.Pin(model)
	tag := vectordb.UserTag{Name: "own", Descriptions: []string{"own"}}
	for name, err := range map[string]error{
		"Put":        s.Put(t.Context(), []vectordb.Record{at(d, 1, "/apart/1.jpg")}),
		"SetTags":    s.SetTags(t.Context(), map[sightline.ImageID][]sightline.Tag{imageID(1): nil}),
		"PutUserTag": s.PutUserTag(t.Context(), tag, map[sightline.ImageID]float64{imageID(1): 1}),
	} {
		assert.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(err), name)
	}
	switched(t, now, o)
	putUserTag(t, s, o, tag, nil)
	s.Pin(nextModel)
	switched(t, s, o)
}

// requireMismatch: whatever needs features or probabilities is refused.
func requireMismatch(t *testing.T, s vectordb.Store) {
	t.Helper()
	ctx, dogs := t.Context(), sightline.TagOver{Name: "dog", P: 0.5}
	errs := map[string]error{}
	_, errs["Nearest"] = s.Nearest(ctx, make([]float32, dim), 1, nil)
	_, errs["ByTag"] = s.ByTag(ctx, "dog", 1, nil)
	_, errs["Features"] = s.Features(ctx, []sightline.ImageID{imageID(1)})
	_, errs["Tags"] = s.Tags(ctx, []sightline.ImageID{imageID(1)})
	_, errs["Count"] = s.Count(ctx, dogs)
	_, errs["IDs"] = s.IDs(ctx, dogs)
	_, errs["ByText"] = s.ByText(ctx, "jpg", 1, dogs)
	for _, err := range s.Images(ctx, dogs, vectordb.ByID) {
		errs["Images"] = err
	}
	for name, err := range errs {
		assert.Equal(t, sightline.CodeIndexMismatch, sightline.CodeOf(err), "%s: %v", name, err)
	}
}

// refusedEncoded: what is wrong refuses the whole call and nothing of it is stored.
func refusedEncoded(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	put(t, s, o, apart(d, 3)...)
	b := generationOf(t, s, nextModel)
	good := next(imageID(0))
	require.NoError(t, b.Put(t.Context(), []vectordb.Encoded{good}))
	for name, c := range map[string]struct {
		change func(*vectordb.Encoded)
		code   sightline.Code
	}{
		"no vector":       {func(e *vectordb.Encoded) { e.Features.Global = nil }, sightline.CodeInvalid},
		"other length":    {func(e *vectordb.Encoded) { e.Features.Global = []float32{1} }, sightline.CodeIndexMismatch},
		"tag over 1":      {func(e *vectordb.Encoded) { e.Tags = []sightline.Tag{{Name: "dog", Probability: 2}} }, sightline.CodeInvalid},
		"tag comes twice": {func(e *vectordb.Encoded) { e.Tags = append(e.Tags, e.Tags...) }, sightline.CodeInvalid},
	} {
		bad := next(imageID(2))
		c.change(&bad)
		err := b.Put(t.Context(), []vectordb.Encoded{next(imageID(1)), bad})
		assert.Equal(t, c.code, sightline.CodeOf(err), "%s: %v", name, err)
	}
	assert.ElementsMatch(t, []sightline.ImageID{imageID(1), imageID(2)}, missing(t, b, ""))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range everyBuilderMethod(ctx, b) {
		require.ErrorIs(t, err, context.Canceled, name)
	}
	agree(t, s, o)
}

// must gives the value of a call that does not fail; a failure ends the suite.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
