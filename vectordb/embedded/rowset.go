package embedded

// rowSet is a set of rows of images, one bit a row. Rows beyond the bits are all in it or all out of it, so that a set
// has a complement without knowing how many images there are. A nil set holds all rows.
type rowSet struct {
	bits []uint64
	rest bool
}

func allRows() *rowSet { return &rowSet{rest: true} }
func noRows() *rowSet  { return &rowSet{} }

func (s *rowSet) has(row int64) bool {
	if s == nil {
		return true
	}
	if word := row / 64; word < int64(len(s.bits)) {
		return s.bits[word]>>(row%64)&1 == 1
	}
	return s.rest
}

func (s *rowSet) add(row int64) {
	s.grow(int(row/64) + 1)
	s.bits[row/64] |= 1 << (row % 64)
}

func (s *rowSet) grow(words int) {
	fill := uint64(0)
	if s.rest {
		fill = ^fill
	}
	for len(s.bits) < words {
		s.bits = append(s.bits, fill)
	}
}

// intersect keeps the rows that are in both.
func (s *rowSet) intersect(o *rowSet) {
	s.grow(len(o.bits))
	o.grow(len(s.bits))
	for i := range s.bits {
		s.bits[i] &= o.bits[i]
	}
	s.rest = s.rest && o.rest
}

// complement turns the set round.
func (s *rowSet) complement() {
	for i := range s.bits {
		s.bits[i] = ^s.bits[i]
	}
	s.rest = !s.rest
}
