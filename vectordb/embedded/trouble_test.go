package embedded_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// filledFolder makes an index with some batches and gives its folder.
func filledFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s, err := embedded.Open(dir, embedded.ReadWrite)
	require.NoError(t, err)
	require.NoError(t, s.SetModel(t.Context(), vectordb.Model{Name: "m", Feature: "f"}))
	for batch := range 20 {
		require.NoError(t, s.Put(t.Context(), batchRecords(batch)))
	}
	require.NoError(t, s.Close())
	return dir
}

// useAll reads everything that a store gives and joins the errors.
func useAll(ctx context.Context, s vectordb.Store) error {
	var errs []error
	var ids []sightline.ImageID
	for img, err := range s.Images(ctx, nil, vectordb.ByID) {
		errs = append(errs, err)
		if err == nil {
			ids = append(ids, img.ID)
		}
	}
	_, err := s.Nearest(ctx, []float32{1, 0}, 10, nil)
	errs = append(errs, err)
	_, err = s.Features(ctx, ids)
	errs = append(errs, err)
	_, err = s.Tags(ctx, ids)
	errs = append(errs, err)
	_, err = s.UserTags(ctx)
	errs = append(errs, err)
	_, err = s.ByText(ctx, "batch", 10, nil)
	errs = append(errs, err)
	for _, err := range s.Files(ctx, "/") {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func TestDamagedFile(t *testing.T) {
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	for name, damage := range map[string]func(content []byte) []byte{
		"random bytes":         func([]byte) []byte { return noise },
		"a text file":          func([]byte) []byte { return []byte("dear diary, this is not an index\n") },
		"cut in half":          func(b []byte) []byte { return b[:len(b)/2] },
		"cut inside a page":    func(b []byte) []byte { return b[:len(b)*2/3+123] },
		"noise over the start": func(b []byte) []byte { copy(b, noise[:5000]); return b },
		"noise over the rest":  func(b []byte) []byte { return append(b[:100], noise...) },
		"zeros over the rest":  func(b []byte) []byte { clear(b[8192:]); return b },
	} {
		for _, mode := range []embedded.Mode{embedded.ReadOnly, embedded.ReadWrite} {
			t.Run(fmt.Sprint(name, mode), func(t *testing.T) {
				dir := filledFolder(t)
				path := filepath.Join(dir, embedded.FileName)
				content, err := os.ReadFile(path)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(path, damage(content), 0o600))
				s, err := embedded.Open(dir, mode)
				if err == nil {
					err = useAll(t.Context(), s)
					require.NoError(t, s.Close())
				}
				require.Error(t, err)
				require.Equal(t, sightline.CodeIndexCorrupt, sightline.CodeOf(err), "%v", err)
				require.ErrorContains(t, err, path)
				require.ErrorContains(t, err, "backup", "says what to do")
			})
		}
	}
}

func TestFlippedBytesNeverCrash(t *testing.T) {
	dir := filledFolder(t)
	path := filepath.Join(dir, embedded.FileName)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	for range 30 {
		damaged := append([]byte{}, content...)
		for range 1 + rand.IntN(50) {
			damaged[100+rand.IntN(len(damaged)-100)] ^= byte(1 + rand.IntN(255))
		}
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		s, err := embedded.Open(dir, embedded.ReadOnly)
		if err != nil {
			continue // noticed at once
		}
		_ = useAll(t.Context(), s) // may go unnoticed: the flipped byte may lie in patches
		require.NoError(t, s.Close())
	}
}

func TestForeignFiles(t *testing.T) {
	for name, row := range map[string]struct {
		statement string
		code      sightline.Code
		says      string
	}{
		"another program's database": {`CREATE TABLE songs (title TEXT)`, sightline.CodeIndexCorrupt, "another program"},
		"a newer layout":             {`INSERT INTO schema_version SELECT max(version) + 1, 'from the future', '2030-01-01T00:00:00Z' FROM schema_version`, sightline.CodeIndexVersion, "newer version"},
		"another history":            {`UPDATE schema_version SET name = 'other'`, sightline.CodeIndexVersion, "other"},
	} {
		for _, mode := range []embedded.Mode{embedded.ReadOnly, embedded.ReadWrite} {
			t.Run(fmt.Sprint(name, mode), func(t *testing.T) {
				dir := t.TempDir()
				if row.code == sightline.CodeIndexVersion {
					dir = filledFolder(t)
				}
				execute(t, dir, row.statement)
				_, err := embedded.Open(dir, mode)
				require.Equal(t, row.code, sightline.CodeOf(err), "%v", err)
				require.ErrorContains(t, err, row.says)
			})
		}
	}
}

// execute changes index.db behind the store's back.
func execute(t *testing.T, dir, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, embedded.FileName))
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
}

// An index of before user tags waits for a writer, and loses nothing.
func TestAnOlderLayoutIsBroughtUpToDateByAWriter(t *testing.T) {
	dir := filledFolder(t)
	count := func(mode embedded.Mode) int {
		store, err := embedded.Open(dir, mode)
		require.NoError(t, err)
		defer store.Close()
		tags, err := store.UserTags(t.Context())
		require.NoError(t, err)
		require.Empty(t, tags)
		images, err := store.Count(t.Context(), nil)
		require.NoError(t, err)
		return images
	}
	before := count(embedded.ReadOnly)
	require.Positive(t, before)
	execute(t, dir, `DROP TABLE user_tags; DROP TABLE history; DELETE FROM schema_version WHERE version >= 2`)
	_, err := embedded.Open(dir, embedded.ReadOnly)
	require.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(err))
	require.ErrorContains(t, err, "layout version 1")
	require.Equal(t, before, count(embedded.ReadWrite))
	require.Equal(t, before, count(embedded.ReadOnly))
}

func TestReaderSeesAnIndexThatIsJustBeingCreated(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, embedded.FileName), nil, 0o600)) // opened, nothing written yet
	reader, err := embedded.Open(dir, embedded.ReadOnly)
	require.NoError(t, err)
	defer reader.Close()
	require.NoError(t, useAll(t.Context(), reader))

	writer, err := embedded.Open(dir, embedded.ReadWrite)
	require.NoError(t, err)
	defer writer.Close()
	require.NoError(t, writer.SetModel(t.Context(), vectordb.Model{Name: "m", Feature: "f"}))
	require.NoError(t, writer.Put(t.Context(), batchRecords(5)))
	hits, err := reader.Nearest(t.Context(), []float32{1, 0}, 100, nil)
	require.NoError(t, err)
	require.Len(t, hits, batchSize(5))
}

func TestFolderThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	for _, mode := range []embedded.Mode{embedded.ReadOnly, embedded.ReadWrite} {
		_, err := embedded.Open(filepath.Join(file, "index"), mode)
		require.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, file)
	}
}

func TestStaleLockFile(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "writer.lock"), []byte("4194305\n"), 0o600)) // of a killed process
	s, err := embedded.Open(dir, embedded.ReadWrite)
	require.NoError(t, err)
	content, err := os.ReadFile(filepath.Join(dir, "writer.lock"))
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(os.Getpid())+"\n", string(content))
	require.NoError(t, s.Close())
}

func TestPathsThatAreNotUTF8(t *testing.T) {
	dir := t.TempDir()
	s, err := embedded.Open(dir, embedded.ReadWrite)
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.SetModel(t.Context(), vectordb.Model{Name: "m", Feature: "f"}))
	record := batchRecords(0)[0]
	record.Image.Files[0].Path = "/photos/\xff\xfe caf\xe9.jpg"
	require.NoError(t, s.Put(t.Context(), []vectordb.Record{record}))
	images, err := s.Get(t.Context(), []sightline.ImageID{record.Image.ID})
	require.NoError(t, err)
	require.Equal(t, record.Image.Files[0].Path, images[0].Files[0].Path)
	hits, err := s.Nearest(t.Context(), []float32{1, 0}, 1, sightline.NameGlob("*.jpg"))
	require.NoError(t, err)
	require.Len(t, hits, 1)
	require.NoError(t, s.RemoveFiles(t.Context(), []string{record.Image.Files[0].Path}))
	stats, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.Zero(t, stats.Images)
}
