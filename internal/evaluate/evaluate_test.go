package evaluate_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/bundle/bundletest"
	"github.com/sightline-search/sightline/cache"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/evaluate"
	"github.com/sightline-search/sightline/internal/ort/orttest"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// rows describe six images of the sample gallery; one image occurs twice.
const rows = `{"file": "flowers/yellow-daisy-cutout.png", "captions": ["a yellow flower", "a daisy"], "tags": ["flower", "Yellow  Thing"]}
{"file": "flowers/red-rose-cutout.png", "captions": ["a red rose"], "tags": ["flower"]}
{"file": "flowers/violet-iris-cutout.png", "captions": ["a violet iris"], "tags": ["flower"]}
{"file": "animals/pig.jpg", "captions": ["a pig"], "tags": ["pig"]}
{"file": "animals/zebra-cutout.png", "captions": ["a zebra"], "tags": []}
{"file": "food/pizza-drawing.png", "captions": ["a pizza"]}
{"file": "animals/pig.jpg", "captions": ["an animal on a farm"], "tags": ["animal"]}
{"file": "animals/none.jpg", "captions": ["a unicorn"], "tags": ["flower"]}
`

func parts(t *testing.T) index.Parts {
	t.Helper()
	b, rt := bundletest.Open(t), orttest.Open(t)
	images, err := encoder.NewImages(rt, b)
	require.NoError(t, err)
	texts, err := encoder.NewTexts(rt, b)
	require.NoError(t, err)
	aligner, err := align.New(rt, b)
	require.NoError(t, err)
	store, err := embedded.Open(t.TempDir(), embedded.ReadWrite)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, store.Close())
		assert.NoError(t, images.Close())
		assert.NoError(t, texts.Close())
		assert.NoError(t, aligner.Close())
	})
	return index.Parts{Bundle: b, Images: images, Texts: texts, Align: aligner, Store: store, Cache: cache.NewLRU(1 << 20)}
}

// dataset gives lines whose files lie in the sample gallery.
func dataset(t *testing.T, lines string) *evaluate.Dataset {
	t.Helper()
	gallery := filepath.Join(orttest.Root(t), "gallery") + "/"
	path := filepath.Join(t.TempDir(), "set.jsonl")
	lines = strings.ReplaceAll(lines, `"file": "`, `"file": "`+gallery)
	require.NoError(t, os.WriteFile(path, []byte(lines), 0o644))
	d, err := evaluate.Read(path)
	require.NoError(t, err)
	return d
}

func TestEvaluateADataset(t *testing.T) {
	stages := map[string]bool{}
	report, err := evaluate.Run(t.Context(), parts(t), dataset(t, rows), evaluate.Options{Progress: func(p evaluate.Progress) {
		stages[p.Stage] = true
		assert.LessOrEqual(t, p.Done, p.Total)
	}})
	require.NoError(t, err)
	assert.Equal(t, 6, report.Images)
	assert.Positive(t, report.ImagesPerSecond)
	require.Len(t, report.Failed, 1)
	assert.Equal(t, sightline.CodeNotFound, report.Failed[0].Code)
	assert.InDelta(t, 1, *report.TextToImage.Recall10, 0, "every image is among the first ten of six")
	assert.InDelta(t, 1, *report.TextToImage.Stage1Recall10, 0)
	assert.LessOrEqual(t, *report.TextToImage.Recall1, *report.TextToImage.Recall5)
	assert.Equal(t, 1, report.Tagging.Tags, "only one tag has three positives")
	assert.Positive(t, *report.Tagging.MAP)
	assert.Positive(t, *report.Tagging.MAPGlobalOnly)
	assert.Equal(t, map[string]bool{"images": true, "captions": true, "tags": true}, stages)
}

func TestFiguresThatADatasetCannotGiveAreNull(t *testing.T) {
	report, err := evaluate.Run(t.Context(), parts(t), dataset(t, `{"file": "animals/pig.jpg"}`), evaluate.Options{Tags: []string{"pig"}})
	require.NoError(t, err)
	out, err := json.Marshal(report)
	require.NoError(t, err)
	assert.Contains(t, string(out), `"text_to_image":{"recall_at_1":null,`)
	assert.Contains(t, string(out), `"calibration":{"ece_tags":null,"ece_text":null}`)
	assert.Contains(t, string(out), `"map":null`)
	assert.Contains(t, string(out), `"failed":[]`)

	_, err = evaluate.Run(t.Context(), parts(t), dataset(t, `{"file": "animals/none.jpg"}`), evaluate.Options{})
	assert.Equal(t, sightline.CodeNoImages, sightline.CodeOf(err))
}

func TestTheUniverseOfTagsCanBeGiven(t *testing.T) {
	p := parts(t)
	p.Texts = nil // only labels can be scored
	report, err := evaluate.Run(t.Context(), p, dataset(t, rows), evaluate.Options{Tags: []string{"Flower", "a very long tag that is no label"}})
	require.NoError(t, err)
	assert.Equal(t, 1, report.Tagging.Tags)
	assert.Equal(t, []string{"a very long tag that is no label"}, report.Tagging.Unscored)
	assert.Nil(t, report.Tagging.MAPGlobalOnly)
	assert.Nil(t, report.TextToImage.Recall1)
}
