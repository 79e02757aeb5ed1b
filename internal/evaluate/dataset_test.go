package evaluate_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/evaluate"
)

func TestReadADataset(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "set.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(`{"file": "sub/a.jpg", "captions": ["a dog"], "tags": ["dog"]}

{"file": "/b.jpg", "tags": []}
{"file": "c.jpg"}`), 0o644))
	d, err := evaluate.Read(path)
	require.NoError(t, err)
	assert.Equal(t, []evaluate.Row{
		{File: filepath.Join(dir, "sub/a.jpg"), Captions: []string{"a dog"}, Tags: []string{"dog"}},
		{File: "/b.jpg", Tags: []string{}},
		{File: filepath.Join(dir, "c.jpg")},
	}, d.Rows)
}

func TestBadDatasets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "set.jsonl")
	for content, says := range map[string]string{
		"":                                  "no lines",
		"{\"file\": \"a.jpg\"}\n{":          "line 2",
		`{"captions": ["x"]}`:               "no file",
		`{"file": "a.jpg", "caption": "x"}`: "caption",
		`{"file": "a.jpg"} {"file": "b"}`:   "more than one",
		`["a.jpg"]`:                         "line 1",
	} {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
		_, err := evaluate.Read(path)
		assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err), content)
		assert.ErrorContains(t, err, says, content)
	}
	_, err := evaluate.Read(filepath.Join(t.TempDir(), "none.jsonl"))
	assert.Equal(t, sightline.CodeNotFound, sightline.CodeOf(err))
}
