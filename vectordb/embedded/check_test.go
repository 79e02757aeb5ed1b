package embedded_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// current gives the index of olderIndex in the newest layout.
func current(t *testing.T) (dir string) {
	t.Helper()
	dir = olderIndex(t, 2)
	s, err := embedded.Open(dir, embedded.ReadWrite)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	return dir
}

func TestCheckFindsAndRepairs(t *testing.T) {
	problems, err := embedded.Check(t.Context(), current(t), false)
	require.NoError(t, err)
	require.Empty(t, problems)
	for what, statement := range map[string]string{
		"images without a file":                           `DELETE FROM files WHERE image = 2`,
		"places of no image":                              `UPDATE files SET image = 99 WHERE image = 2`,
		"features of no image or no generation":           `UPDATE features SET generation = 99 WHERE image = 2`,
		"patches of no features":                          `INSERT INTO patches VALUES (99, x'00')`,
		"features without patches":                        `DELETE FROM patches WHERE feature = 2`,
		"patches of another size than the others":         `UPDATE patches SET data = x'00' WHERE feature = 2`,
		"global vectors of a wrong length":                `UPDATE features SET global = x'00000000' WHERE id = 2`,
		"global vectors that are not numbers":             `UPDATE features SET global = x'0000803f0000803f0000803f0000c07f' WHERE id = 2`,
		"probabilities that are cut off":                  `UPDATE features SET tags = x'0000' WHERE id = 2`,
		"probabilities that are none":                     `UPDATE features SET tags = x'0100000000008040' WHERE id = 2`,
		"words of names that are not those of the images": `DELETE FROM image_words WHERE rowid = 2`,
	} {
		t.Run(what, func(t *testing.T) {
			dir := current(t)
			execute(t, dir, statement)
			beside, err := embedded.Open(dir, embedded.ReadOnly)
			require.NoError(t, err)
			defer beside.Close()
			problems, err := embedded.Check(t.Context(), dir, false)
			require.NoError(t, err)
			require.NotEmpty(t, problems)
			var found []string
			for _, p := range problems {
				found = append(found, p.What)
				assert.Positive(t, p.Count)
				assert.NotEmpty(t, p.Example)
				assert.False(t, p.Repaired)
			}
			assert.Contains(t, found, what)

			for repeated := true; repeated; { // taking one thing out can leave another without what it belongs to
				problems, err = embedded.Check(t.Context(), dir, true)
				require.NoError(t, err)
				repeated = len(problems) > 0
			}
			hits, err := beside.Nearest(t.Context(), []float32{1, 0, 0, 0}, 10, nil)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, len(hits), 2, "the others are as they were")
			s, err := embedded.Open(dir, embedded.ReadWrite)
			require.NoError(t, err)
			defer s.Close()
			filled, err := s.Build(t.Context(), vectordb.Model{Name: "fixture 1", Feature: "feature", Scoring: "scoring"})
			require.NoError(t, err)
			built, all, err := filled.Count(t.Context())
			require.NoError(t, err)
			assert.Equal(t, len(hits), built, "what readers find is what is there")
			assert.GreaterOrEqual(t, all, built)
		})
	}
}

func TestCheckOfADamagedFile(t *testing.T) {
	dir := current(t)
	path := filepath.Join(dir, embedded.FileName)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	for i := len(data) / 2; i < len(data)/2+40000; i++ {
		data[i] ^= 0x55
	}
	require.NoError(t, os.WriteFile(path, data, 0o644))
	problems, err := embedded.Check(t.Context(), dir, false)
	if err == nil {
		require.NotEmpty(t, problems)
		assert.Contains(t, problems[0].Hint, "backup")
		return
	}
	assert.Equal(t, sightline.CodeIndexCorrupt, sightline.CodeOf(err))
}

func TestBackupAndRestore(t *testing.T) {
	dir, file := current(t), filepath.Join(t.TempDir(), "größe 'quoted' %?#.backup")
	writing, err := embedded.Open(dir, embedded.ReadWrite) // goes on meanwhile
	require.NoError(t, err)
	defer writing.Close()
	require.NoError(t, embedded.Backup(t.Context(), dir, file))
	assert.Equal(t, sightline.CodeNameTaken, sightline.CodeOf(embedded.Backup(t.Context(), dir, file)))
	require.NoError(t, writing.RemoveFiles(t.Context(), []string{"/photos/größe 1.jpg"}))

	restored := filepath.Join(t.TempDir(), "new")
	require.NoError(t, embedded.Restore(t.Context(), file, restored))
	s, err := embedded.Open(restored, embedded.ReadWrite)
	require.NoError(t, err)
	holdsTheOldIndex(t, s, 2)
	assert.Equal(t, sightline.CodeIndexLocked, sightline.CodeOf(embedded.Restore(t.Context(), file, restored)))
	require.NoError(t, s.Close())
	assert.Equal(t, sightline.CodeNameTaken, sightline.CodeOf(embedded.Restore(t.Context(), file, restored)), "an index is not written over")

	older := filepath.Join(olderIndex(t, 1), embedded.FileName)
	require.NoError(t, embedded.Restore(t.Context(), older, filepath.Join(t.TempDir(), "older")), "the next writer carries it forward")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	cut := filepath.Join(t.TempDir(), "cut")
	require.NoError(t, os.WriteFile(cut, data[:len(data)/2], 0o644))
	noise := filepath.Join(t.TempDir(), "noise")
	require.NoError(t, os.WriteFile(noise, []byte("no database"), 0o644))
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o644))
	for path, code := range map[string]sightline.Code{
		cut: sightline.CodeIndexCorrupt, noise: sightline.CodeIndexCorrupt, empty: sightline.CodeIndexCorrupt, "/no/such/file": sightline.CodeNotFound,
	} {
		target := filepath.Join(t.TempDir(), "target")
		err := embedded.Restore(t.Context(), path, target)
		assert.Equal(t, code, sightline.CodeOf(err), "%s: %v", path, err)
		assert.NoFileExists(t, filepath.Join(target, embedded.FileName))
		assert.NoFileExists(t, filepath.Join(target, embedded.FileName+".part"))
	}
}
