package query

import (
	"math"
	"strconv"
	"strings"

	"github.com/sightline-search/sightline"
)

// maxPixels is far over any image and far under what an int64 holds.
const maxPixels = 1e15

// readSize reads a comparison (>2mp), a range (1mp..4mp, 2mp.., ..4mp) or an exact number of pixels.
func readSize(v string) (sightline.Filter, string) {
	if first, last, ok := strings.Cut(v, ".."); ok {
		return sizeRange(first, last)
	}
	op, number := cutComparison(v)
	n, ok := readPixels(number)
	if !ok {
		return nil, badPixels(number)
	}
	switch op {
	case ">":
		return sightline.SizeIn{MinPixels: int64(math.Floor(n)) + 1}, ""
	case ">=":
		return sightline.SizeIn{MinPixels: int64(math.Ceil(n))}, ""
	case "<":
		return atMost(0, int64(math.Ceil(n))-1), ""
	case "<=":
		return atMost(0, int64(math.Floor(n))), ""
	}
	return atMost(int64(math.Ceil(n)), int64(math.Floor(n))), ""
}

func sizeRange(first, last string) (sightline.Filter, string) {
	if first == "" && last == "" {
		return nil, "a range needs a beginning or an end"
	}
	var low, high float64
	var ok bool
	if first != "" {
		if low, ok = readPixels(first); !ok {
			return nil, badPixels(first)
		}
	}
	if last == "" {
		return sightline.SizeIn{MinPixels: int64(math.Ceil(low))}, ""
	}
	if high, ok = readPixels(last); !ok {
		return nil, badPixels(last)
	}
	if high < low {
		return nil, "the range ends before it begins"
	}
	return atMost(int64(math.Ceil(low)), int64(math.Floor(high))), ""
}

// atMost is the closed range [low, high]. SizeIn reads a high end of 0 as open, so an empty range is said as an empty Or.
func atMost(low, high int64) sightline.Filter {
	if high < max(low, 1) {
		return sightline.Or{}
	}
	return sightline.SizeIn{MinPixels: low, MaxPixels: high}
}

// readPixels reads "2mp", "2.5mp", "300000px" or "300000".
func readPixels(s string) (float64, bool) {
	s, unit := strings.ToLower(s), 1.0
	if number, ok := strings.CutSuffix(s, "mp"); ok {
		s, unit = number, 1e6
	} else {
		s = strings.TrimSuffix(s, "px")
	}
	n, err := strconv.ParseFloat(s, 64)
	n *= unit
	return n, err == nil && n >= 0 && n <= maxPixels
}

func badPixels(s string) string {
	return strconv.Quote(s) + " is not a number of pixels like 2mp, 1.5mp or 300000"
}
