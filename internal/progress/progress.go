// Package progress shows how far long work is: a bar on a terminal, otherwise a line every few seconds. It writes to
// the writer it is given (stderr, never stdout) and knows nothing of the work.
package progress

import (
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// Reporter receives counts. Safe for concurrent use.
type Reporter interface {
	// Total sets how many items there are; 0 while that is unknown. It may grow.
	Total(n int)
	// Done adds n finished items; failed ones too.
	Done(n int)
	// Note prints a line (a skipped file, a warning) without breaking the bar.
	Note(line string)
	// Finish prints the last state, unless there was nothing to do, and stops. It may be called twice.
	Finish()
}

// Silent reports nothing.
func Silent() Reporter { return silent{} }

type silent struct{}

func (silent) Total(int)   {}
func (silent) Done(int)    {}
func (silent) Note(string) {}
func (silent) Finish()     {}

// barInterval is the shortest time between two drawings of the bar: often enough to look alive, rare enough to cost
// nothing.
const barInterval = 100 * time.Millisecond

// New picks the printer: a bar on a terminal, otherwise a line every interval. verb and unit make
// "indexing 12/100 images, 13.2/s".
func New(w io.Writer, verb, unit string, interval time.Duration) Reporter {
	p := &printer{out: w, now: time.Now, verb: verb, unit: unit, interval: interval}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.interval = barInterval
		p.width = func() int { return terminalWidth(f) }
	}
	return p.started()
}

// terminalWidth asks on every drawing, so that the bar follows a resized window.
func terminalWidth(f *os.File) int {
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		return width
	}
	return 80
}

// printer draws states on one writer. It draws inside the calls that change the counts: no goroutine, nothing to leak.
type printer struct {
	out        io.Writer
	now        func() time.Time
	verb, unit string
	interval   time.Duration // between two drawings
	width      func() int    // columns of the terminal; nil prints lines instead of a bar

	mu       sync.Mutex
	state    state
	drawn    time.Time // of the last drawing
	finished bool
}

func (p *printer) started() *printer {
	p.state.start = p.now()
	p.drawn = p.state.start
	if p.width != nil {
		p.draw()
	}
	return p
}

// Total implements Reporter.
func (p *printer) Total(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.total = n
	p.drawWhenDue()
}

// Done implements Reporter.
func (p *printer) Done(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.add(p.now(), n)
	p.drawWhenDue()
}

// Note implements Reporter.
func (p *printer) Note(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.width == nil {
		p.print(line + "\n")
		return
	}
	p.print(clearLine + line + "\n")
	if !p.finished {
		p.draw()
	}
}

// Finish implements Reporter.
func (p *printer) Finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.finished {
		return
	}
	p.finished = true
	line := ""
	if p.state.total+p.state.done > 0 {
		line = p.state.summary(p.now(), p.verb, p.unit) + "\n"
	}
	if p.width != nil {
		line = clearLine + line
	}
	p.print(line)
}

func (p *printer) drawWhenDue() {
	if !p.finished && p.now().Sub(p.drawn) >= p.interval {
		p.draw()
	}
}

func (p *printer) draw() {
	p.drawn = p.now()
	line := p.state.line(p.drawn, p.verb, p.unit)
	if p.width == nil {
		p.print(line + "\n")
		return
	}
	p.print(clearLine + p.state.bar(line, p.width()))
}

// print ignores errors: progress that cannot be shown must not stop the work.
func (p *printer) print(s string) { _, _ = io.WriteString(p.out, s) }
