package progress

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// clearLine returns to the first column and erases the line (ANSI EL).
const clearLine = "\r\x1b[K"

// rateWindow is how far back the rate looks. A resumed run skips known files in an instant; a rate over the whole run
// would promise an end that never comes.
const rateWindow = 20 * time.Second

// sample is how much was done at a moment.
type sample struct {
	at   time.Time
	done int
}

// state is the counts and what follows from them.
type state struct {
	start   time.Time
	total   int
	done    int
	samples []sample // oldest first; at most about rateWindow old, a quarter of a second or more apart
}

func (s *state) add(now time.Time, n int) {
	if len(s.samples) == 0 {
		s.samples = append(s.samples, sample{s.start, 0})
	}
	s.done += n
	last := &s.samples[len(s.samples)-1]
	if len(s.samples) > 1 && now.Sub(last.at) < 250*time.Millisecond {
		last.done = s.done
		return
	}
	s.samples = append(s.samples, sample{now, s.done})
	for len(s.samples) > 2 && now.Sub(s.samples[1].at) > rateWindow {
		s.samples = s.samples[1:]
	}
}

// rate is items per second over the window; 0 while nothing is known.
func (s *state) rate(now time.Time) float64 {
	if len(s.samples) == 0 {
		return 0
	}
	oldest := s.samples[0]
	seconds := now.Sub(oldest.at).Seconds()
	if seconds <= 0 {
		return 0
	}
	return float64(s.done-oldest.done) / seconds
}

// line is the state in words: "indexing 12/100 images, 13.2/s, 7s left".
func (s *state) line(now time.Time, verb, unit string) string {
	rate := s.rate(now)
	var b strings.Builder
	if s.total > 0 {
		fmt.Fprintf(&b, "%s %d/%d %s", verb, s.done, s.total, unit)
	} else {
		fmt.Fprintf(&b, "%s %d %s", verb, s.done, unit)
	}
	if rate > 0 {
		fmt.Fprintf(&b, ", %s", perSecond(rate))
	}
	if left := s.total - s.done; rate > 0 && left > 0 {
		fmt.Fprintf(&b, ", %s left", short(time.Duration(float64(left)/rate*float64(time.Second))))
	}
	return b.String()
}

// summary is the last line: the rate is that of the whole run.
func (s *state) summary(now time.Time, verb, unit string) string {
	elapsed := now.Sub(s.start)
	line := fmt.Sprintf("%s %d/%d %s in %s", verb, s.done, max(s.total, s.done), unit, short(elapsed))
	if elapsed > 0 && s.done > 0 {
		line += ", " + perSecond(float64(s.done)/elapsed.Seconds())
	}
	return line
}

// bar puts a bar before the line as wide as the terminal leaves room for, and cuts what would wrap.
func (s *state) bar(line string, width int) string {
	room := width - utf8.RuneCountInString(line) - len("[] ") - 1
	if room >= 10 && s.total > 0 {
		room = min(room, 40)
		full := min(room, room*s.done/s.total)
		line = "[" + strings.Repeat("#", full) + strings.Repeat("-", room-full) + "] " + line
	}
	if runes := []rune(line); len(runes) >= width {
		line = string(runes[:max(0, width-1)])
	}
	return line
}

func perSecond(rate float64) string {
	if rate < 0.1 {
		return fmt.Sprintf("%.3f/s", rate)
	}
	return fmt.Sprintf("%.1f/s", rate)
}

// short prints a duration as a person says it: 7s, 3m05s, 2h10m.
func short(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	default:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
}
