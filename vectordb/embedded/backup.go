package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sightline-search/sightline"
)

// copyDatabase writes a copy of the database as it is at one moment, whole, to a file that did not exist: it appears
// when all of it is on the disk. renumber takes another name where there is a file of this one. It gives the name.
func copyDatabase(ctx context.Context, db *sql.DB, path string, renumber bool) (string, error) {
	path, err := freeName(path, renumber)
	if err != nil {
		return "", err
	}
	part := path + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a copy that was killed
		return "", err
	}
	if _, err := db.ExecContext(ctx, `VACUUM INTO ?`, part); err != nil {
		return "", errors.Join(err, removeIfThere(part))
	}
	if err := appear(part, path); err != nil {
		return "", err
	}
	return path, nil
}

// freeName gives the path, or one with a number behind it.
func freeName(path string, renumber bool) (string, error) {
	for n := 1; ; n++ {
		name := path
		if n > 1 {
			name = fmt.Sprintf("%s.%d", path, n)
		}
		_, err := os.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return name, nil
		case err != nil:
			return "", err
		case !renumber:
			return "", sightline.Errorf(sightline.CodeNameTaken, "%s exists already", path).WithHint("name another file, or move it away")
		}
	}
}

// appear gives a finished file its name, for good: first its bytes are on the disk, then its name.
func appear(part, path string) error {
	for _, step := range []func() error{
		func() error { return syncPath(part) },
		func() error { return os.Rename(part, path) },
		func() error { return syncPath(filepath.Dir(path)) },
	} {
		if err := step(); err != nil {
			return errors.Join(err, removeIfThere(part))
		}
	}
	return nil
}

// syncPath waits until a file, or the names in a folder, are on the disk.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
