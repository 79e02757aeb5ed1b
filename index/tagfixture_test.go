package index_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/vectordb"
)

// noise stores n images with random features, some of them near to a cake: the decoder does not mind, and no image has
// to be encoded.
func noise(t *testing.T, p index.Parts, n int) []sightline.ImageID {
	t.Helper()
	m := p.Bundle.Manifest
	require.NoError(t, p.Store.SetModel(t.Context(), vectordb.Model{
		Name: m.Name + " " + m.Version, Feature: m.FeatureFingerprint, Scoring: m.ScoringFingerprint,
	}))
	cake, err := p.Texts.Encode(t.Context(), []string{"people around a cake"})
	require.NoError(t, err)
	near, err := p.Align.Queries(t.Context(), cake)
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(7, 7))
	records, ids := make([]vectordb.Record, n), make([]sightline.ImageID, n)
	for i := range records {
		ids[i] = sightline.ImageID(fmt.Sprintf("%064x", i))
		records[i] = vectordb.Record{
			Image: sightline.Image{
				ID: ids[i], Format: "png", IndexedAt: time.Unix(int64(i%7+1), 0),
				Files: []sightline.File{{Path: fmt.Sprintf("/noise/%d.png", i), ModTime: time.Unix(1, 0)}},
			},
			Features: sightline.Features{Global: randomDirection(r, near[0].Vector), Patches: randomHalves(r, m.Features.PatchBytes()/2)},
			Tags:     []sightline.Tag{{Name: p.Bundle.Labels[0].Name, Probability: 0.5}},
		}
	}
	require.NoError(t, p.Store.Put(t.Context(), records))
	return ids
}

// randomDirection gives a unit vector that leans to another one, more or less.
func randomDirection(r *rand.Rand, lean []float32) []float32 {
	v, sum, by := make([]float32, len(lean)), 0.0, float32(16*r.Float64())
	for i := range v {
		v[i] = float32(r.NormFloat64()) + by*lean[i]
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// randomHalves gives 16-bit floats between 1/8 and 1, of either sign.
func randomHalves(r *rand.Rand, n int) []byte {
	out := make([]byte, 0, 2*n)
	for range n {
		out = binary.LittleEndian.AppendUint16(out, uint16(r.IntN(2)<<15|0x3000+r.IntN(0xc00)))
	}
	return out
}

var party = index.TagSpec{Name: "Birthday Party", Descriptions: []string{"people around a cake", "balloons in a room", "a candle"}}

// wantTag computes the probabilities of a tag from first principles.
func wantTag(t *testing.T, p index.Parts, ids []sightline.ImageID, texts []string) map[sightline.ImageID]float64 {
	t.Helper()
	encoded, err := p.Texts.Encode(t.Context(), texts)
	require.NoError(t, err)
	concept, err := p.Align.Concept(t.Context(), encoded)
	require.NoError(t, err)
	stored, err := p.Store.Features(t.Context(), ids)
	require.NoError(t, err)
	want := map[sightline.ImageID]float64{}
	for _, id := range ids {
		scores, err := p.Align.ScoreConcepts(t.Context(), []align.Concept{concept}, []sightline.Features{stored[id]})
		require.NoError(t, err)
		if probability := scores[0][0].Probability; probability >= 0.011 { // nearer to the floor a bit decides
			want[id] = probability
		}
	}
	return want
}

// requireTag compares what is stored of a tag.
func requireTag(t *testing.T, s vectordb.Reader, name string, want map[sightline.ImageID]float64) {
	t.Helper()
	hits, err := s.ByTag(t.Context(), name, 0, nil)
	require.NoError(t, err)
	got := map[sightline.ImageID]float64{}
	for _, hit := range hits {
		if hit.Score >= 0.011 {
			got[hit.ID] = hit.Score
		}
	}
	for id := range got {
		if _, known := want[id]; !known {
			require.Less(t, got[id], 0.012, "%s", id)
		}
	}
	for id, p := range want {
		if p >= 0.012 {
			require.InDelta(t, p, got[id], 1e-3, "%s", id)
		}
	}
}

// addTag adds a tag and scores it to the end.
func addTag(t *testing.T, x *index.Index, spec index.TagSpec) *index.TagInfo {
	t.Helper()
	_, err := x.AddTag(t.Context(), spec)
	require.NoError(t, err)
	require.NoError(t, x.ScoreTags(t.Context(), nil))
	tag, err := x.Tag(t.Context(), spec.Name)
	require.NoError(t, err)
	require.True(t, tag.Scoring.Complete)
	return tag
}

// inBackground lets the background score until nothing is unfinished.
func inBackground(t *testing.T, x *index.Index) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		x.KeepTagsScored(ctx, func(err error) { assert.NoError(t, err) })
	}()
	untilComplete(t, x)
	stop()
	<-done
}

func untilComplete(t *testing.T, x *index.Index) {
	t.Helper()
	for complete := false; !complete; {
		require.NoError(t, t.Context().Err())
		tags, err := x.Tags(t.Context(), true)
		require.NoError(t, err)
		complete = true
		for _, tag := range tags {
			complete = complete && tag.Scoring.Complete
		}
	}
}
