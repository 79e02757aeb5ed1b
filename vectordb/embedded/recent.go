package embedded

import (
	"encoding/hex"
	"maps"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb/embedded/flat"
)

// blockSize is how many images lie in one piece of memory: growing copies nothing, and a block is the unit of parallel
// work and of cancellation.
const blockSize = 4096

// recent holds the images that have changed since the flat files were written, by slot.
type recent struct {
	dim    int
	ids    []flat.ID
	rows   []int64 // images.row
	tags   []packedTags
	blocks [][]float32   // slot s lies in blocks[s/blockSize], in dim numbers
	slots  map[int64]int // by row
}

func newRecent(dim int) recent { return recent{dim: dim, slots: map[int64]int{}} }

func (r *recent) len() int { return len(r.rows) }

// slot finds the place of an image, making one for a new one.
func (r *recent) slot(row int64, id flat.ID) int {
	if slot, ok := r.slots[row]; ok {
		return slot
	}
	slot := len(r.rows)
	if slot/blockSize == len(r.blocks) {
		r.blocks = append(r.blocks, make([]float32, blockSize*r.dim))
	}
	r.ids = append(r.ids, id)
	r.rows = append(r.rows, row)
	r.tags = append(r.tags, nil)
	r.slots[row] = slot
	return slot
}

// remove closes the gap with the last image.
func (r *recent) remove(row int64) {
	slot, ok := r.slots[row]
	if !ok {
		return
	}
	last := len(r.rows) - 1
	copy(r.vector(slot), r.vector(last))
	r.ids[slot], r.rows[slot], r.tags[slot] = r.ids[last], r.rows[last], r.tags[last]
	r.slots[r.rows[slot]] = slot
	delete(r.slots, row)
	r.ids, r.rows, r.tags = r.ids[:last], r.rows[:last], r.tags[:last]
	r.blocks = r.blocks[:(last+blockSize-1)/blockSize]
}

func (r *recent) vector(slot int) []float32 {
	start := slot % blockSize * r.dim
	return r.blocks[slot/blockSize][start : start+r.dim]
}

// source is recent images on their way into a flat file.
type source struct {
	*recent
	postings map[uint32][]flat.Posting
}

func (r *recent) source() source {
	postings := map[uint32][]flat.Posting{}
	for slot, tags := range r.tags {
		for i := range tags.len() {
			label, probability := tags.at(i)
			postings[label] = append(postings[label], flat.Posting{Slot: uint32(slot), Probability: probability})
		}
	}
	return source{recent: r, postings: postings}
}

func (s source) Len() int            { return len(s.rows) }
func (s source) Rows() []int64       { return s.rows }
func (s source) ID(slot int) flat.ID { return s.ids[slot] }
func (s source) Labels() []uint32    { return slices.Collect(maps.Keys(s.postings)) }

func (s source) Vector(slot int, vector []float32) error {
	copy(vector, s.vector(slot))
	return nil
}

func (s source) Postings(label uint32) []flat.Posting { return s.postings[label] }

// binaryID gives the 32 bytes of an id.
func binaryID(id sightline.ImageID) (binary flat.ID, err error) {
	if id.Valid() {
		_, err = hex.Decode(binary[:], []byte(id))
		return binary, err
	}
	return binary, sightline.Errorf(sightline.CodeIndexCorrupt, "%.80q is stored as the id of an image and is none", id).
		WithHint("put back a backup, or move the folder away and index again; your images are not touched")
}

func imageID(id flat.ID) sightline.ImageID { return sightline.ImageID(hex.EncodeToString(id[:])) }
