package describe

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	firstDelay = time.Second      // before the first retry; it doubles
	maxDelay   = 30 * time.Second // of our own choice
	maxAfter   = 5 * time.Minute  // that a server may ask for
)

// delay is how long to wait after a failed attempt, counted from 0: what the server asks for, otherwise twice as long
// each time, of which half by chance, so that parallel requests do not come back together.
func (f *requestError) delay(attempt int) time.Duration {
	if f.after >= 0 {
		return f.after
	}
	d := min(firstDelay<<min(attempt, 10), maxDelay)
	return d/2 + rand.N(d/2)
}

// retryAfter reads the header's two forms, seconds and a date; negative when it has neither.
func retryAfter(header string) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, 1<<20)) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(time.Until(at), 0)
	}
	return -1
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
