package flat

import (
	"cmp"
	"math"
	"slices"
)

// candidate is a slot whose score is at most this.
type candidate struct {
	most float32
	part int32
	slot uint32
}

// shortlist keeps every slot that can be among the k best, judging by what its score is at least and at most.
type shortlist struct {
	k          int
	least      []float32 // the k largest lower bounds so far, a heap with the smallest on top
	candidates []candidate
	room       int // of candidates, until those that are ruled out meanwhile are taken out
}

func newShortlist(k int) *shortlist { return &shortlist{k: k, room: 2*k + 1024} }

// bar is what a score must be able to reach: k others reach it for certain.
func (s *shortlist) bar() float32 {
	if len(s.least) < s.k {
		return float32(math.Inf(-1))
	}
	return s.least[0]
}

func (s *shortlist) add(least float32, c candidate) {
	s.raise(least)
	s.candidates = append(s.candidates, c)
	if len(s.candidates) >= s.room {
		s.prune(s.bar())
		s.room = 2*len(s.candidates) + 1024
	}
}

// raise takes a lower bound in. NaN, of scores that overflow, says nothing.
func (s *shortlist) raise(least float32) {
	switch {
	case math.IsNaN(float64(least)):
	case len(s.least) < s.k:
		s.least = append(s.least, least)
		s.up(len(s.least) - 1)
	case s.least[0] < least:
		s.least[0] = least
		s.down()
	}
}

func (s *shortlist) up(i int) {
	for i > 0 && s.least[i] < s.least[(i-1)/2] {
		s.least[i], s.least[(i-1)/2] = s.least[(i-1)/2], s.least[i]
		i = (i - 1) / 2
	}
}

func (s *shortlist) down() {
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(s.least) {
			return
		}
		if child+1 < len(s.least) && s.least[child+1] < s.least[child] {
			child++
		}
		if s.least[i] <= s.least[child] {
			return
		}
		s.least[i], s.least[child] = s.least[child], s.least[i]
		i = child
	}
}

// prune takes out what does not reach the bar.
func (s *shortlist) prune(bar float32) {
	s.candidates = slices.DeleteFunc(s.candidates, func(c candidate) bool { return c.most < bar })
}

// join makes one list of all, the most promising first.
func join(lists []*shortlist) []candidate {
	all := newShortlist(lists[0].k)
	for _, list := range lists {
		for _, least := range list.least {
			all.raise(least)
		}
	}
	for _, list := range lists {
		list.prune(all.bar())
		all.candidates = append(all.candidates, list.candidates...)
	}
	slices.SortFunc(all.candidates, func(a, b candidate) int { return cmp.Compare(b.most, a.most) })
	return all.candidates
}
