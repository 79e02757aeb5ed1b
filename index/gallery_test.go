package index_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/ort/orttest"
)

// TestTheGalleryAnswers is the whole path with the model that ships: index the sample gallery, ask, look at the answers.
func TestTheGalleryAnswers(t *testing.T) {
	p := parts(t)
	gallery := filepath.Join(orttest.Root(t), "gallery")
	report, err := index.New(p).Add(t.Context(), []string{gallery}, index.AddOptions{})
	require.NoError(t, err)
	require.Empty(t, report.Failed)
	require.GreaterOrEqual(t, report.Added, 100)
	x := index.New(p)
	ask := func(t *testing.T, q string) (*index.Result, []string) {
		t.Helper()
		result, err := x.Search(t.Context(), index.Request{Query: q, Limit: 1000})
		require.NoError(t, err)
		var names []string
		for _, hit := range result.Results {
			name, err := filepath.Rel(gallery, hit.Path)
			require.NoError(t, err)
			names = append(names, name)
		}
		return result, names
	}

	for _, c := range []struct {
		query string
		is    string // what the names of the first results match
		of    int    // how many of them
	}{
		{"a yellow flower", "flowers/", 3},
		{"a dog", "dog", 1}, // the second is a path in a forest, which looks like a walk to it
		{"a car", "car|truck|bus", 2},
		{"a zebra", "zebra", 1},
		{"an elephant", "elephant", 1},
		{"people playing music", "drum|orchestra|opera", 3},
		{"snow on mountains", "snowy", 1},
		{"tag:flower", "flower", 3},
		{"a flower path:animals/*", "animals/.*(flower|aster)", 1},
		{"people playing music NOT people", "objects/drums", 1},
	} {
		t.Run(c.query, func(t *testing.T) {
			result, names := ask(t, c.query)
			require.True(t, result.Matched)
			require.GreaterOrEqual(t, len(names), c.of)
			for _, name := range names[:c.of] {
				assert.Regexp(t, c.is, name)
			}
		})
	}

	for _, nonsense := range []string{"qwxz flurb snargle", "asdf jklo zxcv", "lorem ipsum dolor sit amet"} {
		t.Run(nonsense, func(t *testing.T) {
			result, names := ask(t, nonsense)
			assert.False(t, result.Matched, "found %v", strings.Join(names, ", "))
			assert.NotNil(t, result.NearestRejected)
		})
	}
}
