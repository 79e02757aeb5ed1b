package embedded

import (
	"context"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// nearest scores all vectors under the rows and keeps the k best.
func (m *memory) nearest(ctx context.Context, query []float32, k int, rows *rowSet) ([]vectordb.Scored, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if len(m.ids) == 0 || k <= 0 {
		return nil, ctx.Err()
	}
	if len(query) != m.head.dim {
		return nil, sightline.Errorf(sightline.CodeIndexMismatch, "the query vector has %d numbers, the index holds vectors of %d",
			len(query), m.head.dim)
	}
	return m.scan(ctx, k, rows, func(slot int) (float32, bool) { return dot(query, m.vector(slot)), true })
}

// byTag keeps the k images under the rows with the largest probability of a label; k <= 0 means all.
func (m *memory) byTag(ctx context.Context, label uint32, k int, rows *rowSet) ([]vectordb.Scored, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if k <= 0 {
		k = len(m.ids)
	}
	return m.scan(ctx, k, rows, func(slot int) (float32, bool) { return m.tags[slot].probability(label) })
}

// tagOver gives the rows whose probability of a label is over p.
func (m *memory) tagOver(label uint32, p float64) *rowSet {
	m.mu.RLock()
	defer m.mu.RUnlock()
	rows := noRows()
	for slot, tags := range m.tags {
		if probability, stored := tags.probability(label); stored && float64(probability) > p {
			rows.add(m.rows[slot])
		}
	}
	return rows
}

// idsIn gives the ids of the images in the rows, in order.
func (m *memory) idsIn(rows *rowSet) []sightline.ImageID {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var ids []sightline.ImageID
	for slot, row := range m.rows {
		if rows.has(row) {
			ids = append(ids, m.ids[slot])
		}
	}
	slices.Sort(ids)
	return ids
}

// count counts the images in the rows.
func (m *memory) count(rows *rowSet) (n int) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, row := range m.rows {
		if rows.has(row) {
			n++
		}
	}
	return n
}

// scan scores the slots under the rows, blocks of them on all cores at once, and keeps the k best of those that have a
// score. The caller holds the lock.
func (m *memory) scan(ctx context.Context, k int, rows *rowSet, score func(slot int) (float32, bool)) ([]vectordb.Scored, error) {
	workers := min(runtime.GOMAXPROCS(0), len(m.blocks))
	parts := make([]best, workers)
	group, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		parts[w].k = k
		group.Go(func() error {
			for block := w; block < len(m.blocks); block += workers {
				if err := ctx.Err(); err != nil {
					return err
				}
				for slot := block * blockSize; slot < min(len(m.ids), (block+1)*blockSize); slot++ {
					if !rows.has(m.rows[slot]) {
						continue
					}
					if s, ok := score(slot); ok {
						parts[w].add(m.ids[slot], s)
					}
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
