package index_test

import (
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/bundle/bundletest"
	"github.com/sightline-search/sightline/cache"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/ort/orttest"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// What the tests of the package share, as it is slow to make: the default bundle with its graphs, and an index of
// drawings that no test changes.
var (
	modelOnce sync.Once
	model     index.Parts

	drawnOnce sync.Once
	shared    *corpus
	scratch   string // where the shared index and its drawings lie
)

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "sightline-index-test-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(scratch)
	m.Run()
}

// parts gives the real model and an empty store in a fresh folder.
func parts(t *testing.T) index.Parts {
	t.Helper()
	return partsAt(t, t.TempDir())
}

func partsAt(t *testing.T, dir string) index.Parts {
	t.Helper()
	p := openAt(t, dir)
	t.Cleanup(func() { require.NoError(t, p.Store.Close()) })
	return p
}

func openAt(t *testing.T, dir string) index.Parts {
	t.Helper()
	modelOnce.Do(func() { model = load(t) })
	require.NotNil(t, model.Align, "the model could not be loaded; an earlier test says why")
	p := model
	store, err := embedded.Open(dir, embedded.ReadWrite)
	require.NoError(t, err)
	p.Store = store
	p.Cache = cache.NewLRU(1 << 20)
	return p
}

func load(t *testing.T) index.Parts {
	t.Helper()
	b, rt := bundletest.Open(t), orttest.Open(t)
	images, err := encoder.NewImages(rt, b)
	require.NoError(t, err)
	texts, err := encoder.NewTexts(rt, b)
	require.NoError(t, err)
	aligner, err := align.New(rt, b)
	require.NoError(t, err)
	return index.Parts{Bundle: b, Images: images, Texts: texts, Align: aligner}
}

// withModel gives the parts under another identity of the model, as after an update of the bundle.
func withModel(p index.Parts, change func(*bundle.Manifest)) index.Parts {
	b := *p.Bundle
	change(&b.Manifest)
	p.Bundle = &b
	return p
}

// draw writes a PNG whose content is decided by the seed.
func draw(t *testing.T, path string, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	img := image.NewRGBA(image.Rect(0, 0, 48, 32))
	for range 12 {
		c := color.RGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255}
		x, y, w, h := r.IntN(48), r.IntN(32), 1+r.IntN(30), 1+r.IntN(20)
		for i := range w {
			for j := range h {
				img.Set(x+i, y+j, c)
			}
		}
	}
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, img))
	require.NoError(t, f.Close())
}

// write writes a file of any bytes.
func write(t *testing.T, path string, data []byte) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, data, 0o644))
}

// stored is everything that a store holds of one image, less the moment of indexing.
type stored struct {
	Paths  []string
	Width  int
	Tags   map[string]float64
	Global []float32
}

// dump reads a whole store, by image.
func dump(t *testing.T, s vectordb.Store) map[string]stored {
	t.Helper()
	ctx := t.Context()
	out := map[string]stored{}
	for img, err := range s.Images(ctx, nil, vectordb.ByID) {
		require.NoError(t, err)
		d := stored{Width: img.Width, Tags: map[string]float64{}}
		for _, f := range img.Files {
			d.Paths = append(d.Paths, f.Path)
		}
		ids := []sightline.ImageID{img.ID}
		features, err := s.Features(ctx, ids)
		require.NoError(t, err)
		d.Global = features[img.ID].Global
		require.NotEmpty(t, features[img.ID].Patches)
		tags, err := s.Tags(ctx, ids)
		require.NoError(t, err)
		for _, tag := range tags[img.ID] {
			d.Tags[tag.Name] = tag.Probability
		}
		out[string(img.ID)] = d
	}
	return out
}
