package embedded

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// nearest scores all vectors, or those of the given rows, and keeps the k best.
func (v *vectors) nearest(ctx context.Context, query []float32, k int, filtered bool, rows []int64) ([]vectordb.Scored, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if len(v.ids) == 0 || k <= 0 {
		return nil, ctx.Err()
	}
	if len(query) != v.head.dim {
		return nil, sightline.Errorf(sightline.CodeIndexMismatch, "the query vector has %d numbers, the index holds vectors of %d",
			len(query), v.head.dim)
	}
	n := len(v.ids)
	slotAt := func(i int) int { return i }
	if filtered {
		slots := v.slotsOf(rows)
		n, slotAt = len(slots), func(i int) int { return slots[i] }
	}
	return v.scan(ctx, query, min(k, n), n, slotAt)
}

// slotsOf finds the slots of rows; rows without a vector are left out.
func (v *vectors) slotsOf(rows []int64) []int {
	slots := make([]int, 0, len(rows))
	for _, row := range rows {
		if slot, ok := v.slots[row]; ok {
			slots = append(slots, slot)
		}
	}
	return slots
}

// scan scores n slots, blocks of them on all cores at once.
func (v *vectors) scan(ctx context.Context, query []float32, k, n int, slotAt func(int) int) ([]vectordb.Scored, error) {
	blocks := (n + blockVectors - 1) / blockVectors
	workers := min(runtime.GOMAXPROCS(0), blocks)
	parts := make([]best, workers)
	group, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		parts[w].k = k
		group.Go(func() error {
			for block := w; block < blocks; block += workers {
				if err := ctx.Err(); err != nil {
					return err
				}
				for i := block * blockVectors; i < min(n, (block+1)*blockVectors); i++ {
					slot := slotAt(i)
					parts[w].add(v.ids[slot], dot(query, v.vector(slot)))
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return merge(parts, k), nil
}

// dot sums in a fixed order: equal vectors have equal scores.
func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	for len(a) >= 8 && len(b) >= 8 {
		s0 += a[0]*b[0] + a[4]*b[4]
		s1 += a[1]*b[1] + a[5]*b[5]
		s2 += a[2]*b[2] + a[6]*b[6]
		s3 += a[3]*b[3] + a[7]*b[7]
		a, b = a[8:], b[8:]
	}
	for i := range a {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}
