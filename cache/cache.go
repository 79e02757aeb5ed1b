// Package cache is the contract of a cache of small byte values and its in-process form. It must not know what the
// values mean; index/ decides what is cached and under which keys.
package cache

import "context"

// Cache keeps values that can be made again. It never fails: what it cannot give is a miss, what it cannot keep is
// dropped. Safe for concurrent use.
type Cache interface {
	// Get gives the value of key. The caller must not change the returned bytes.
	Get(ctx context.Context, key string) (value []byte, ok bool)
	// Set keeps value under key for as long as there is room. The caller must not change the bytes afterwards.
	Set(ctx context.Context, key string, value []byte)
	// Stats tells how well it does.
	Stats() Stats
	// Close releases what it holds; a closed cache misses.
	Close() error
}

// Stats counts since the cache was made.
type Stats struct {
	Hits, Misses uint64
	Entries      int
	Bytes        int64 // of keys and values held now
}
