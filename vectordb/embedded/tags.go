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
	i, stored := p.find(label)
	if !stored {
		return 0, false
	}
	_, probability = p.at(i)
	return probability, true
}

// find gives the place of a label, or the place where it would lie.
func (p packedTags) find(label uint32) (place int, stored bool) {
	low, high := 0, p.len()
	for low < high {
		middle := (low + high) / 2
		found, _ := p.at(middle)
		switch {
		case found == label:
			return middle, true
		case found < label:
			low = middle + 1
		default:
			high = middle
		}
	}
	return low, false
}

// with gives the tags with another probability of one label; 0 leaves the label out.
func (p packedTags) with(label uint32, probability float32) packedTags {
	place, stored := p.find(label)
	before, after := p[:packedTagSize*place], p[packedTagSize*place:]
	if stored {
		after = after[packedTagSize:]
	}
	changed := make(packedTags, 0, len(p)+packedTagSize)
	changed = append(changed, before...)
	if probability > 0 {
		changed = changed.append(label, probability)
	}
	return append(changed, after...)
}

// likelier orders tags by falling probability, ties by name.
func likelier(a, b sightline.Tag) int {
	return cmp.Or(cmp.Compare(b.Probability, a.Probability), cmp.Compare(a.Name, b.Name))
}
