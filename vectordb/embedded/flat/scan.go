package flat

import (
	"context"
	"math"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// blockSize is how many slots one worker takes at a time; it is the unit of cancellation too.
const blockSize = 4096

// Part is a file and the slots in it that count.
type Part struct {
	File *File
	// Pick appends the slots from..to-1 that count; nil: all of them count.
	Pick func(from, to int, slots []uint32) []uint32
}

// Nearest gives the k images with the largest dot product, exactly, on all cores: a scan of the codes rules out what
// cannot be among them, and the full vectors order the rest. Ties are ordered by id. k is at least 1.
func Nearest(ctx context.Context, parts []Part, vector []float32, k int) (*Best, error) {
	q := newQuery(vector)
	candidates, err := propose(ctx, parts, &q, k)
	if err != nil {
		return nil, err
	}
	best := &Best{K: k}
	full := make([]float32, len(vector))
	for i, c := range candidates {
		if best.rulesOut(c.most) {
			break // and so all that follow
		}
		if i%blockSize == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		file := parts[c.part].File
		if err := file.Vector(int(c.slot), full); err != nil {
			return nil, err
		}
		best.Add(Hit{ID: file.ID(int(c.slot)), Score: Dot(vector, full)})
	}
	return best, nil
}

// block is one piece of work.
type block struct{ part, from, to int }

func blocksOf(parts []Part) (blocks []block) {
	for p, part := range parts {
		for from := 0; from < part.File.Len(); from += blockSize {
			blocks = append(blocks, block{part: p, from: from, to: min(from+blockSize, part.File.Len())})
		}
	}
	return blocks
}

// propose scans the codes and gives what may be among the k best, the most promising first.
func propose(ctx context.Context, parts []Part, q *query, k int) ([]candidate, error) {
	blocks := blocksOf(parts)
	if len(blocks) == 0 {
		return nil, ctx.Err()
	}
	lists := make([]*shortlist, min(runtime.GOMAXPROCS(0), len(blocks)))
	group, ctx := errgroup.WithContext(ctx)
	for w := range lists {
		lists[w] = newShortlist(k)
		group.Go(func() error {
			s := scanner{parts: parts, query: q, list: lists[w]}
			for i := w; i < len(blocks); i += len(lists) {
				if err := ctx.Err(); err != nil {
					return err
				}
				s.scan(blocks[i])
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return join(lists), nil
}

// scanner is one worker.
type scanner struct {
	parts []Part
	query *query
	list  *shortlist
	slots [blockSize]uint32
	dots  [blockSize]int32
}

func (s *scanner) scan(b block) {
	file, pick := s.parts[b.part].File, s.parts[b.part].Pick
	if pick == nil {
		out := s.dots[:b.to-b.from]
		dots(file.codes[b.from*file.dim:b.to*file.dim], s.query.numbers, nil, out)
		for i, d := range out {
			s.judge(file, b.part, b.from+i, d)
		}
		return
	}
	slots := pick(b.from, b.to, s.slots[:0])
	dots(file.codes, s.query.numbers, slots, s.dots[:len(slots)])
	for i, slot := range slots {
		s.judge(file, b.part, int(slot), s.dots[i])
	}
}

// judge puts a slot on the list unless its score cannot reach the bar.
func (s *scanner) judge(file *File, part, slot int, d int32) {
	about := float32(d) * file.scales[slot] * s.query.scale
	slack := file.slacks[slot]*s.query.length + smallest
	most := about + slack
	switch {
	case most < s.list.bar():
		return
	case math.IsNaN(float64(most)): // infinities: only the full vectors can tell
		most = float32(math.Inf(1))
	}
	s.list.add(about-slack, candidate{most: most, part: int32(part), slot: uint32(slot)})
}

// smallest is more than what rounding can lose of numbers too small for a float32's precision.
const smallest = 1e-36
