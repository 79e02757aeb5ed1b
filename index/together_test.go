package index_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/sightline-search/sightline/index"
)

func TestSearchingWhileIndexing(t *testing.T) {
	p, dir := parts(t), t.TempDir()
	for i := range 10 {
		draw(t, filepath.Join(dir, "old", fmt.Sprint(i)+".png"), uint64(i))
	}
	add(t, p, dir)
	for i := range 6 {
		draw(t, filepath.Join(dir, "new", fmt.Sprint(i)+".png"), uint64(100+i))
	}
	x := index.New(p)
	var group errgroup.Group
	group.Go(func() error {
		_, err := x.Add(t.Context(), []string{dir}, index.AddOptions{Workers: 2, Batch: 1})
		return err
	})
	for _, q := range []string{"a red square", "NOT a red square", "path:old/*", "a red square path:new/*"} {
		group.Go(func() error {
			least := 0.0
			for range 3 {
				result, err := x.Search(t.Context(), index.Request{Query: q, MinProbability: &least, Limit: 100})
				if err != nil {
					return err
				}
				assert.LessOrEqual(t, len(result.Results), 16)
				if q != "a red square path:new/*" {
					assert.GreaterOrEqual(t, len(result.Results), 10, q)
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	assert.Len(t, dump(t, p.Store), 16)
}
