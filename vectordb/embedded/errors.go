package embedded

import (
	"context"
	"errors"
	"io/fs"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/sightline-search/sightline"
)

// explain turns an error of SQLite or of the file system into one that says what to do. Errors that already carry a
// code, and those of contexts, stay as they are.
func (s *Store) explain(err error, doing string) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if coded, ok := errors.AsType[*sightline.Error](err); ok {
		return coded
	}
	if failed, ok := errors.AsType[*sqlite.Error](err); ok {
		return s.explainSQLite(failed, doing)
	}
	if errors.Is(err, fs.ErrPermission) {
		return s.forbidden(err, doing)
	}
	return sightline.Errorf(sightline.CodeUnavailable, "index in %s: cannot %s: %w", s.dir, doing, err)
}

// interrupted is the error of the context where work failed after its end: database/sql then closes what is under way, and
// whatever meets that first fails in words of its own.
func interrupted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (s *Store) explainSQLite(err *sqlite.Error, doing string) error {
	switch err.Code() & 0xff { // the primary code
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return sightline.Errorf(sightline.CodeIndexCorrupt, "%s is damaged: cannot %s: %w", s.path(), doing, err).
			WithHint("put back a backup, or move the folder away and index again; your images are not touched")
	case sqlite3.SQLITE_FULL:
		return sightline.Errorf(sightline.CodeUnavailable, "the disk that holds %s is full: cannot %s: %w", s.dir, doing, err).
			WithHint("free some space and run the command again; what was stored before is safe")
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return s.forbidden(err, doing)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return sightline.Errorf(sightline.CodeIndexLocked, "the index in %s is held by another process: cannot %s: %w", s.dir, doing, err).
			WithHint("stop the other process or wait until it is done")
	case sqlite3.SQLITE_INTERRUPT:
		return context.Canceled
	case sqlite3.SQLITE_IOERR:
		return sightline.Errorf(sightline.CodeUnavailable, "the disk that holds %s fails: cannot %s: %w", s.dir, doing, err).
			WithHint("check free space, permissions and the health of the disk")
	default:
		return sightline.Errorf(sightline.CodeInternal, "index in %s: cannot %s: %w", s.dir, doing, err)
	}
}

func (s *Store) forbidden(err error, doing string) error {
	return sightline.Errorf(sightline.CodeUnavailable, "no permission in the index folder %s: cannot %s: %w", s.dir, doing, err).
		WithHint("give this user the right to write there, or choose another folder with --data")
}
