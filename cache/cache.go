// Package cache is the contract of a cache of small byte values, its in-process form and that of two caches behind one
// another. It must not know what the values mean; index/ decides what is cached and under which keys.
package cache

import "context"

// Cache keeps values that can be made again. It never fails: what it cannot give is a miss, what it cannot keep is
// dropped. Safe for concurrent use.
type Cache interface {
	// Get gives the value of key. The caller must not change the returned bytes.
	Get(ctx context.Context, key string) (value []byte, ok bool)
	// Set keeps value under key for as long as there is room. The caller must not change the bytes afterwards.
	Set(ctx context.Context, key string, value []byte)
	// GetMany gives the values of keys, in their order, for the price of one journey; nil is a miss, and a value that is
	// there is never nil, however short.
	GetMany(ctx context.Context, keys []string) [][]byte
	// SetMany keeps values in the same way.
	SetMany(ctx context.Context, entries []Entry)
	// Stats tells how well it does.
	Stats() Stats
	// Close releases what it holds; a closed cache misses.
	Close() error
}

// Entry is a value under its key.
type Entry struct {
	Key   string
	Value []byte
}

// Stats counts since the cache was made.
type Stats struct {
	Hits, Misses uint64
	Entries      int
	Bytes        int64  // of keys and values held now
	Errors       uint64 // times that a server was not asked, did not answer in time or refused; each was a miss or a loss
	Corrupt      uint64 // values found that were not what had been stored under the key; each was a miss
}
