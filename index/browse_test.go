package index_test

import (
	"image"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
)

func TestListPagesThroughEverything(t *testing.T) {
	c := drawn(t)
	var ids []sightline.ImageID
	cursor := ""
	for {
		page, next, err := c.List(t.Context(), "", index.Relevance, 8, cursor)
		require.NoError(t, err)
		for _, d := range page {
			ids = append(ids, d.Image.ID)
		}
		if next == nil {
			break
		}
		cursor = *next
	}
	assert.Equal(t, c.ids, ids)

	page, next, err := c.List(t.Context(), "path:even/* name:img0*", index.Newest, 0, "")
	require.NoError(t, err)
	assert.Len(t, page, 5)
	assert.Nil(t, next)

	_, _, err = c.List(t.Context(), "", index.Newest, 8, cursor)
	assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err), "a cursor of another list")
	_, _, err = c.List(t.Context(), "a dog", index.Newest, 8, "")
	assert.Equal(t, sightline.CodeQuerySyntax, sightline.CodeOf(err))
}

func TestGet(t *testing.T) {
	c := drawn(t)
	d, err := c.Get(t.Context(), c.ids[0])
	require.NoError(t, err)
	assert.Equal(t, c.ids[0], d.Image.ID)
	assert.Equal(t, 48, d.Image.Width)
	_, err = c.Get(t.Context(), sightline.ImageID(strings.Repeat("0", 64)))
	assert.Equal(t, sightline.CodeNotFound, sightline.CodeOf(err))
	_, err = c.Get(t.Context(), "../etc/passwd")
	assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err))
}

func TestTagImageGivesEveryLabel(t *testing.T) {
	c := drawn(t)
	tags, labels, err := c.TagImage(t.Context(), image.NewRGBA(image.Rect(0, 0, 64, 64)))
	require.NoError(t, err)
	require.Len(t, labels, len(c.Bundle.Labels))
	over := 0
	for i, label := range labels {
		assert.Equal(t, c.Bundle.Labels[i].Name, label.Name)
		if label.Probability > c.Bundle.Labels[i].Threshold {
			over++
		}
	}
	assert.Len(t, tags, over)
	for i := 1; i < len(tags); i++ {
		assert.GreaterOrEqual(t, tags[i-1].Probability, tags[i].Probability)
	}
}

func TestStats(t *testing.T) {
	c := drawn(t)
	stats, err := c.Stats(t.Context())
	require.NoError(t, err)
	assert.Equal(t, drawings, stats.Store.Images)
	assert.Equal(t, c.Bundle.Manifest.FeatureFingerprint, stats.Store.Model.Feature)
	assert.Equal(t, c.Bundle.Manifest.Name, stats.Model.Name)
}
