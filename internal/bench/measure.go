package bench

import (
	"context"
	"fmt"
	"math"
	"syscall"
	"time"
)

// cost is what one run took.
type cost struct {
	CPU  time.Duration // of the whole process, user and system
	Wall time.Duration
}

// cheapest runs every form once a round, repeat rounds long, and gives each form's least CPU time and least wall time.
// Forms that are compared are run in turn so that a busy minute of the machine meets all of them, and the least is
// taken because other work can only add. One round more comes first, for caches and for memory that is allocated once.
func cheapest(ctx context.Context, repeat int, forms ...func(context.Context) error) ([]cost, error) {
	best := make([]cost, len(forms))
	for i := range best {
		best[i] = cost{math.MaxInt64, math.MaxInt64}
	}
	for round := range repeat + 1 {
		for i, form := range forms {
			c, err := costOf(ctx, form)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				best[i] = cost{min(best[i].CPU, c.CPU), min(best[i].Wall, c.Wall)}
			}
		}
	}
	return best, nil
}

func costOf(ctx context.Context, form func(context.Context) error) (cost, error) {
	before, err := cpuTime()
	if err != nil {
		return cost{}, err
	}
	start := time.Now()
	if err := form(ctx); err != nil {
		return cost{}, err
	}
	wall := time.Since(start)
	after, err := cpuTime()
	return cost{after - before, wall}, err
}

// cpuTime is the CPU time that this process has used so far.
func cpuTime() (time.Duration, error) {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0, fmt.Errorf("ask the system for the CPU time that was used: %w", err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), nil
}

// ms shows a duration in milliseconds.
func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }

// times is how many times faster b is than a, by CPU time.
func times(a, b cost) float64 { return float64(a.CPU) / float64(max(b.CPU, 1)) }
