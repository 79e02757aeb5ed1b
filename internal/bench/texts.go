package bench

import (
	"fmt"
	"sync/atomic"
)

// The words of which texts are put together. None of the texts is a label.
var (
	things  = []string{"a brown horse", "two people", "a small boat", "an old car", "yellow flowers", "a plate of fruit", "a bird", "a wooden chair", "tall buildings", "a man on a bike"}
	doing   = []string{"standing", "seen from above", "in bright light", "reflected in glass", "half hidden", "painted blue", "covered with snow", "out of focus"}
	places  = []string{"by the river", "in a field", "on a table", "at night", "near the mountains", "under a bridge", "in the rain", "behind a fence", "on the beach"}
	moments = []string{"in spring", "early in the morning", "long ago", "on a cloudy day", "during a feast"}
)

// newTexts gives a function whose every call gives another text, for some thousand calls. Calls may come at the same time.
func newTexts() func() string {
	var n atomic.Int64
	return func() string {
		i := int(n.Add(1)) - 1
		a, b := i%len(things), i/len(things)%len(doing)
		c, d := i/len(things)/len(doing)%len(places), i/len(things)/len(doing)/len(places)
		return fmt.Sprintf("%s %s %s %s", things[a], doing[b], places[c], moments[d%len(moments)])
	}
}
