package flat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the processor's vector instructions give is what Go gives, to the bit.
func TestDotsAreTheSameInGo(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, dim := range []int{1, 2, 3, 7, 16, 31, 33, 100, 384, 512, 513, 1024} {
		const n = 50
		codes, numbers := make([]int8, n*dim), make([]int16, dim)
		for _, extreme := range []bool{false, true} {
			for i := range codes {
				codes[i] = int8(r.IntN(255) - 127)
				if extreme {
					codes[i] = 127
				}
			}
			for i := range numbers {
				numbers[i] = int16((r.Float64()*2 - 1) * maxQuery(dim))
				if extreme {
					numbers[i] = int16(maxQuery(dim))
				}
			}
			for _, slots := range [][]uint32{nil, {0}, {49, 3, 3, 17, 48}} {
				count := n
				if slots != nil {
					count = len(slots)
				}
				want, got := make([]int32, count), make([]int32, count)
				dotsGo(codes, numbers, slots, want)
				dots(codes, numbers, slots, got)
				require.Equal(t, want, got, "dim %d, slots %v", dim, slots)
			}
		}
	}
}

func TestNearestIsExact(t *testing.T) {
	for name, draw := range kinds {
		for _, dim := range []int{1, 2, 37, 512} {
			t.Run(fmt.Sprint(name, " ", dim), func(t *testing.T) {
				r := rand.New(rand.NewPCG(3, uint64(dim)))
				first, second := &images{}, &images{}
				for n := range 6000 {
					first.add(int64(2*n+1), draw(r, n, dim))
				}
				for n := range 500 {
					second.add(int64(20_001+2*n), draw(r, n, dim))
				}
				parts := []Part{
					{File: written(t, dim, Live{first, all})},
					{File: written(t, dim, Live{second, all})},
				}
				for n := range 3 {
					query := draw(r, n, dim)
					for _, k := range []int{1, 200} {
						want := exactly(query, k, func(int64) bool { return true }, first, second)
						require.Equal(t, readable(want), readable(nearest(t, query, k, parts...)))
					}
				}
			})
		}
	}
}

// readable prints scores so that NaN equals NaN.
func readable(hits []Hit) []string {
	lines := make([]string, len(hits))
	for i, h := range hits {
		lines[i] = fmt.Sprintf("%x %v", h.ID[:8], h.Score)
	}
	return lines
}

// The issue asks for a recall of .995 at 200; the codes alone would give less on clusters, the full vectors give all.
func TestCodesAreNeverFurtherOffThanTheySay(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for name, draw := range kinds {
		for n := range 300 {
			dim := 1 + r.IntN(600)
			vector, asked := draw(r, n, dim), draw(r, n+1, dim)
			codes, out := make([]int8, dim), make([]int32, 1)
			scale, slack := quantise(vector, codes)
			q := newQuery(asked)
			dots(codes, q.numbers, nil, out)
			about := float32(out[0]) * scale * q.scale
			exact := Dot(asked, vector)
			if math.IsInf(float64(exact), 0) || math.IsNaN(float64(exact)) {
				continue
			}
			require.LessOrEqual(t, math.Abs(float64(exact)-float64(about)), float64(slack*q.length+smallest), "%s, %d numbers", name, dim)
		}
	}
}

func TestAFilterWhileScanningIsAFilterAfterwards(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	const dim = 64
	s := &images{}
	for n := range 10_000 {
		s.add(int64(n), gauss(r, dim, 1))
	}
	file := written(t, dim, Live{s, all})
	for _, share := range []float64{0, 0.001, 0.1, 0.5, 0.999, 1} {
		keep := map[int64]bool{}
		for _, row := range s.rows {
			keep[row] = r.Float64() < share
		}
		pick := func(from, to int, slots []uint32) []uint32 {
			for slot := from; slot < to; slot++ {
				if keep[file.Rows()[slot]] {
					slots = append(slots, uint32(slot))
				}
			}
			return slots
		}
		query := gauss(r, dim, 1)
		want := exactly(query, 200, func(row int64) bool { return keep[row] }, s)
		require.Equal(t, want, nearest(t, query, 200, Part{File: file, Pick: pick}), "share %v", share)
	}
}
