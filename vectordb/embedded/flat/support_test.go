package flat

import (
	"context"
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// images are images in memory, a Source. Their rows are odd and rise; an id tells its row.
type images struct {
	rows    []int64
	vectors [][]float32
	tags    map[uint32][]Posting
}

func (s *images) Len() int         { return len(s.rows) }
func (s *images) Rows() []int64    { return s.rows }
func (s *images) ID(slot int) ID   { return idOf(s.rows[slot]) }
func (s *images) Labels() []uint32 { return slices.Collect(maps.Keys(s.tags)) }

func (s *images) Vector(slot int, vector []float32) error {
	copy(vector, s.vectors[slot])
	return nil
}

func (s *images) Postings(label uint32) []Posting { return s.tags[label] }

func (s *images) add(row int64, vector []float32) {
	s.rows, s.vectors = append(s.rows, row), append(s.vectors, vector)
}

// idOf makes ids that fall while rows rise, so that ties show.
func idOf(row int64) (id ID) {
	binary.BigEndian.PutUint64(id[:], uint64(1<<60-row))
	return id
}

func all(int) bool { return true }

// written writes a file and opens it.
func written(t *testing.T, dim int, sources ...Live) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, Write(path, dim, sources))
	file, err := Open(path, dim)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	return file
}

// exactly scores every vector in full.
func exactly(query []float32, k int, keep func(row int64) bool, sources ...*images) []Hit {
	best := &Best{K: k}
	for _, s := range sources {
		for slot, row := range s.rows {
			if keep(row) {
				best.Add(Hit{ID: s.ID(slot), Score: Dot(query, s.vectors[slot])})
			}
		}
	}
	return best.Sorted()
}

func nearest(t *testing.T, query []float32, k int, parts ...Part) []Hit {
	t.Helper()
	best, err := Nearest(context.Background(), parts, query, k)
	require.NoError(t, err)
	return best.Sorted()
}

// kinds of vectors: how the n-th of them is drawn.
var kinds = map[string]func(r *rand.Rand, n, dim int) []float32{
	"anywhere": func(r *rand.Rand, _, dim int) []float32 { return gauss(r, dim, 1) },
	"in clusters, near enough to be confused by codes": func(r *rand.Rand, n, dim int) []float32 {
		v := gauss(rand.New(rand.NewPCG(7, uint64(n%20))), dim, 1)
		for i, x := range gauss(r, dim, 0.002) {
			v[i] += x
		}
		return v
	},
	"the same, many times": func(r *rand.Rand, n, dim int) []float32 {
		return gauss(rand.New(rand.NewPCG(7, uint64(n%3))), dim, 1)
	},
	"of all lengths": func(r *rand.Rand, n, dim int) []float32 {
		return gauss(r, dim, []float64{0, 1e-38, 1e-20, 1e-3, 1, 1e3, 1e15}[n%7])
	},
	"with one large number": func(r *rand.Rand, n, dim int) []float32 {
		v := gauss(r, dim, 0.01)
		v[n%dim] = 1
		return v
	},
	"too long for a float32 score": func(r *rand.Rand, n, dim int) []float32 {
		v := gauss(r, dim, []float64{1e20, 1}[n%2])
		for i, x := range v {
			v[i] = max(x, -x) // infinite scores have an order as long as they have a sign
		}
		return v
	},
}

func gauss(r *rand.Rand, dim int, size float64) []float32 {
	v := make([]float32, dim)
	for i := range v {
		v[i] = float32(r.NormFloat64() * size)
	}
	return v
}
