package embedded

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded/flat"
)

// nearest scores all vectors under the rows and keeps the k best.
func (m *memory) nearest(ctx context.Context, query []float32, k int, rows *rowSet) ([]vectordb.Scored, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	k = min(k, m.len())
	if k <= 0 {
		return nil, ctx.Err()
	}
	if len(query) != m.head.dim {
		return nil, sightline.Errorf(sightline.CodeIndexMismatch, "the query vector has %d numbers, the index holds vectors of %d",
			len(query), m.head.dim)
	}
	best, err := flat.Nearest(ctx, m.under(rows), query, k)
	if err != nil {
		return nil, err
	}
	recent, err := m.recent.nearest(ctx, query, k, rows)
	if err != nil {
		return nil, err
	}
	best.AddAll(recent)
	return scored(best), nil
}

// under gives the files with the images in them that are under the rows.
func (m *memory) under(rows *rowSet) []flat.Part {
	parts := make([]flat.Part, len(m.parts))
	for i := range m.parts {
		p := &m.parts[i]
		parts[i].File = p.file
		if rows == nil && p.live == p.file.Len() {
			continue // all of them: nothing has to be asked
		}
		parts[i].Pick = func(from, to int, slots []uint32) []uint32 {
			for i, row := range p.file.Rows()[from:to] {
				if slot := from + i; !p.dead.has(slot) && rows.has(row) {
					slots = append(slots, uint32(slot))
				}
			}
			return slots
		}
	}
	return parts
}

// nearest scores the recent images, blocks of them on all cores at once.
func (r *recent) nearest(ctx context.Context, query []float32, k int, rows *rowSet) (*flat.Best, error) {
	workers := min(runtime.GOMAXPROCS(0), len(r.blocks))
	kept := make([]flat.Best, workers)
	group, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		kept[w].K = k
		group.Go(func() error {
			for block := w; block < len(r.blocks); block += workers {
				if err := ctx.Err(); err != nil {
					return err
				}
				for slot := block * blockSize; slot < min(r.len(), (block+1)*blockSize); slot++ {
					if rows.has(r.rows[slot]) {
						kept[w].Add(flat.Hit{ID: r.ids[slot], Score: flat.Dot(query, r.vector(slot))})
					}
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	best := &flat.Best{K: k}
	for i := range kept {
		best.AddAll(&kept[i])
	}
	return best, nil
}

// scored gives what was kept, best first.
func scored(best *flat.Best) []vectordb.Scored {
	hits := best.Sorted()
	all := make([]vectordb.Scored, len(hits))
	for i, hit := range hits {
		all[i] = vectordb.Scored{ID: imageID(hit.ID), Score: float64(hit.Score)}
	}
	return all
}
