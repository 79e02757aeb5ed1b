// Package embedded is the default store: one SQLite file in WAL mode for everything durable, and the global vectors in
// memory, scanned exactly. It must not know models or queries.
package embedded

import "github.com/sightline-search/sightline/vectordb"

// Mode says what a store is opened for.
type Mode int

// The modes.
const (
	ReadOnly  Mode = iota // many at a time, beside one writer
	ReadWrite             // one at a time: a second one gets CodeIndexLocked with the holder's process id
)

// Open opens the index in the folder, creating it in ReadWrite mode. In ReadOnly mode a folder without an index is an
// empty store.
func Open(dir string, mode Mode) (vectordb.Store, error) { panic("not built yet") }
