// Package gallery_test holds the sample gallery to its record: every image listed, every listed image there.
package gallery_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	maxGalleryBytes = 12 << 20
	minImages       = 100
)

// entry is one image's record in gallery.json.
type entry struct {
	File        string `json:"file"`
	Description string `json:"description"`
	Source      string `json:"source"`
	Path        string `json:"path"`
	Author      string `json:"author"`
	Licence     string `json:"licence"`
	Changes     string `json:"changes"`
	TrainingRow *bool  `json:"training_row"`
}

// record reads gallery.json.
func record(t *testing.T) []entry {
	t.Helper()
	content, err := os.ReadFile("gallery.json")
	require.NoError(t, err)
	var entries []entry
	require.NoError(t, json.Unmarshal(content, &entries))
	return entries
}

// images returns the gallery's image files, slash-separated and sorted, and the size of everything in it.
func images(t *testing.T) (files []string, total int64) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, item fs.DirEntry, err error) error {
		if err != nil || item.IsDir() {
			return err
		}
		info, err := item.Info()
		if err != nil {
			return err
		}
		total += info.Size()
		folder := filepath.Dir(path)
		if folder != "." && folder != "LICENSES" {
			files = append(files, filepath.ToSlash(path))
		}
		return nil
	})
	require.NoError(t, err)
	slices.Sort(files)
	return files, total
}

func TestEveryImageIsRecordedAndEveryRecordedImageIsThere(t *testing.T) {
	entries := record(t)
	recorded := make([]string, 0, len(entries))
	for _, e := range entries {
		recorded = append(recorded, e.File)
	}
	slices.Sort(recorded)
	found, _ := images(t)
	assert.Equal(t, recorded, found)
	assert.GreaterOrEqual(t, len(found), minImages)
}

func TestGalleryStaysSmall(t *testing.T) {
	_, total := images(t)
	assert.LessOrEqual(t, total, int64(maxGalleryBytes))
}

func TestEveryRecordSaysWhereTheImageComesFrom(t *testing.T) {
	licences := []string{
		"Public domain", "No known copyright restrictions", "CC0-1.0", "CC-BY-2.0", "CC-BY-4.0", "CC-BY-SA-4.0",
		"GPL-2.0-or-later", "LGPL-3.0",
	}
	for _, e := range record(t) {
		assert.NotEmpty(t, e.Description, e.File)
		assert.NotEmpty(t, e.Source, e.File)
		assert.NotEmpty(t, e.Path, e.File)
		assert.NotEmpty(t, e.Author, e.File)
		assert.NotEmpty(t, e.Changes, e.File)
		assert.NotNil(t, e.TrainingRow, e.File)
		assert.Contains(t, licences, e.Licence, e.File)
	}
}

func TestReadmeListsEveryImage(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, e := range record(t) {
		assert.Contains(t, string(readme), "["+e.File+"]("+e.File+") | "+e.Description+" |", e.File)
	}
}
