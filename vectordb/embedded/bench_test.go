package embedded_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// The size of the default bundle's features: 49 x 256 f16 patches, a global vector of 384; some 50 tags an image.
const (
	benchImages = 10_000
	benchPatch  = 49 * 256 * 2
	benchDim    = 384
	benchTags   = 50
	benchLabels = 1200
	benchBatch  = 64
)

func benchRecord(r *rand.Rand, n int) vectordb.Record {
	global := make([]float32, benchDim)
	for i := range global {
		global[i] = float32(r.NormFloat64())
	}
	patches := make([]byte, benchPatch)
	for i := range patches {
		patches[i] = byte(r.Uint32())
	}
	tags := []sightline.Tag{{Name: "everywhere", Probability: r.Float64()}}
	for _, label := range r.Perm(benchLabels)[:benchTags] {
		tags = append(tags, sightline.Tag{Name: strconv.Itoa(label), Probability: r.Float64()})
	}
	return vectordb.Record{
		Image: sightline.Image{
			ID: batchID(r.Int(), n), Format: "jpeg", Width: 4000, Height: 3000, Camera: "FUJIFILM X100V",
			Files: []sightline.File{{Path: fmt.Sprintf("/photos/%d/IMG_%06d.jpg", n%50, n)}},
		},
		Features: sightline.Features{Global: global, Patches: patches},
		Tags:     tags,
	}
}

// fill puts benchImages images and gives the last batch.
func fill(b *testing.B, s vectordb.Store) (batch []vectordb.Record) {
	b.Helper()
	require.NoError(b, s.SetModel(b.Context(), vectordb.Model{Name: "bench", Feature: "bench"}))
	r := rand.New(rand.NewPCG(1, 2))
	for n := 0; n < benchImages; n += benchBatch {
		batch = make([]vectordb.Record, benchBatch)
		for i := range batch {
			batch[i] = benchRecord(r, n+i)
		}
		require.NoError(b, s.Put(b.Context(), batch))
	}
	return batch
}

// BenchmarkStore measures on 10,000 images; the first search, which reads them into memory, is not counted.
func BenchmarkStore(b *testing.B) {
	s, err := embedded.Open(b.TempDir(), embedded.ReadWrite)
	require.NoError(b, err)
	defer s.Close()
	batch := fill(b, s)
	query := batch[0].Features.Global
	near, err := s.Nearest(b.Context(), query, 200, nil)
	require.NoError(b, err)
	var ids []sightline.ImageID
	for _, hit := range near {
		ids = append(ids, hit.ID)
	}
	run := func(name string, call func() error) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				require.NoError(b, call())
			}
		})
	}
	run("Nearest200", func() error {
		_, err := s.Nearest(b.Context(), query, 200, nil)
		return err
	})
	run("Nearest200UnderPath", func() error {
		_, err := s.Nearest(b.Context(), query, 200, sightline.PathGlob("/photos/7/*"))
		return err
	})
	run("ByTagAll", func() error {
		_, err := s.ByTag(b.Context(), "everywhere", 0, nil)
		return err
	})
	run("Features200", func() error {
		_, err := s.Features(b.Context(), ids)
		return err
	})
	run("Put64", func() error { return s.Put(b.Context(), batch) })
}
