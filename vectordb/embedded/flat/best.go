package flat

import (
	"bytes"
	"cmp"
	"slices"
)

// ID is an image's SHA-256.
type ID [32]byte

// Hit is an image with its score.
type Hit struct {
	ID    ID
	Score float32
}

// worse orders hits from the worst to the best: by score, ties by id.
func (h *Hit) worse(o *Hit) bool {
	if h.Score != o.Score {
		return h.Score < o.Score
	}
	return bytes.Compare(h.ID[:], o.ID[:]) > 0
}

// Best keeps the K best hits. Once there are K, they are a heap with the worst of them on top.
type Best struct {
	K    int // at least 1
	hits []Hit
}

// Add offers a hit.
func (b *Best) Add(h Hit) {
	switch {
	case len(b.hits) < b.K:
		b.hits = append(b.hits, h)
		if len(b.hits) == b.K {
			for i := b.K/2 - 1; i >= 0; i-- {
				b.down(i)
			}
		}
	case b.hits[0].worse(&h):
		b.hits[0] = h
		b.down(0)
	}
}

// AddAll offers what another one has kept.
func (b *Best) AddAll(o *Best) {
	for _, h := range o.hits {
		b.Add(h)
	}
}

// rulesOut reports whether no hit with a score of at most this can be among the best.
func (b *Best) rulesOut(most float32) bool {
	return len(b.hits) == b.K && most < b.hits[0].Score
}

// down moves a hit to its place below.
func (b *Best) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(b.hits) {
			return
		}
		if right := child + 1; right < len(b.hits) && b.hits[right].worse(&b.hits[child]) {
			child = right
		}
		if !b.hits[child].worse(&b.hits[i]) {
			return
		}
		b.hits[i], b.hits[child] = b.hits[child], b.hits[i]
		i = child
	}
}

// Sorted gives the kept hits, best first, and keeps none.
func (b *Best) Sorted() []Hit {
	hits := b.hits
	b.hits = nil
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return hits
}
