package embedded

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/migrations"
)

// Backup writes the index in the folder, as it is at one moment, to one file that must not exist yet. A writer may go on
// meanwhile. The file is an index.db of its own.
func Backup(ctx context.Context, dir, path string) error {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return sightline.Errorf(sightline.CodeInvalid, "index folder %q: %w", dir, err)
	}
	s := &Store{dir: absolute}
	db, err := s.reader(ctx)
	if err == nil && db == nil {
		err = sightline.Errorf(sightline.CodeNotFound, "there is no index in %s", s.dir)
	}
	if err == nil {
		_, err = copyDatabase(ctx, db, path, false)
	}
	return errors.Join(s.explain(err, "write the backup "+path), s.Close())
}

// Restore puts a backup into a folder without an index. The backup is checked first, and the index appears when all of it
// is on the disk.
func Restore(ctx context.Context, path, dir string) error {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return sightline.Errorf(sightline.CodeInvalid, "index folder %q: %w", dir, err)
	}
	s := &Store{dir: absolute}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return s.explain(err, "create the folder")
	}
	if err := s.takeLock(ctx); err != nil {
		return err
	}
	return errors.Join(s.explain(s.restore(ctx, path), "restore "+path), s.Close())
}

func (s *Store) restore(ctx context.Context, path string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if _, err := os.Lstat(s.path() + suffix); !errors.Is(err, fs.ErrNotExist) {
			return sightline.Errorf(sightline.CodeNameTaken, "there is an index in %s already", s.dir).
				WithHint("move the folder away, or restore into another one with --data")
		}
	}
	part := s.path() + ".part"
	err := copyFile(path, part)
	if err == nil {
		err = s.checkBackup(ctx, part)
	}
	if err != nil {
		return errors.Join(err, removeIfThere(part))
	}
	return appear(part, s.path())
}

// checkBackup says what is wrong with a backup, before anything relies on it.
func (s *Store) checkBackup(ctx context.Context, part string) (err error) {
	db := openDB(part, "ro", "deferred")
	defer func() { err = errors.Join(err, db.Close()) }()
	ready, err := s.ready(ctx, db)
	if sightline.CodeOf(err) == sightline.CodeIndexVersion {
		if status, readErr := s.layout().Read(ctx, migrations.SQL(db)); readErr == nil && status.Version > 0 {
			ready, err = true, nil // an older layout, which the next writer carries forward
		}
	}
	if err != nil {
		return err
	}
	problems, err := sqliteProblems(ctx, db)
	switch {
	case err != nil:
		return err
	case !ready, len(problems) > 0:
		return sightline.Errorf(sightline.CodeIndexCorrupt, "this is no whole backup of an index").WithHint("use another backup")
	}
	return nil
}

// copyFile writes a copy over whatever lies there.
func copyFile(from, to string) error {
	source, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return sightline.Errorf(sightline.CodeNotFound, "there is no file %s", from)
	}
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}
