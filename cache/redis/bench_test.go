package redis_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/internal/redistest"
)

// textBytes is what a text of the default model takes.
const textBytes = 12896

// BenchmarkRead is what the texts of a query cost on a server of this machine: to be compared with some 10 ms for
// encoding each.
func BenchmarkRead(b *testing.B) {
	server := redistest.Start(b)
	for _, texts := range []int{1, 4} {
		b.Run(fmt.Sprint(texts, " texts"), func(b *testing.B) {
			writer := open(b, server.Address).ready(b)
			keys := make([]string, texts)
			for i := range keys {
				keys[i] = fmt.Sprint("text ", i)
				writer.Set(b.Context(), keys[i], make([]byte, textBytes))
			}
			writer.flush(b)
			c := writer.twin(b)
			for b.Loop() {
				require.NotNil(b, c.GetMany(b.Context(), keys)[texts-1])
			}
		})
	}
}

// BenchmarkAway is what a server that does not answer costs a search once that has been noticed.
func BenchmarkAway(b *testing.B) {
	server := redistest.Start(b)
	c := open(b, server.Address, quick).ready(b)
	server.Pause()
	c.away(b)
	for b.Loop() {
		c.GetMany(b.Context(), []string{"a", "b", "c", "d"})
	}
	b.StopTimer()
	server.Resume()
}
