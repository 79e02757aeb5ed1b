package main

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/internal/ort/orttest"
)

// described is an image of the sample gallery that the model has not been trained on.
type described struct {
	File        string `json:"file"`
	Description string `json:"description"`
	TrainingRow bool   `json:"training_row"`
}

// search asks a server for one page.
func (s *serving) search(t *testing.T, parameters url.Values) map[string]any {
	t.Helper()
	status, body := fetch(t, s.base+"/v1/search?"+parameters.Encode())
	require.Equal(t, 200, status, body)
	return parse(t, body)
}

func files(t *testing.T, answer map[string]any, gallery string) (names []string) {
	t.Helper()
	for _, hit := range answer["results"].([]any) {
		name, err := filepath.Rel(gallery, hit.(map[string]any)["path"].(string))
		require.NoError(t, err)
		names = append(names, filepath.ToSlash(name))
	}
	return names
}

// The whole path with the model that ships: index the gallery, then find its photographs by what is in them.
func TestTheGalleryIsFoundByWhatItShows(t *testing.T) {
	gallery := filepath.Join(orttest.Root(t), "gallery")
	p := newPlace(t)
	p.must(exitDone, "index", gallery)
	s := p.serve("--listen", "127.0.0.1:0", "--log-level", "warn")

	list, err := os.ReadFile(filepath.Join(gallery, "gallery.json"))
	require.NoError(t, err)
	var all []described
	require.NoError(t, json.Unmarshal(list, &all))
	asked, found := 0, 0
	for i, image := range all {
		if image.TrainingRow || i%3 != 0 {
			continue
		}
		asked++
		answer := s.search(t, url.Values{"q": {image.Description}, "plain": {"true"}, "min_probability": {"0"}, "limit": {"10"}})
		for _, name := range files(t, answer, gallery) {
			if name == image.File {
				found++
			}
		}
	}
	require.GreaterOrEqual(t, asked, 40)
	assert.GreaterOrEqual(t, float64(found)/float64(asked), 0.6, "%d of %d photographs are among the first ten for their own description", found, asked)

	for query, folder := range map[string]string{"a yellow flower": "flowers", "dog": "animals", "path:landscapes/* mountains": "landscapes"} {
		answer := s.search(t, url.Values{"q": {query}, "limit": {"3"}})
		require.Equal(t, true, answer["matched"], query)
		assert.Equal(t, folder, filepath.Dir(files(t, answer, gallery)[0]), query)
	}
	nothing := s.search(t, url.Values{"q": {"qwxz vlorp zzgrmbl"}})
	assert.Equal(t, false, nothing["matched"], "nonsense finds nothing: %v", files(t, nothing, gallery))
}
