// Package progress shows how far long work is: counters with a terminal printer and a line printer. It writes to
// stderr only, never to stdout, and knows nothing of the work.
package progress

import (
	"io"
	"time"
)

// Reporter receives counts. Safe for concurrent use.
type Reporter interface {
	// Total sets how many items there are; 0 while that is unknown. It may grow.
	Total(n int)
	// Done adds n finished items; failed ones too.
	Done(n int)
	// Note prints a line (a skipped file, a warning) without breaking the bar.
	Note(line string)
	// Finish prints the last state and stops.
	Finish()
}

// Silent reports nothing.
func Silent() Reporter { panic("not built yet") }

// New picks the printer: a bar on a terminal, otherwise a line every interval. verb and unit make "indexing 12/100 images, 13.2/s".
func New(w io.Writer, verb, unit string, interval time.Duration) Reporter { panic("not built yet") }
