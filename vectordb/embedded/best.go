package embedded

import (
	"cmp"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// best keeps the k best hits. Once there are k, they are a heap with the worst of them on top.
type best struct {
	k    int
	hits []hit
}

type hit struct {
	id    sightline.ImageID
	score float32
}

// worse orders hits from the worst to the best: by score, ties by id.
func (h hit) worse(o hit) bool {
	if h.score != o.score {
		return h.score < o.score
	}
	return h.id > o.id
}

func (b *best) add(id sightline.ImageID, score float32) {
	h := hit{id: id, score: score}
	switch {
	case len(b.hits) < b.k:
		b.hits = append(b.hits, h)
		if len(b.hits) == b.k {
			for i := b.k/2 - 1; i >= 0; i-- {
				b.down(i)
			}
		}
	case b.hits[0].worse(h):
		b.hits[0] = h
		b.down(0)
	}
}

// down moves a hit to its place below.
func (b *best) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(b.hits) {
			return
		}
		if right := child + 1; right < len(b.hits) && b.hits[right].worse(b.hits[child]) {
			child = right
		}
		if !b.hits[child].worse(b.hits[i]) {
			return
		}
		b.hits[i], b.hits[child] = b.hits[child], b.hits[i]
		i = child
	}
}

// merge joins what the workers have kept, best first.
func merge(parts []best, k int) []vectordb.Scored {
	var all []hit
	for _, part := range parts {
		all = append(all, part.hits...)
	}
	slices.SortFunc(all, func(a, b hit) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.id, b.id))
	})
	scored := make([]vectordb.Scored, 0, min(k, len(all)))
	for _, h := range all[:min(k, len(all))] {
		scored = append(scored, vectordb.Scored{ID: h.id, Score: float64(h.score)})
	}
	return scored
}
