package embedded

import (
	"cmp"
	"encoding/binary"
	"math"

	"github.com/sightline-search/sightline"
)

// packedTags is the tags of one image as they are stored and searched: for each the label's id (u32) and the
// probability (f32), little-endian, in the order of ids.
type packedTags []byte

const packedTagSize = 8

func (p packedTags) len() int { return len(p) / packedTagSize }

func (p packedTags) at(i int) (label uint32, probability float32) {
	entry := p[packedTagSize*i:]
	return binary.LittleEndian.Uint32(entry), math.Float32frombits(binary.LittleEndian.Uint32(entry[4:]))
}

func (p packedTags) append(label uint32, probability float32) packedTags {
	p = binary.LittleEndian.AppendUint32(p, label)
	return binary.LittleEndian.AppendUint32(p, math.Float32bits(probability))
}

// probability finds a label.
func (p packedTags) probability(label uint32) (probability float32, stored bool) {
	low, high := 0, p.len()
	for low < high {
		middle := (low + high) / 2
		found, probability := p.at(middle)
		switch {
		case found == label:
			return probability, true
		case found < label:
			low = middle + 1
		default:
			high = middle
		}
	}
	return 0, false
}

// likelier orders tags by falling probability, ties by name.
func likelier(a, b sightline.Tag) int {
	return cmp.Or(cmp.Compare(b.Probability, a.Probability), cmp.Compare(a.Name, b.Name))
}
