package embedded

import "math/bits"

// slotSet is a set of slots, one bit a slot.
type slotSet []uint64

func newSlotSet(n int) slotSet { return make(slotSet, (n+63)/64) }

func (b slotSet) has(slot int) bool { return b[slot/64]>>(slot%64)&1 == 1 }

// add reports whether the slot is new.
func (b slotSet) add(slot int) bool {
	before := b[slot/64]
	b[slot/64] |= 1 << (slot % 64)
	return b[slot/64] != before
}

func (b slotSet) count() (n int) {
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}
