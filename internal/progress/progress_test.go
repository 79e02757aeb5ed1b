package progress

import (
	"bytes"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clock is a time that only moves when told.
type clock struct{ t time.Time }

func newClock() *clock                   { return &clock{t: time.Unix(1000, 0)} }
func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }
func columns(n int) (width func() int)   { return func() int { return n } }
func lines(b *bytes.Buffer) (out []string) {
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

func linePrinter(c *clock, out *bytes.Buffer) *printer {
	p := &printer{out: out, now: c.now, verb: "indexing", unit: "images", interval: 5 * time.Second}
	return p.started()
}

func barPrinter(c *clock, out *bytes.Buffer, width int) *printer {
	p := &printer{out: out, now: c.now, verb: "indexing", unit: "images", interval: barInterval, width: columns(width)}
	return p.started()
}

func TestLinesComeOnlyEveryInterval(t *testing.T) {
	c, out := newClock(), &bytes.Buffer{}
	p := linePrinter(c, out)
	p.Total(100)
	for range 12 {
		c.advance(time.Second)
		p.Done(2)
	}
	require.Equal(t, []string{
		"indexing 10/100 images, 2.0/s, 45s left",
		"indexing 20/100 images, 2.0/s, 40s left",
	}, lines(out))
	p.Finish()
	p.Finish()
	assert.Equal(t, "indexing 24/100 images in 12s, 2.0/s", lines(out)[2], "the end is always told, once")
	assert.Len(t, lines(out), 3)
}

func TestUnknownTotalShowsNoEnd(t *testing.T) {
	c, out := newClock(), &bytes.Buffer{}
	p := linePrinter(c, out)
	c.advance(10 * time.Second)
	p.Done(5)
	assert.Equal(t, []string{"indexing 5 images, 0.5/s"}, lines(out))
}

func TestRateLooksAtTheRecentPast(t *testing.T) {
	c, out := newClock(), &bytes.Buffer{}
	p := linePrinter(c, out)
	p.Total(1200)
	c.advance(time.Second)
	p.Done(1000) // known files of an earlier run, skipped in an instant
	for range 60 {
		c.advance(time.Second)
		p.Done(1)
	}
	got := lines(out)
	assert.Equal(t, "indexing 1059/1200 images, 1.0/s, 2m21s left", got[len(got)-1])
}

func TestABarIsThereFromTheStart(t *testing.T) {
	out := &bytes.Buffer{}
	barPrinter(newClock(), out, 80)
	assert.Equal(t, clearLine+"indexing 0 images", out.String())
}

func TestWorkThatNeverBeganLeavesNoLine(t *testing.T) {
	out := &bytes.Buffer{}
	linePrinter(newClock(), out).Finish()
	assert.Empty(t, out.String())
	barPrinter(newClock(), out, 80).Finish()
	assert.True(t, strings.HasSuffix(out.String(), clearLine), "the bar is erased")
}

func TestNoteKeepsTheBarOnItsOwnLine(t *testing.T) {
	c, out := newClock(), &bytes.Buffer{}
	p := barPrinter(c, out, 80)
	p.Total(4)
	c.advance(time.Second)
	p.Done(1)
	p.Note("skipped /photos/a.jpg")
	got := out.String()
	assert.Contains(t, got, clearLine+"skipped /photos/a.jpg\n"+clearLine+"[", "the note erases the bar, the bar is drawn again below")
	assert.Contains(t, got, "] indexing 1/4 images")
}

func TestBarNeverReachesTheLastColumn(t *testing.T) {
	for _, width := range []int{1, 5, 20, 40, 60, 200} {
		t.Run(strconv.Itoa(width), func(t *testing.T) {
			c, out := newClock(), &bytes.Buffer{}
			p := barPrinter(c, out, width)
			p.Total(100)
			c.advance(time.Second)
			p.Done(150) // more than was announced must not break it
			for drawn := range strings.SplitSeq(out.String(), clearLine) {
				assert.Less(t, len(drawn), max(width, 1))
			}
		})
	}
}

func TestCountsFromManyGoroutinesAddUp(t *testing.T) {
	out := &bytes.Buffer{}
	p := New(out, "indexing", "images", time.Hour)
	p.Total(1000)
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			for range 100 {
				p.Done(1)
			}
			p.Note("a note")
		})
	}
	group.Wait()
	p.Finish()
	got := lines(out)
	require.Len(t, got, 11)
	assert.Contains(t, got[10], "indexing 1000/1000 images")
}

func TestDurationsReadLikeAPersonSaysThem(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 59 * time.Second: "59s", 61 * time.Second: "1m01s", 2*time.Hour + 10*time.Minute + 40*time.Second: "2h10m",
	} {
		assert.Equal(t, want, short(d))
	}
}
