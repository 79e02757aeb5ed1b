package embedded

import (
	"slices"

	"github.com/sightline-search/sightline"
)

// block holds the patches of the images of one call in one piece of memory, in the order in which they were asked for:
// the decoder takes many images in one piece, and need not copy what already lies so.
type block struct {
	place map[sightline.ImageID]int
	size  int // of one image
	all   []byte
}

func newBlock(ids []sightline.ImageID) *block {
	b := &block{place: make(map[sightline.ImageID]int, len(ids))}
	for _, id := range ids {
		if _, twice := b.place[id]; !twice {
			b.place[id] = len(b.place)
		}
	}
	return b
}

// put copies an image's patches to their place.
func (b *block) put(id sightline.ImageID, patches []byte) []byte {
	if b.all == nil {
		b.size = len(patches)
		b.all = make([]byte, b.size*len(b.place))
	}
	if len(patches) != b.size {
		return slices.Clone(patches)
	}
	at := b.place[id] * b.size
	copy(b.all[at:], patches)
	return b.all[at : at+b.size]
}
