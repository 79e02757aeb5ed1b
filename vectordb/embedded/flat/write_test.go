package flat

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func tagged(rows []int64, tags map[uint32][]Posting) *images {
	s := &images{tags: tags}
	for _, row := range rows {
		s.add(row, []float32{float32(row), 1})
	}
	return s
}

// A file that is made of files and of memory holds what counts in them, in the order of rows.
func TestMerge(t *testing.T) {
	old := written(t, 2, Live{tagged([]int64{2, 4, 6, 8}, map[uint32][]Posting{
		7: {{0, 0.1}, {1, 0.2}, {3, 0.4}},
		9: {{1, 0.5}}, // goes with row 4
	}), all})
	recent := tagged([]int64{9, 4, 1}, map[uint32][]Posting{7: {{2, 0.7}, {1, 0.8}}, 3: {{0, 0.9}}})
	file := written(t, 2, Live{old, func(slot int) bool { return old.Rows()[slot] != 4 }}, Live{recent, all})

	require.Equal(t, []int64{1, 2, 4, 6, 8, 9}, file.Rows())
	require.Equal(t, []uint32{3, 7}, file.Labels())
	require.Empty(t, file.Postings(9))
	require.Empty(t, file.Postings(4))
	require.Equal(t, []Posting{{5, 0.9}}, file.Postings(3))
	require.ElementsMatch(t, []Posting{{0, 0.7}, {1, 0.1}, {2, 0.8}, {4, 0.4}}, file.Postings(7))
	for slot, row := range file.Rows() {
		vector := make([]float32, 2)
		require.NoError(t, file.Vector(slot, vector))
		require.Equal(t, []float32{float32(row), 1}, vector)
		require.Equal(t, idOf(row), file.ID(slot))
		found, ok := file.Find(row)
		require.True(t, ok)
		require.Equal(t, slot, found)
	}
	_, ok := file.Find(5)
	require.False(t, ok)
	require.Equal(t, []Hit{{idOf(9), 9}, {idOf(8), 8}}, nearest(t, []float32{1, 0}, 2, Part{File: file}))
}

func TestAFileOfNothing(t *testing.T) {
	file := written(t, 3)
	require.Zero(t, file.Len())
	require.Empty(t, nearest(t, []float32{1, 2, 3}, 5, Part{File: file}))
	require.Empty(t, nearest(t, []float32{1, 2, 3}, 5))
}

// A file is refused, whatever part of what is trusted is damaged, and whatever it is cut to.
func TestDamagedFilesAreRefused(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	s := tagged([]int64{1, 2, 3, 500}, map[uint32][]Posting{7: {{0, 0.1}}, 8: {{3, 1}}})
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, Write(path, 2, []Live{{s, all}}))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	refused := func(what string, content []byte, dim int) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, content, 0o600))
		file, err := Open(path, dim)
		require.Error(t, err, what)
		require.Nil(t, file)
		require.ErrorContains(t, err, path)
	}
	for range 40 {
		refused("cut", whole[:r.IntN(len(whole))], 2)
	}
	refused("empty", nil, 2)
	refused("longer", append(slices.Clip(whole), 0), 2)
	refused("other vectors", whole, 3)
	h, err := readHeader(whole[:headerSize], int64(len(whole)))
	require.NoError(t, err)
	at := h.layout()
	for range 100 {
		flipped := append([]byte{}, whole...)
		place := []int64{r.Int64N(int64(checkedTo)), at.rows + r.Int64N(8*4), at.labels + r.Int64N(16*2)}[r.IntN(3)]
		flipped[place] ^= byte(1 + r.IntN(255))
		refused("flipped", flipped, 2)
	}
	noise := make([]byte, len(whole))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	refused("noise", noise, 2)
	_, err = Open(filepath.Join(t.TempDir(), "none"), 2)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Flipped bits elsewhere may go unnoticed, as in any database, but crash nothing.
func TestFlippedBitsCrashNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	s := tagged([]int64{1, 2, 3, 500}, map[uint32][]Posting{7: {{0, 0.1}, {2, 0.1}}, 8: {{3, 1}}})
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	require.NoError(t, Write(path, 2, []Live{{s, all}}))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for range 200 {
		flipped := append([]byte{}, whole...)
		for range 20 {
			flipped[r.IntN(len(flipped))] ^= byte(1 + r.IntN(255))
		}
		copy(flipped[:headerSize+8*4], whole)
		require.NoError(t, os.WriteFile(path, flipped, 0o600))
		file, err := Open(path, 2)
		if err != nil {
			continue
		}
		_, err = Nearest(context.Background(), []Part{{File: file}}, []float32{1, 1}, 2)
		require.NoError(t, err)
		copied := filepath.Join(dir, "copy")
		require.NoError(t, Write(copied, 2, []Live{{file, all}}))
		require.NoError(t, os.Remove(copied))
		require.NoError(t, file.Close())
	}
}

func TestAFileIsNeverWrittenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte("mine"), 0o600))
	require.Error(t, Write(path, 2, nil))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "mine", string(content))
}
