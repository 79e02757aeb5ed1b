package bench

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/sightline-search/sightline/vectordb/embedded/flat"
)

// clusters is how many centres the vectors lie around: photographs of the same things resemble each other, which is
// harder for a search by codes than vectors that lie anywhere.
const clusters = 500

// vectors are made-up global vectors of images in memory, of length 1; image i has the id idOf(i).
type vectors struct {
	n, dim int
	data   []float32 // [n x dim]
}

func newVectors(ctx context.Context, n, dim int) (*vectors, error) {
	v := &vectors{n: n, dim: dim, data: make([]float32, n*dim)}
	for i := range n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		v.draw(uint64(i), v.at(i))
	}
	return v, nil
}

func (v *vectors) at(i int) []float32 { return v.data[i*v.dim : (i+1)*v.dim] }

// query draws a vector as those of the images are drawn, but another one.
func (v *vectors) query(n int) []float32 {
	q := make([]float32, v.dim)
	v.draw(1<<40+uint64(n), q)
	return q
}

// draw gives number i its vector: its centre and as much of its own again.
func (v *vectors) draw(i uint64, into []float32) {
	centre, own := rand.New(rand.NewPCG(1, i%clusters)), rand.New(rand.NewPCG(2, i))
	var length float64
	for d := range into {
		x := centre.NormFloat64() + own.NormFloat64()
		into[d] = float32(x)
		length += x * x
	}
	for d := range into {
		into[d] /= float32(math.Sqrt(length))
	}
}

// scan is the plain scan: it scores every vector in full, on as many cores as Go may use.
func (v *vectors) scan(ctx context.Context, query []float32) ([]flat.ID, error) {
	kept := make([]flat.Best, runtime.GOMAXPROCS(0))
	group, ctx := errgroup.WithContext(ctx)
	for w := range kept {
		kept[w].K = retrievalCandidates
		group.Go(func() error {
			for i := v.n * w / len(kept); i < v.n*(w+1)/len(kept); i++ {
				kept[w].Add(flat.Hit{ID: idOf(i), Score: flat.Dot(query, v.at(i))})
			}
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	best := flat.Best{K: retrievalCandidates}
	for w := range kept {
		best.AddAll(&kept[w])
	}
	return idsOf(&best), nil
}

func idsOf(best *flat.Best) []flat.ID {
	hits := best.Sorted()
	ids := make([]flat.ID, len(hits))
	for i, hit := range hits {
		ids[i] = hit.ID
	}
	return ids
}

func idOf(i int) (id flat.ID) {
	binary.BigEndian.PutUint64(id[:], uint64(i))
	return id
}
