package embedded

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofrs/flock"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/migrations"
)

// lockName is the file inside the index folder that the writer locks; it holds the writer's process id.
const lockName = "writer.lock"

// openWriter takes the lock, opens or creates the database and brings its layout up to date.
func (s *Store) openWriter(ctx context.Context) error {
	if err := s.openFile(ctx); err != nil {
		return err
	}
	if err := s.layout().UpUnasked(ctx, migrations.SQL(s.writer)); err != nil {
		return s.explain(err, "bring the layout up to date")
	}
	s.readers = openDB(s.path(), "ro", "deferred")
	return nil
}

// openFile takes the lock and opens or creates the database, whatever its layout.
func (s *Store) openFile(ctx context.Context) error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return s.explain(err, "create the folder")
	}
	if err := s.takeLock(ctx); err != nil {
		return err
	}
	s.writer = openDB(s.path(), "rwc", "immediate")
	s.writer.SetMaxOpenConns(1)
	if err := s.checkOwner(ctx, s.writer); err != nil {
		return err
	}
	if _, err := s.writer.ExecContext(ctx, `PRAGMA journal_mode = WAL`); err != nil {
		return s.explain(err, "open")
	}
	return nil
}

// reader gives the connections for reading; nil while there is no index in the folder yet.
func (s *Store) reader(ctx context.Context) (*sql.DB, error) {
	s.opening.Lock()
	defer s.opening.Unlock()
	if s.readers != nil {
		return s.readers, nil
	}
	if _, err := os.Stat(s.path()); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, s.explain(err, "open")
	}
	db := openDB(s.path(), "ro", "deferred")
	ready, err := s.ready(ctx, db)
	if err != nil || !ready {
		return nil, errors.Join(err, db.Close())
	}
	s.readers = db
	return db, nil
}

// ready reports whether the database has been set up completely, in the layout that this program knows.
func (s *Store) ready(ctx context.Context, db *sql.DB) (bool, error) {
	if err := s.checkOwner(ctx, db); err != nil {
		return false, err
	}
	status, err := s.layout().Read(ctx, migrations.SQL(db))
	if err != nil {
		return false, s.explain(err, "open")
	}
	if status.Version == 0 {
		return false, nil // its writer is just creating it
	}
	if len(status.Pending) > 0 {
		return false, sightline.Errorf(sightline.CodeIndexVersion, "the index in %s has layout version %d, this program reads version %d",
			s.dir, status.Version, len(s.layout().Steps)).WithHint("run `sightline index` or `sightline migrate up` once")
	}
	return true, nil
}

// checkOwner refuses SQLite files of other programs.
func (s *Store) checkOwner(ctx context.Context, db *sql.DB) error {
	var id int
	if err := db.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&id); err != nil {
		return s.explain(err, "open")
	}
	if id == applicationID {
		return nil
	}
	var tables int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
		return s.explain(err, "open")
	}
	if tables > 0 {
		return sightline.Errorf(sightline.CodeIndexCorrupt, "%s is a database of another program", s.path()).
			WithHint("choose another index folder with --data")
	}
	return nil
}

// patience is how long a writer waits for the lock: a server that scores tags has it for a moment every now and then, and
// Holder for an instant.
const patience = time.Second

// takeLock locks the folder for writing. The operating system gives the lock back when the process ends, however.
func (s *Store) takeLock(ctx context.Context) error {
	path := filepath.Join(s.dir, lockName)
	lock := flock.New(path, flock.SetPermissions(0o644)) // others may read who writes
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ok, err := lock.TryLockContext(ctx, 20*time.Millisecond)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return s.explain(err, "lock")
	}
	if !ok {
		holder := "another process"
		if pid, _, err := Holder(s.dir); err == nil && pid > 0 {
			holder = "process " + strconv.Itoa(pid)
		}
		return sightline.Errorf(sightline.CodeIndexLocked, "%s is writing to the index in %s", holder, s.dir).
			WithHint("wait until it is done or stop it; reading works meanwhile")
	}
	s.lock = lock
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644); err != nil {
		return s.explain(err, "lock")
	}
	return nil
}

func (s *Store) path() string { return filepath.Join(s.dir, FileName) }

// connector opens connections of sqliteDriver; it is their data source name.
type connector string

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.Driver().Open(string(c)) }
func (c connector) Driver() driver.Driver                        { return sqliteDriver() }

// openDB prepares connections to the file; the first use opens it. FULL makes a commit wait for the disk.
func openDB(path, mode, lock string) *sql.DB {
	options := url.Values{
		"mode":    {mode},
		"_txlock": {lock},
		"_pragma": {
			"busy_timeout(10000)", "foreign_keys(1)", "synchronous(FULL)", "cache_size(-65536)", "temp_store(MEMORY)",
			"page_size(8192)", "journal_size_limit(67108864)",
		},
		"_error_rc": {"1"},
	}
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: options.Encode()}
	return sql.OpenDB(connector(dsn.String()))
}
