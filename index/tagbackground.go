package index

import (
	"context"
	"time"

	"github.com/sightline-search/sightline"
)

// retryAfter is how long scoring in the background waits for another process to end its writing.
const retryAfter = 2 * time.Second

// KeepTagsScored scores the user's tags whenever one of them is unfinished, until the context ends. While another
// process writes to the index, or too many searches wait, it waits too; failed is told of any other error.
func (x *Index) KeepTagsScored(ctx context.Context, failed func(error)) {
	for {
		var again <-chan time.Time
		err := x.ScoreTags(ctx, nil)
		switch {
		case ctx.Err() != nil:
			return
		case sightline.CodeOf(err) == sightline.CodeIndexLocked, sightline.CodeOf(err) == sightline.CodeUnavailable:
			again = time.After(retryAfter)
		case err != nil:
			failed(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-x.woken:
		case <-again:
		}
	}
}

// wake tells KeepTagsScored, if it runs, that there is something to do.
func (x *Index) wake() {
	select {
	case x.woken <- struct{}{}:
	default: // it has been told already
	}
}
