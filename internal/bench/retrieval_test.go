package bench

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// Both ways of measuring retrieval find what the plain scan finds, and fill in every figure.
func TestRetrieval(t *testing.T) {
	open := func(dir string) (vectordb.Store, error) { return embedded.Open(dir, embedded.ReadWrite) }
	for through, write := range map[string]maker{"store": makeStore(open), "files": makeFiles} {
		t.Run(through, func(t *testing.T) {
			r := Retrieval{Vectors: 5000, Dim: 64, Through: through}
			require.NoError(t, r.measure(t.Context(), 1, write))
			require.InDelta(t, 1, r.Recall, 0)
			for _, figure := range []float64{r.MS, r.F32, r.Times, r.Cores, r.F32Cores, r.Start, r.First, r.Making} {
				require.Positive(t, figure)
			}
			for _, figure := range []float64{r.Insert, r.Delete} {
				require.Equal(t, through == "store", figure > 0)
			}
			require.Positive(t, r.Disk)
			rows := retrievalRows(&Report{Retrieval: []Retrieval{r}})
			require.Contains(t, rows[0][0], "5000 vectors")
			require.Contains(t, rows[0][2], through)
		})
	}
}
