package embedded

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// rootName is the folder inside the index folder that holds a folder for each generation that has been searched.
const rootName = "vectors"

// root is that folder. Generations have their files apart from each other, because processes may read different ones.
type root string

func (r root) of(generation int64) folder {
	return folder(filepath.Join(string(r), strconv.FormatInt(generation, 10)))
}

// clean deletes what belongs to generations that have been dropped.
func (r root) clean(ctx context.Context, tx *sql.Tx) error {
	entries, err := os.ReadDir(string(r))
	if err != nil {
		return nil //nolint:nilerr // there is none yet
	}
	for _, entry := range entries {
		var id int64
		err := tx.QueryRowContext(ctx, `SELECT id FROM generations WHERE id = ?`, entry.Name()).Scan(&id)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			_ = os.RemoveAll(filepath.Join(string(r), entry.Name())) // what cannot be deleted is in nobody's way
		case err != nil:
			return err
		}
	}
	return nil
}

// bytes adds up the files.
func (r root) bytes() (total int64, err error) {
	err = filepath.WalkDir(string(r), func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return ignoreMissing(err)
		}
		info, err := entry.Info()
		if err == nil {
			total += info.Size()
		}
		return ignoreMissing(err)
	})
	return total, err
}

// ignoreMissing leaves errors other than of files that another process has just deleted.
func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
