package embedded

import (
	"context"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded/flat"
)

// byTag keeps the k images under the rows with the largest probability of a label; k <= 0 means all.
func (m *memory) byTag(ctx context.Context, label uint32, k int, rows *rowSet) ([]vectordb.Scored, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	all := max(m.len(), 1)
	if k <= 0 || k > all {
		k = all
	}
	best := &flat.Best{K: k}
	m.tagged(label, func(row int64, id func() flat.ID, probability float32) {
		if rows.has(row) {
			best.Add(flat.Hit{ID: id(), Score: probability})
		}
	})
	return scored(best), ctx.Err()
}

// tagOver gives the rows whose probability of a label is over p.
func (m *memory) tagOver(label uint32, p float64) *rowSet {
	m.mu.RLock()
	defer m.mu.RUnlock()
	rows := noRows()
	m.tagged(label, func(row int64, _ func() flat.ID, probability float32) {
		if float64(probability) > p {
			rows.add(row)
		}
	})
	return rows
}

// tagged hands over the images with a stored probability of a label. The files list them, label by label.
func (m *memory) tagged(label uint32, each func(row int64, id func() flat.ID, probability float32)) {
	for _, p := range m.parts {
		for _, posting := range p.file.Postings(label) {
			if slot := int(posting.Slot); slot < p.file.Len() && !p.dead.has(slot) {
				each(p.file.Rows()[slot], func() flat.ID { return p.file.ID(slot) }, posting.Probability)
			}
		}
	}
	for slot, tags := range m.recent.tags {
		if probability, stored := tags.probability(label); stored {
			each(m.recent.rows[slot], func() flat.ID { return m.recent.ids[slot] }, probability)
		}
	}
}

// idsIn gives the ids of the images in the rows, in order.
func (m *memory) idsIn(rows *rowSet) []sightline.ImageID {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var ids []sightline.ImageID
	m.each(func(row int64, id func() flat.ID) {
		if rows.has(row) {
			ids = append(ids, imageID(id()))
		}
	})
	slices.Sort(ids)
	return ids
}

// count counts the images in the rows.
func (m *memory) count(rows *rowSet) (n int) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	m.each(func(row int64, _ func() flat.ID) {
		if rows.has(row) {
			n++
		}
	})
	return n
}

// each hands over all images.
func (m *memory) each(image func(row int64, id func() flat.ID)) {
	for _, p := range m.parts {
		for slot, row := range p.file.Rows() {
			if !p.dead.has(slot) {
				image(row, func() flat.ID { return p.file.ID(slot) })
			}
		}
	}
	for slot, row := range m.recent.rows {
		image(row, func() flat.ID { return m.recent.ids[slot] })
	}
}
