// Package embedded is the default store: one SQLite file in WAL mode for everything durable, and a copy of the global
// vectors and tags in files that are mapped and scanned exactly. It must not know models or queries.
package embedded

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/gofrs/flock"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// FileName is the database file inside the index folder; SQLite keeps its log beside it (-wal, -shm).
const FileName = "index.db"

// Mode says what a store is opened for.
type Mode = vectordb.Mode

// The modes.
const (
	ReadOnly  = vectordb.ReadOnly
	ReadWrite = vectordb.ReadWrite
)

// Store is an index folder. The first search maps vectors and tags into memory, later ones read only what has changed.
type Store struct {
	dir    string
	lock   *flock.Flock // nil in ReadOnly mode
	writer *sql.DB      // one connection; nil in ReadOnly mode
	memory memory
	labels labels
	pinned atomic.Pointer[vectordb.Model] // nil: whatever serves

	opening sync.Mutex
	readers *sql.DB // nil while a ReadOnly store has found no index yet

	calls vectordb.Calls
}

// Open opens the index in the folder, creating it in ReadWrite mode. In ReadOnly mode a folder without an index is an
// empty store, which has data as soon as a writer has created the index.
func Open(dir string, mode Mode) (vectordb.Store, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeInvalid, "index folder %q: %w", dir, err)
	}
	s := &Store{dir: absolute, memory: memory{root: root(filepath.Join(absolute, rootName)), limits: usualLimits}}
	if mode == ReadWrite {
		err = s.openWriter(context.Background())
	} else {
		_, err = s.reader(context.Background())
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// enter counts a call in; leave must follow. It fails once the store is closed.
func (s *Store) enter(ctx context.Context) (leave func(), err error) {
	return s.calls.Enter(ctx, s.dir)
}

// Close waits for running calls, closes the files and gives the writer's lock back.
func (s *Store) Close() error {
	if !s.calls.Close() {
		return nil
	}
	var errs []error
	for _, db := range []*sql.DB{s.readers, s.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	errs = append(errs, s.memory.close())
	if s.lock != nil {
		errs = append(errs, s.lock.Unlock())
	}
	return s.explain(errors.Join(errs...), "close")
}
