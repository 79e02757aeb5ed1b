package bench

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/internal/imagefile"
	"github.com/sightline-search/sightline/internal/ort/orttest"
)

func TestIndexingIsComparedWithItsStages(t *testing.T) {
	b, err := bundle.Open(filepath.Join("..", "..", "models", "default"))
	require.NoError(t, err)
	parts, closeParts, err := indexParts(Options{Library: orttest.Library(t), Bundle: b})
	require.NoError(t, err)
	defer closeParts()
	folder := filepath.Join(t.TempDir(), "images")
	p := Pipeline{Images: 6, Width: 640, Height: 600}
	p.BytesEach, err = writePhotographs(folder, p.Images, p.Width, p.Height)
	require.NoError(t, err)
	require.NoError(t, measurePipeline(t.Context(), parts, folder, 1, &p))

	shares := 0.0
	for _, name := range stageNames {
		assert.Positive(t, p.Stages[name].Share, name)
		shares += p.Stages[name].Share
	}
	assert.InDelta(t, 1, shares, 1e-9)
	assert.InDelta(t, p.ImagesPerSecond/p.Bound, p.OverBound, 1e-9)
	assert.InDelta(t, p.OverBound, p.CPUEfficiency*p.CoresBusy, 1e-9, "one repetition: the figures are those of one run")
	assert.Len(t, (&Indexing{Pipeline: p, Large: p, JPEGDecoder: imagefile.JPEGDecoder()}).rows(), 1+2*(1+len(stageNames)))
}

func TestSyntheticPhotographsAreImagesOfTheirOwn(t *testing.T) {
	folder := t.TempDir()
	_, err := writePhotographs(folder, 3, 96, 64)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, name := range []string{"0000.jpg", "0001.jpg", "0002.jpg"} {
		p, err := imagefile.Open(filepath.Join(folder, name), imagefile.DefaultLimits, true)
		require.NoError(t, err)
		seen[string(p.ID)] = true
	}
	assert.Len(t, seen, 3)
}
