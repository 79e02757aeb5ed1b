package embedded

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// numbered is a store of images whose vectors and tags tell their numbers, and which of them there should be.
type numbered struct {
	dir  string
	want map[int]float64 // by number: the probability of the tag "n"
}

func numberedID(n int) sightline.ImageID { return sightline.ImageID(fmt.Sprintf("%064x", n)) }

// filesOf is where the files of the first generation lie.
func filesOf(dir string) string { return filepath.Join(dir, rootName, "1") }

func numberedPath(n int) string { return fmt.Sprintf("/n/%d.jpg", n) }

// open opens the store so that three images make a file.
func (s *numbered) open(t *testing.T, mode Mode) *Store {
	t.Helper()
	store, err := OpenFolding(s.dir, mode, 3, 20)
	require.NoError(t, err)
	return store.(*Store)
}

// put stores the images of the numbers, in a commit of its own.
func (s *numbered) put(t *testing.T, store *Store, numbers ...int) {
	t.Helper()
	require.NoError(t, store.SetModel(t.Context(), vectordb.Model{Name: "m", Feature: "f"}))
	var records []vectordb.Record
	for _, n := range numbers {
		s.want[n] = rand.Float64()
		records = append(records, vectordb.Record{
			Image:    sightline.Image{ID: numberedID(n), Files: []sightline.File{{Path: numberedPath(n)}}},
			Features: sightline.Features{Global: []float32{float32(n), 1, float32(-n)}},
			Tags:     []sightline.Tag{{Name: "n", Probability: s.want[n]}},
		})
	}
	require.NoError(t, store.Put(t.Context(), records))
}

func (s *numbered) remove(t *testing.T, store *Store, n int) {
	t.Helper()
	delete(s.want, n)
	require.NoError(t, store.RemoveFiles(t.Context(), []string{numberedPath(n)}))
}

// check asks for everything.
func (s *numbered) check(t *testing.T, store *Store) {
	t.Helper()
	hits, err := store.Nearest(t.Context(), []float32{1, 0, 0}, 10_000, nil)
	require.NoError(t, err)
	scores := map[sightline.ImageID]float64{}
	for _, hit := range hits {
		scores[hit.ID] = hit.Score
	}
	require.Len(t, hits, len(s.want))
	tagged, err := store.ByTag(t.Context(), "n", 0, nil)
	require.NoError(t, err)
	require.Len(t, tagged, len(s.want))
	probabilities := map[sightline.ImageID]float64{}
	for _, hit := range tagged {
		probabilities[hit.ID] = hit.Score
	}
	for n, p := range s.want {
		require.InDelta(t, float64(n), scores[numberedID(n)], 0)
		require.InDelta(t, p, probabilities[numberedID(n)], 1e-6)
	}
	count, err := store.Count(t.Context(), sightline.TagOver{Name: "n", P: 0.5})
	require.NoError(t, err)
	over := 0
	for _, p := range s.want {
		if float64(float32(p)) > 0.5 {
			over++
		}
	}
	require.Equal(t, over, count)
}

// checkAfresh does that as a process would that has just started.
func (s *numbered) checkAfresh(t *testing.T) (mapped, read int) {
	t.Helper()
	store := s.open(t, ReadOnly)
	defer func() { require.NoError(t, store.Close()) }()
	store.memory.limits.fold = 1 << 30 // whatever is not in files shows
	s.check(t, store)
	for _, p := range store.memory.parts {
		mapped += p.live
	}
	return mapped, store.memory.recent.len()
}

// newNumbered makes a store whose files hold 60 of its images, 12 of them changed or gone since, in the folder.
func newNumbered(t *testing.T) *numbered {
	t.Helper()
	s := &numbered{dir: t.TempDir(), want: map[int]float64{}}
	store := s.open(t, ReadWrite)
	for n := 1; n <= 60; n += 5 {
		s.put(t, store, n, n+1, n+2, n+3, n+4)
		s.check(t, store) // folds
		store.memory.background.Wait()
		if n%2 == 0 {
			s.put(t, store, n-3)
			s.remove(t, store, n-2)
		}
	}
	s.check(t, store)
	require.Greater(t, len(store.memory.parts), 2)
	require.NoError(t, store.Close())
	return s
}

func TestAStartMapsFilesAndReadsOnlyWhatHasChanged(t *testing.T) {
	s := newNumbered(t)
	mapped, read := s.checkAfresh(t)
	require.Greater(t, mapped, len(s.want)-6)
	require.Less(t, read, 6)
}

// Whatever happens to the files, answers stay right and the next fold makes them anew.
func TestDamagedFolder(t *testing.T) {
	files := func(t *testing.T, dir string) []string {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(filesOf(dir), "*.flat"))
		require.NoError(t, err)
		require.NotEmpty(t, names)
		return names
	}
	list := func(dir string) string { return filepath.Join(filesOf(dir), listName) }
	for name, damage := range map[string]func(t *testing.T, dir string){
		"no folder":         func(t *testing.T, dir string) { require.NoError(t, os.RemoveAll(filepath.Join(dir, rootName))) },
		"no list":           func(t *testing.T, dir string) { require.NoError(t, os.Remove(list(dir))) },
		"an empty list":     func(t *testing.T, dir string) { require.NoError(t, os.Truncate(list(dir), 0)) },
		"a torn list":       func(t *testing.T, dir string) { require.NoError(t, os.Truncate(list(dir), 100)) },
		"a missing file":    func(t *testing.T, dir string) { require.NoError(t, os.Remove(files(t, dir)[0])) },
		"an empty file":     func(t *testing.T, dir string) { require.NoError(t, os.Truncate(files(t, dir)[0], 0)) },
		"a torn file":       func(t *testing.T, dir string) { require.NoError(t, os.Truncate(files(t, dir)[0], 4100)) },
		"a file of zeros":   func(t *testing.T, dir string) { overwrite(t, files(t, dir)[0]) },
		"two files swapped": func(t *testing.T, dir string) { swap(t, files(t, dir)) },
		"another list": func(t *testing.T, dir string) {
			content, err := os.ReadFile(list(dir))
			require.NoError(t, err)
			content[len(content)-20] ^= 1
			require.NoError(t, os.WriteFile(list(dir), content, 0o600))
		},
		"what a killed process leaves": func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(filesOf(dir), "x.flat"), []byte("half"), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(filesOf(dir), newListName), []byte("half"), 0o600))
		},
		"files of another index": func(t *testing.T, dir string) {
			other := newNumbered(t)
			require.NoError(t, os.RemoveAll(filepath.Join(dir, rootName)))
			require.NoError(t, os.Rename(filepath.Join(other.dir, rootName), filepath.Join(dir, rootName)))
		},
		"files of another generation": func(t *testing.T, dir string) {
			relist(t, dir, func(l *fileList) { l.Generation++ })
		},
		"files of other vectors": func(t *testing.T, dir string) {
			relist(t, dir, func(l *fileList) { l.Dim++ })
		},
		"a list of a commit to come": func(t *testing.T, dir string) {
			relist(t, dir, func(l *fileList) { l.Commit += 1000 })
		},
		"a list that leads out of the folder": func(t *testing.T, dir string) {
			relist(t, dir, func(l *fileList) { l.Files[0].Name = "../" + listName })
		},
		"a list that knows of fewer images": func(t *testing.T, dir string) {
			relist(t, dir, func(l *fileList) { l.Files[0].Dead = nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newNumbered(t)
			damage(t, s.dir)
			s.checkAfresh(t)
			store := s.open(t, ReadWrite)
			s.put(t, store, 1001, 1002, 1003)
			s.check(t, store)
			require.NoError(t, store.Close())
			mapped, read := s.checkAfresh(t)
			require.Equal(t, len(s.want), mapped+read)
			require.Less(t, read, 6, "the files are back")
			require.NoFileExists(t, filepath.Join(filesOf(s.dir), "x.flat"))
		})
	}
}

func overwrite(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, make([]byte, info.Size()), 0o600))
}

func swap(t *testing.T, paths []string) {
	t.Helper()
	require.NoError(t, os.Rename(paths[0], paths[0]+".x"))
	require.NoError(t, os.Rename(paths[1], paths[0]))
	require.NoError(t, os.Rename(paths[0]+".x", paths[1]))
}

func relist(t *testing.T, dir string, change func(*fileList)) {
	t.Helper()
	l := folder(filesOf(dir)).list()
	require.NotNil(t, l)
	change(l)
	content, err := l.encode()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(filesOf(dir), listName), content, 0o600))
}

// A backup that is put back has commits of the same numbers as the index that it replaces; the files are of that one.
func TestABackupThatIsPutBack(t *testing.T) {
	s := newNumbered(t)
	backup, err := os.ReadFile(filepath.Join(s.dir, FileName))
	require.NoError(t, err)
	before := maps.Clone(s.want)
	store := s.open(t, ReadWrite)
	for n := 2000; n < 2030; n += 3 {
		s.put(t, store, n, n+1, n+2)
		s.check(t, store)
	}
	require.NoError(t, store.Close())

	require.NoError(t, os.WriteFile(filepath.Join(s.dir, FileName), backup, 0o600))
	s.want = before
	s.checkAfresh(t)
	store = s.open(t, ReadWrite)
	for n := 3000; n < 3100; n++ { // past the commits of the one that was replaced
		s.put(t, store, n)
	}
	require.NoError(t, store.Close())
	s.checkAfresh(t)
}

// Without a place for files everything stays in memory.
func TestNoPlaceForFiles(t *testing.T) {
	s := &numbered{dir: t.TempDir(), want: map[int]float64{}}
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, rootName), []byte("in the way"), 0o600))
	store := s.open(t, ReadWrite)
	for n := 1; n < 40; n += 4 {
		s.put(t, store, n, n+1, n+2, n+3)
		s.check(t, store)
	}
	require.Empty(t, store.memory.parts)
	require.NoError(t, os.Remove(filepath.Join(s.dir, rootName)))
	for n := 101; n < 160; n++ {
		s.put(t, store, n)
		s.check(t, store)
	}
	require.NotEmpty(t, store.memory.parts, "once there is one, it is used")
	require.NoError(t, store.Close())
}

// While another process writes files, nobody waits for it, and afterwards its files are used.
func TestFilesOfAnotherProcessAreUsed(t *testing.T) {
	s := newNumbered(t)
	first, second := s.open(t, ReadWrite), s.open(t, ReadOnly)
	s.check(t, second)
	unlock, err := second.memory.folder.lock(t.Context(), false)
	require.NoError(t, err)
	s.put(t, first, 501, 502, 503, 504)
	s.check(t, first)
	require.GreaterOrEqual(t, first.memory.recent.len(), 4, "the files are locked")
	unlock()
	s.put(t, first, 505)
	s.check(t, first)
	require.Zero(t, first.memory.recent.len())
	first.memory.background.Wait()
	s.check(t, second)
	require.Equal(t, first.memory.folder.list().ID, second.memory.seen)
	require.Zero(t, second.memory.recent.len())
	require.NoError(t, first.Close())
	require.NoError(t, second.Close())
}

// Many processes read, fold and merge while one writes: each sees what was written before it asked.
func TestReadersFoldBesideAWriter(t *testing.T) {
	s := newNumbered(t)
	writer := s.open(t, ReadWrite)
	readers := []*Store{s.open(t, ReadOnly), s.open(t, ReadOnly), s.open(t, ReadOnly)}
	stop := make(chan struct{})
	done := make(chan error, len(readers))
	for _, reader := range readers {
		go func() {
			for {
				select {
				case <-stop:
					done <- nil
					return
				default:
				}
				hits, err := reader.Nearest(t.Context(), []float32{0, 1, 0}, 10_000, nil)
				if err == nil && len(hits) < 40 {
					err = fmt.Errorf("only %d of at least 40 images", len(hits))
				}
				if err != nil {
					done <- err
					return
				}
			}
		}()
	}
	for n := 4000; n < 4120; n += 4 {
		s.put(t, writer, n, n+1, n+2, n+3, n-30)
		s.remove(t, writer, n-30)
		s.check(t, readers[n/4%3])
	}
	close(stop)
	for range readers {
		require.NoError(t, <-done)
	}
	for _, store := range append(readers, writer) {
		s.check(t, store)
		require.NoError(t, store.Close())
	}
	s.checkAfresh(t)
}
