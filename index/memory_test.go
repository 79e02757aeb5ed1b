package index_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/index"
)

// What grows with the number of files is what is known of each from the folder; pixels and features are held for a few
// batches only. It is about 180 bytes, half of them the path: 18 MB for 100,000 new files.
func TestFewBytesAreHeldOfEachFile(t *testing.T) {
	const files = 5_000
	p, dir := parts(t), t.TempDir()
	for i := range files {
		folder := filepath.Join(dir, fmt.Sprint("folder ", i/1000))
		require.NoError(t, os.MkdirAll(folder, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("a photograph of summer %d.jpg", i)), nil, 0o600))
	}
	before := heap()
	ctx, cancel := context.WithCancel(t.Context())
	var held uint64
	_, err := index.New(p).Add(ctx, []string{dir}, index.AddOptions{Progress: func(a index.AddProgress) {
		if a.Bad != nil && held == 0 { // the first of the files has been read: the list of what is to do is whole
			held = heap() - before
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.NotZero(t, held)
	assert.Less(t, held/files, uint64(1024), "bytes")
}

// heap is what is in use after everything else has been freed.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
