package index_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/vectordb"
)

// add indexes and wants no error.
func add(t *testing.T, p index.Parts, paths ...string) index.AddReport {
	t.Helper()
	report, err := index.New(p).Add(t.Context(), paths, index.AddOptions{Workers: 2, Batch: 3})
	require.NoError(t, err)
	return report
}

// counts leaves the speed out of a report.
func counts(r index.AddReport) index.AddReport {
	r.Seconds, r.ImagesPerSecond = 0, 0
	if r.Failed == nil {
		return r
	}
	for i := range r.Failed {
		r.Failed[i].Reason = ""
	}
	return r
}

// none is Failed when nothing failed.
var none = []index.BadInput{}

func TestAddFindsImagesInFolders(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	for i := range 5 {
		draw(t, filepath.Join(dir, "a", fmt.Sprint(i)+".png"), uint64(i))
	}
	draw(t, filepath.Join(dir, "a", "b", "deep.PNG"), 10)
	draw(t, filepath.Join(dir, "copy of 1.png"), 1)
	draw(t, filepath.Join(dir, ".git", "hidden.png"), 11)
	draw(t, filepath.Join(dir, "._x.png"), 12)
	write(t, filepath.Join(dir, "notes.txt"), []byte("not an image"))

	report := add(t, p, dir)
	assert.Equal(t, index.AddReport{Seen: 7, Added: 6, Duplicates: 1, Failed: none}, counts(report))
	assert.Positive(t, report.ImagesPerSecond)
	assert.Len(t, dump(t, p.Store), 6)

	report = add(t, p, filepath.Join(dir, ".git"))
	assert.Equal(t, 1, report.Added, "a hidden folder that is given itself is indexed")
	report = add(t, p, dir)
	assert.Equal(t, index.AddReport{Seen: 7, Unchanged: 7, Failed: none}, counts(report), "and is not forgotten afterwards")
}

// frozen is a store that nothing may be written to.
type frozen struct {
	vectordb.Store
	t *testing.T
}

func (f frozen) Put(context.Context, []vectordb.Record) error     { f.t.Error("Put"); return nil }
func (f frozen) PutBad(context.Context, []vectordb.BadFile) error { f.t.Error("PutBad"); return nil }

func (f frozen) RemoveFiles(context.Context, []string) error { f.t.Error("RemoveFiles"); return nil }

func (f frozen) SetModel(context.Context, vectordb.Model) error { f.t.Error("SetModel"); return nil }

func (f frozen) AddFiles(context.Context, map[sightline.ImageID][]sightline.File) error {
	f.t.Error("AddFiles")
	return nil
}

func (f frozen) SetTags(context.Context, map[sightline.ImageID][]sightline.Tag) error {
	f.t.Error("SetTags")
	return nil
}

func TestIndexingTwiceDoesNoWork(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	for i := range 4 {
		draw(t, filepath.Join(dir, fmt.Sprint(i)+".png"), uint64(i))
	}
	write(t, filepath.Join(dir, "bad.jpg"), []byte("text"))
	first := add(t, p, dir)
	require.Equal(t, 4, first.Added)

	// Bytes that no decoder takes, under the old sizes and times: whoever reads them notices.
	for _, name := range []string{"0.png", "bad.jpg"} {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		require.NoError(t, err)
		write(t, path, make([]byte, info.Size()))
		require.NoError(t, os.Chtimes(path, info.ModTime(), info.ModTime()))
	}
	p.Store = frozen{p.Store, t}
	second := add(t, p, dir)
	assert.Equal(t, 4, second.Unchanged)
	assert.Equal(t, first.Failed, second.Failed, "a bad file is listed every time")
}

func TestAddFollowsMovesCopiesAndEdits(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for i, name := range []string{"stays.png", "moves.png", "edited.png", "touched.png", "removed.png", "sub/moves too.png"} {
		draw(t, at(name), uint64(i))
	}
	add(t, p, dir)
	before := dump(t, p.Store)

	require.NoError(t, os.Rename(at("moves.png"), at("moved.png")))
	require.NoError(t, os.Rename(at("sub"), at("renamed")))
	draw(t, at("edited.png"), 100)
	draw(t, at("copied.png"), 0)
	now := time.Now().Add(time.Minute)
	require.NoError(t, os.Chtimes(at("touched.png"), now, now))
	require.NoError(t, os.Remove(at("removed.png")))

	report := add(t, p, dir)
	assert.Equal(t, index.AddReport{Seen: 6, Updated: 1, Moved: 2, Duplicates: 1, Unchanged: 2, Removed: 1, Failed: none}, counts(report))
	paths := map[string]bool{}
	for id, img := range dump(t, p.Store) {
		for _, path := range img.Paths {
			paths[path] = true
		}
		if old, ok := before[id]; ok {
			assert.Equal(t, old.Global, img.Global, "known content keeps its features")
		}
	}
	assert.Equal(t, map[string]bool{
		at("stays.png"): true, at("copied.png"): true, at("moved.png"): true, at("edited.png"): true, at("touched.png"): true,
		at("renamed/moves too.png"): true,
	}, paths)
	assert.Equal(t, 6, add(t, p, dir).Unchanged)
}

func TestAMoveBetweenFoldersIsFollowedFromTheNewOne(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	draw(t, filepath.Join(from, "a.png"), 1)
	draw(t, filepath.Join(from, "b.png"), 2)
	draw(t, filepath.Join(to, "c.png"), 3)
	add(t, p, dir)
	require.NoError(t, os.Rename(filepath.Join(from, "a.png"), filepath.Join(to, "a.png")))
	assert.Equal(t, 1, add(t, p, to).Moved)
	assert.NotContains(t, allPaths(t, p.Store), filepath.Join(from, "a.png"))

	// The same when the whole folder was renamed.
	require.NoError(t, os.Rename(filepath.Join(from, "b.png"), filepath.Join(to, "b.png")))
	require.NoError(t, os.Remove(from))
	assert.Equal(t, 1, add(t, p, to).Moved)
	assert.NotContains(t, allPaths(t, p.Store), filepath.Join(from, "b.png"))
}

func allPaths(t *testing.T, s vectordb.Store) []string {
	t.Helper()
	var paths []string
	for _, img := range dump(t, s) {
		paths = append(paths, img.Paths...)
	}
	return paths
}

func TestFilesThatSwapNames(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	a, b, c := filepath.Join(dir, "a.png"), filepath.Join(dir, "b.png"), filepath.Join(dir, "c.png")
	draw(t, a, 1)
	draw(t, b, 2)
	add(t, p, dir)
	before := dump(t, p.Store)
	for _, r := range [][2]string{{a, c}, {b, a}, {c, b}} {
		require.NoError(t, os.Rename(r[0], r[1]))
	}
	add(t, p, dir)
	after := dump(t, p.Store)
	require.Len(t, after, 2)
	for id, img := range after {
		require.Contains(t, before, id)
		assert.NotEqual(t, before[id].Paths, img.Paths)
		assert.Len(t, img.Paths, 1)
	}
	assert.Equal(t, 2, add(t, p, dir).Unchanged)
}

// hugePNG claims 60,000 x 60,000 pixels in a few bytes.
func hugePNG() []byte {
	header := binary.BigEndian.AppendUint32(nil, 60000)
	header = binary.BigEndian.AppendUint32(header, 60000)
	header = append(header, 8, 2, 0, 0, 0)
	chunk := append([]byte("IHDR"), header...)
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, byte(len(header)))
	out = append(out, chunk...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
}

func TestBadFilesAreListedAndStopNothing(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	draw(t, at("good.png"), 1)
	draw(t, at("cut.png"), 2)
	whole, err := os.ReadFile(at("cut.png"))
	require.NoError(t, err)
	write(t, at("cut.png"), whole[:len(whole)/2])
	write(t, at("empty.jpg"), nil)
	write(t, at("empty too.jpg"), nil)
	write(t, at("huge.png"), hugePNG())
	write(t, at("text.jpg"), bytes.Repeat([]byte("no image. "), 100))
	require.NoError(t, os.Symlink(at("nowhere.png"), at("dangling.png")))
	want := map[string]sightline.Code{
		at("cut.png"): sightline.CodeImageCorrupt, at("empty.jpg"): sightline.CodeImageEmpty, at("empty too.jpg"): sightline.CodeImageEmpty,
		at("huge.png"): sightline.CodeImageTooLarge, at("text.jpg"): sightline.CodeImageUnsupported, at("dangling.png"): sightline.CodeVanished,
	}
	for range 2 {
		report := add(t, p, dir)
		assert.Equal(t, 7, report.Seen)
		assert.Equal(t, 1, report.Added+report.Unchanged)
		got := map[string]sightline.Code{}
		for _, bad := range report.Failed {
			got[bad.Path] = bad.Code
			assert.NotEmpty(t, bad.Reason)
		}
		if got[at("text.jpg")] == sightline.CodeImageCorrupt {
			want[at("text.jpg")] = sightline.CodeImageCorrupt // either says what is wrong
		}
		assert.Equal(t, want, got)
	}

	write(t, at("cut.png"), whole)
	report := add(t, p, dir)
	assert.Equal(t, 1, report.Added, "a repaired file is indexed")
	write(t, at("good.png"), whole[:len(whole)/2])
	report = add(t, p, dir)
	assert.Len(t, report.Failed, 6)
	assert.NotContains(t, allPaths(t, p.Store), at("good.png"), "content that is gone is not found any more")
}

func TestLinks(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	elsewhere := filepath.Join(t.TempDir(), "photo.png")
	draw(t, elsewhere, 1)
	draw(t, filepath.Join(dir, "a.png"), 2)
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(dir, "linked.png")))
	require.NoError(t, os.Symlink(dir, filepath.Join(dir, "loop")))
	require.NoError(t, os.Symlink("self.png", filepath.Join(dir, "self.png")))
	report := add(t, p, dir)
	assert.Equal(t, 2, report.Added)
	require.Len(t, report.Failed, 1)
	assert.Equal(t, filepath.Join(dir, "self.png"), report.Failed[0].Path)

	// A given path is followed also where it is a link to a folder.
	link := filepath.Join(t.TempDir(), "album")
	require.NoError(t, os.Symlink(dir, link))
	assert.Equal(t, 2, add(t, p, link).Duplicates)
}

func TestAFolderThatCannotBeReadLosesNothing(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	draw(t, filepath.Join(dir, "a.png"), 1)
	add(t, p, dir)

	// A folder so deep that the system cannot name it cannot be read by anybody, root included.
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	deep := filepath.Join(slices.Repeat([]string{strings.Repeat("d", 200)}, 25)...)
	require.NoError(t, root.MkdirAll(deep, 0o755))
	unreachable := sightline.File{Path: filepath.Join(dir, deep, "b.png"), Size: 1, ModTime: time.Unix(1, 0)}
	for id := range dump(t, p.Store) {
		require.NoError(t, p.Store.AddFiles(t.Context(), map[sightline.ImageID][]sightline.File{sightline.ImageID(id): {unreachable}}))
	}

	report := add(t, p, dir)
	assert.Equal(t, 1, report.Unchanged)
	assert.Zero(t, report.Removed)
	require.Len(t, report.Failed, 1)
	assert.Equal(t, sightline.CodeUnreadable, report.Failed[0].Code)
	assert.Contains(t, report.Failed[0].Reason, "folder")
	assert.Contains(t, allPaths(t, p.Store), unreachable.Path)
}

func TestPathsThatCannotBeIndexed(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	x := index.New(p)
	_, err := x.Add(t.Context(), []string{filepath.Join(dir, "nowhere")}, index.AddOptions{})
	assert.Equal(t, sightline.CodeNotFound, sightline.CodeOf(err))
	assert.ErrorContains(t, err, "nowhere")
	write(t, filepath.Join(dir, "notes.txt"), []byte("x"))
	_, err = x.Add(t.Context(), []string{dir}, index.AddOptions{})
	assert.Equal(t, sightline.CodeNoImages, sightline.CodeOf(err))

	draw(t, filepath.Join(dir, "a.png"), 1)
	add(t, p, dir)
	require.NoError(t, os.Remove(filepath.Join(dir, "a.png")))
	assert.Equal(t, 1, add(t, p, dir).Removed, "the last image's removal is noticed")
	_, err = x.Add(t.Context(), []string{dir}, index.AddOptions{})
	assert.Equal(t, sightline.CodeNoImages, sightline.CodeOf(err))

	draw(t, filepath.Join(dir, "sub", "b.png"), 1)
	add(t, p, dir)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "sub")))
	_, err = x.Add(t.Context(), []string{filepath.Join(dir, "sub")}, index.AddOptions{})
	assert.Equal(t, sightline.CodeNotFound, sightline.CodeOf(err))
	assert.NotEmpty(t, allPaths(t, p.Store), "a mistyped or unmounted folder forgets nothing")
}

func TestAFileThatVanishesWhileIndexing(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	for i := range 3 {
		draw(t, filepath.Join(dir, fmt.Sprint(i)+".png"), uint64(i))
	}
	gone := filepath.Join(dir, "2.png")
	report, err := index.New(p).Add(t.Context(), []string{dir}, index.AddOptions{Progress: func(p index.AddProgress) {
		if p.Total == 3 && p.Done == 0 {
			assert.NoError(t, os.Remove(gone)) // found, not yet read
		}
	}})
	require.NoError(t, err)
	assert.Equal(t, 2, report.Added)
	require.Len(t, report.Failed, 1)
	assert.Equal(t, gone, report.Failed[0].Path)
	assert.Equal(t, sightline.CodeVanished, report.Failed[0].Code)
	assert.Equal(t, index.AddReport{Seen: 2, Unchanged: 2, Failed: none}, counts(add(t, p, dir)))
}

func TestAnInterruptedRunKeepsWhatItHasDone(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	for i := range 12 {
		draw(t, filepath.Join(dir, fmt.Sprint(i)+".png"), uint64(i))
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	report, err := index.New(p).Add(ctx, []string{dir}, index.AddOptions{Workers: 2, Batch: 2, Progress: func(p index.AddProgress) {
		if p.Done >= 4 {
			stop()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	assert.GreaterOrEqual(t, report.Added, 4)
	assert.Less(t, report.Added, 12)
	kept := dump(t, p.Store)
	assert.GreaterOrEqual(t, len(kept), report.Added)
	report = add(t, p, dir)
	assert.Equal(t, len(kept), report.Unchanged)
	assert.Equal(t, 12, report.Unchanged+report.Added)
}
