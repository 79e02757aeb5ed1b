package vectordbtest

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// own are the names of the suite's user tags; one of them is also a label, which a store need not know.
var own = []string{"Oma's garden", "dog", "庭 ☘", "100% 'quoted' \"tag\""}

func (d dice) userTag() vectordb.UserTag {
	tag := vectordb.UserTag{
		Name: pick(d, own), Descriptions: append(some(d, 3, func() string { return pick(d, texts) }), "a garden"),
		Scoring: pick(d, []sightline.Fingerprint{"", model.Scoring}), Scored: pick(d, []sightline.ImageID{"", d.id()}), Complete: d.IntN(2) == 0,
	}
	if d.IntN(2) == 0 {
		threshold := float64(d.IntN(5)) / 4
		tag.Threshold = &threshold
	}
	return tag
}

// changeUserTags does one random thing to the user's tags of both.
func (d dice) changeUserTags(t *testing.T, s vectordb.Store, o *oracle) string {
	t.Helper()
	if d.IntN(4) == 0 {
		name := pick(d, own)
		require.NoError(t, s.RemoveUserTag(t.Context(), name))
		o.removeUserTag(name)
		return "RemoveUserTag"
	}
	tag, probabilities := d.userTag(), map[sightline.ImageID]float64{}
	for range d.IntN(12) {
		probabilities[d.id()] = float64(d.IntN(5)) / 4
	}
	putUserTag(t, s, o, tag, probabilities)
	return "PutUserTag"
}

func putUserTag(t *testing.T, s vectordb.Store, o *oracle, tag vectordb.UserTag, probabilities map[sightline.ImageID]float64) {
	t.Helper()
	require.NoError(t, s.PutUserTag(t.Context(), tag, probabilities))
	o.putUserTag(tag, probabilities)
}

// apart makes n records with a path of their own each, so that all of them stay.
func apart(d dice, n int) []vectordb.Record {
	records := make([]vectordb.Record, n)
	for i := range records {
		records[i] = at(d, i, fmt.Sprintf("/apart/%d.jpg", i))
	}
	return records
}

// userTagApart: scoring one tag keeps all others of an image, and changing a threshold keeps all probabilities.
func userTagApart(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	put(t, s, o, apart(d, 12)...)
	tag := vectordb.UserTag{Name: "Oma's garden", Descriptions: []string{"a garden", "an old garden with roses"}, Scoring: model.Scoring}
	putUserTag(t, s, o, tag, nil)
	agree(t, s, o)
	tag.Scored = imageID(3)
	putUserTag(t, s, o, tag, map[sightline.ImageID]float64{imageID(1): 0.75, imageID(2): 0.25, imageID(3): 0.5, imageID(99): 1})
	agree(t, s, o)
	agreeUnder(t, s, o, sightline.TagOver{Name: tag.Name, P: 0.25}, d.vector())
	threshold := 0.5
	tag.Threshold, tag.Complete = &threshold, true
	putUserTag(t, s, o, tag, map[sightline.ImageID]float64{imageID(2): 0, imageID(3): 1}) // off one image, changed on another
	agree(t, s, o)
	tag.Threshold = nil
	putUserTag(t, s, o, tag, nil)
	agree(t, s, o)
	hits, err := s.ByTag(t.Context(), tag.Name, 0, nil)
	require.NoError(t, err)
	assert.Equal(t, []vectordb.Scored{{ID: imageID(3), Score: 1}, {ID: imageID(1), Score: 0.75}}, hits)
	put(t, s, o, apart(d, 2)[1]) // a record has all tags of its image
	agree(t, s, o)
	agree(t, reader(t, p), o)
}

func removedUserTag(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	put(t, s, o, apart(d, 12)...)
	before := o.userTags()
	probabilities := map[sightline.ImageID]float64{}
	for i := range 12 {
		probabilities[imageID(i)] = 0.5
	}
	putUserTag(t, s, o, vectordb.UserTag{Name: "庭 ☘", Descriptions: []string{"庭"}}, probabilities)
	agree(t, s, o)
	for range 2 { // the second time there is nothing to remove
		require.NoError(t, s.RemoveUserTag(t.Context(), "庭 ☘"))
		o.removeUserTag("庭 ☘")
		agree(t, s, o)
	}
	assert.Equal(t, before, o.userTags())
	require.NoError(t, s.RemoveUserTag(t.Context(), "dog"), "a label is no user's tag")
	agree(t, s, o)
}

// refusedUserTags: what is wrong refuses the whole call, with CodeInvalid, and nothing of it is stored.
func refusedUserTags(t *testing.T, p Place) {
	d, s, o := newDice(t), writer(t, p), newOracle()
	put(t, s, o, d.records(3)...)
	over, none := 1.5, math.NaN()
	good := vectordb.UserTag{Name: "own", Descriptions: []string{"own"}}
	for name, c := range map[string]struct {
		tag vectordb.UserTag
		p   float64
	}{
		"no name":          {vectordb.UserTag{Descriptions: []string{"a"}}, 0.5},
		"no descriptions":  {vectordb.UserTag{Name: "own"}, 0.5},
		"threshold over 1": {vectordb.UserTag{Name: "own", Descriptions: []string{"a"}, Threshold: &over}, 0.5},
		"threshold NaN":    {vectordb.UserTag{Name: "own", Descriptions: []string{"a"}, Threshold: &none}, 0.5},
		"probability over": {good, 1.5},
		"negative":         {good, -0.5},
		"probability NaN":  {good, math.NaN()},
	} {
		err := s.PutUserTag(t.Context(), c.tag, map[sightline.ImageID]float64{imageID(0): 0.5, imageID(1): c.p})
		assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err), "%s: %v", name, err)
	}
	agree(t, s, o)
}
