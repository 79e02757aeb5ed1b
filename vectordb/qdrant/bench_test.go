package qdrant_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	api "github.com/qdrant/go-client/qdrant"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/qdrant"
)

// What the benchmarks store: patches of a large model, and as many images as one machine can be asked to wait for.
const (
	benchPatches = 145 * 512 // bytes, int8 [T x D]
	benchGlobal  = 512
	benchImages  = 1000
	benchAsked   = 100
)

func benchID(n int) sightline.ImageID {
	return sightline.ImageID(fmt.Sprintf("%016x%048x", uint64(n)*0x9e3779b97f4a7c15, n))
}

// mixture makes a vector like those of pictures, which fill few of the dimensions: of 32 directions, and some noise.
// Vectors that fill all of them have no neighbours that a graph could lead to.
func mixture(dice *rand.Rand, global []float32) {
	for direction := range 32 {
		weight := float32(dice.NormFloat64())
		fixed := rand.New(rand.NewPCG(7, uint64(direction)))
		for i := range global {
			global[i] += weight * float32(fixed.NormFloat64()) / 128
		}
	}
	for i := range global {
		global[i] += float32(dice.NormFloat64()) / 128
	}
}

func benchRecord(dice *rand.Rand, n, patchBytes int) vectordb.Record {
	patches, global := make([]byte, patchBytes), make([]float32, benchGlobal)
	for i := range patches {
		patches[i] = byte(dice.Uint32())
	}
	mixture(dice, global)
	tags := make([]sightline.Tag, 50)
	for i := range tags {
		tags[i] = sightline.Tag{Name: fmt.Sprintf("label %d", (n*7+i*31)%2000), Probability: dice.Float64()}
	}
	return vectordb.Record{
		Image: sightline.Image{
			ID: benchID(n), Format: "jpeg", Width: 4000, Height: 3000, Camera: "Camera", IndexedAt: time.Unix(1700000000+int64(n), 0),
			Files: []sightline.File{{Path: fmt.Sprintf("/photos/%d/%d.jpg", n%50, n), Size: 1 << 20, ModTime: time.Unix(1700000000, 0)}},
		},
		Features: sightline.Features{Global: global, Patches: patches}, Tags: tags,
	}
}

// benchServer gives the real server; without one nothing is measured, because a stand-in's times are no figures.
func benchServer(b *testing.B) string {
	b.Helper()
	server := os.Getenv(realServer)
	if server == "" {
		b.Log("not measured: " + realServer + " names no server")
	}
	return server
}

// filled stores the benchmarks' images and gives the place.
func filled(b *testing.B, server string, images, patchBytes int) place {
	b.Helper()
	p := freshFor(b, server)
	s, err := p.Writer()
	require.NoError(b, err)
	defer s.Close()
	ctx := context.Background()
	require.NoError(b, s.SetModel(ctx, vectordb.Model{Name: "bench", Feature: "f", Scoring: "s"}))
	dice := rand.New(rand.NewPCG(1, 1))
	started := time.Now()
	for n := 0; n < images; {
		var batch []vectordb.Record
		for ; n < images && len(batch) < 128; n++ {
			batch = append(batch, benchRecord(dice, n, patchBytes))
		}
		require.NoError(b, s.Put(ctx, batch))
	}
	b.Logf("%d images stored, %.0f a second", images, float64(images)/time.Since(started).Seconds())
	return p
}

func open(b *testing.B, p place, cacheBytes int64) *qdrant.Store {
	b.Helper()
	s, err := qdrant.Open(context.Background(), qdrant.Options{Target: p.target, CacheBytes: cacheBytes})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	return s
}

// BenchmarkFeatures reads the features of 100 candidates: through the store without and with its cache, and as float32
// multivectors, which is how Qdrant itself would keep them.
func BenchmarkFeatures(b *testing.B) {
	server := benchServer(b)
	if server == "" {
		return
	}
	p := filled(b, server, benchImages, benchPatches)
	ask := func(b *testing.B, s *qdrant.Store, random bool) {
		b.Helper()
		b.SetBytes(benchAsked * benchPatches)
		dice := rand.New(rand.NewPCG(2, 2))
		for b.Loop() {
			ids := make([]sightline.ImageID, benchAsked)
			for i := range ids {
				ids[i] = benchID(i)
				if random {
					ids[i] = benchID(dice.IntN(benchImages))
				}
			}
			features, err := s.Features(context.Background(), ids)
			require.NoError(b, err)
			require.NotEmpty(b, features)
		}
	}
	b.Run("uncached", func(b *testing.B) { ask(b, open(b, p, 0), true) })
	b.Run("cached", func(b *testing.B) {
		s := open(b, p, 1<<30)
		_, err := s.Features(context.Background(), []sightline.ImageID{benchID(0)})
		require.NoError(b, err)
		ask(b, s, false)
	})
	b.Run("multivector", func(b *testing.B) { benchMultivector(b, p) })
}

func benchMultivector(b *testing.B, p place) {
	b.Helper()
	ctx := context.Background()
	name := p.target.Prefix + "-multivector"
	client, err := api.NewClient(&api.Config{Host: p.target.Host, Port: p.target.Port, PoolSize: 1, SkipCompatibilityCheck: true, GrpcOptions: bigAnswers()})
	require.NoError(b, err)
	defer client.Close()
	require.NoError(b, client.CreateCollection(ctx, &api.CreateCollection{
		CollectionName: name, HnswConfig: &api.HnswConfigDiff{M: new(uint64(0))},
		VectorsConfig: api.NewVectorsConfigMap(map[string]*api.VectorParams{"patches": {
			Size: 512, Distance: api.Distance_Dot, OnDisk: new(true),
			MultivectorConfig: &api.MultiVectorConfig{Comparator: api.MultiVectorComparator_MaxSim},
		}}),
	}))
	dice := rand.New(rand.NewPCG(3, 3))
	for n := range benchAsked {
		rows := make([][]float32, 145)
		for r := range rows {
			rows[r] = make([]float32, 512)
			for i := range rows[r] {
				rows[r][i] = float32(dice.IntN(255)) - 127
			}
		}
		_, err := client.Upsert(ctx, &api.UpsertPoints{CollectionName: name, Wait: new(true), Points: []*api.PointStruct{{
			Id: api.NewIDNum(uint64(n)), Vectors: api.NewVectorsMap(map[string]*api.Vector{"patches": api.NewVectorMulti(rows)}),
		}}})
		require.NoError(b, err)
	}
	ids := make([]*api.PointId, benchAsked)
	for i := range ids {
		ids[i] = api.NewIDNum(uint64(i))
	}
	b.SetBytes(benchAsked * benchPatches)
	for b.Loop() {
		points, err := client.Get(ctx, &api.GetPoints{CollectionName: name, Ids: ids, WithVectors: api.NewWithVectors(true)})
		require.NoError(b, err)
		require.Len(b, points, benchAsked)
	}
}

// indexed waits until the server has built the index of what was stored.
func indexed(b *testing.B, s *qdrant.Store) {
	b.Helper()
	for ready := false; !ready; {
		<-time.After(100 * time.Millisecond)
		about, err := s.About(context.Background())
		require.NoError(b, err)
		ready = true
		for _, c := range about.Collections {
			ready = ready && c.Status == "green"
		}
	}
}

// benchRecall reports which share of the true nearest 100 the store finds, for vectors near stored ones.
func benchRecall(b *testing.B, s *qdrant.Store, images int) {
	b.Helper()
	indexed(b, s)
	dice := rand.New(rand.NewPCG(1, 1)) // as they were stored
	globals := make([][]float32, images)
	for n := range globals {
		globals[n] = benchRecord(dice, n, 16).Features.Global
	}
	found, asked := 0, 0
	for b.Loop() {
		near := globals[dice.IntN(images)]
		query := make([]float32, len(near))
		for i := range query {
			query[i] = near[i] + float32(dice.NormFloat64())/64
		}
		hits, err := s.Nearest(context.Background(), query, 100, nil)
		require.NoError(b, err)
		best := nearest(globals, query, 100)
		for _, hit := range hits {
			if best[hit.ID] {
				found++
			}
		}
		asked += 100
	}
	b.ReportMetric(float64(found)/float64(asked), "recall")
}

// nearest scans all vectors.
func nearest(globals [][]float32, query []float32, k int) map[sightline.ImageID]bool {
	order := make([]int, len(globals))
	scores := make([]float64, len(globals))
	for n, global := range globals {
		order[n] = n
		for i, x := range global {
			scores[n] += float64(x) * float64(query[i])
		}
	}
	slices.SortFunc(order, func(a, c int) int { return cmp.Compare(scores[c], scores[a]) })
	best := map[sightline.ImageID]bool{}
	for _, n := range order[:k] {
		best[benchID(n)] = true
	}
	return best
}

// BenchmarkSearch asks an index that is still scanned exactly and one that is beyond that.
func BenchmarkSearch(b *testing.B) {
	server := benchServer(b)
	if server == "" {
		return
	}
	for _, images := range []int{10_000, 40_000} {
		p := filled(b, server, images, 16)
		s := open(b, p, 0)
		b.Run(fmt.Sprintf("recall of 100 of %d", images), func(b *testing.B) { benchRecall(b, s, images) })
		vector := benchRecord(rand.New(rand.NewPCG(4, 4)), 0, 1).Features.Global
		for name, filter := range map[string]sightline.Filter{"all": nil, "path": sightline.PathGlob("/photos/7"), "glob": sightline.PathGlob("*7.jpg"), "tag": sightline.TagOver{Name: "label 7", P: 0.8}} {
			b.Run(fmt.Sprintf("nearest 200 of %d/%s", images, name), func(b *testing.B) {
				for b.Loop() {
					hits, err := s.Nearest(context.Background(), vector, 200, filter)
					require.NoError(b, err)
					require.NotEmpty(b, hits)
				}
			})
		}
		b.Run(fmt.Sprintf("by tag, all of %d", images), func(b *testing.B) {
			for b.Loop() {
				_, err := s.ByTag(context.Background(), "label 7", 0, nil)
				require.NoError(b, err)
			}
		})
		b.Run(fmt.Sprintf("count under a tag of %d", images), func(b *testing.B) {
			for b.Loop() {
				_, err := s.Count(context.Background(), sightline.TagOver{Name: "label 7", P: 0.5})
				require.NoError(b, err)
			}
		})
	}
}
