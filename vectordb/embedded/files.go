package embedded

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// AddFiles adds or refreshes places of known images.
func (s *Store) AddFiles(ctx context.Context, files map[sightline.ImageID][]sightline.File) error {
	for _, list := range files {
		for _, file := range list {
			if err := vectordb.CheckFile(file); err != nil {
				return err
			}
		}
	}
	return s.change(ctx, "store places of images", func(c *change) error {
		for _, id := range sortedKeys(files) {
			row, known, err := c.row(id)
			if err != nil {
				return err
			}
			if !known {
				continue
			}
			for _, file := range files[id] {
				if err := c.addFile(row, file); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// RemoveFiles forgets places of images and of bad files.
func (s *Store) RemoveFiles(ctx context.Context, paths []string) error {
	return s.change(ctx, "forget files", func(c *change) error {
		for _, path := range paths {
			if err := c.takePath(path); err != nil {
				return err
			}
			if err := c.exec(`DELETE FROM bad_files WHERE path = ?`, path); err != nil {
				return err
			}
		}
		return nil
	})
}

// PutBad remembers files that could not be indexed.
func (s *Store) PutBad(ctx context.Context, bad []vectordb.BadFile) error {
	for _, b := range bad {
		if err := vectordb.CheckFile(b.File); err != nil {
			return err
		}
	}
	return s.change(ctx, "store bad files", func(c *change) error {
		for _, b := range bad {
			if err := c.takePath(b.File.Path); err != nil {
				return err
			}
			err := c.exec(`INSERT OR REPLACE INTO bad_files (path, size, mtime_s, mtime_ns, code, reason) VALUES (?, ?, ?, ?, ?, ?)`,
				b.File.Path, b.File.Size, b.File.ModTime.Unix(), b.File.ModTime.Nanosecond(), string(b.Code), b.Reason)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// addFile gives a path to an image, taking it from the one that had it.
func (c *change) addFile(row int64, f sightline.File) error {
	owner, owned, err := c.integer(`SELECT image FROM files WHERE path = ?`, f.Path)
	if err != nil {
		return err
	}
	if owned && owner != row {
		c.robbed[owner] = true
	}
	if !owned || owner != row {
		c.renamed[row] = true
	}
	err = c.exec(`INSERT INTO files (path, image, size, mtime_s, mtime_ns) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (path) DO UPDATE SET image = excluded.image, size = excluded.size,
			mtime_s = excluded.mtime_s, mtime_ns = excluded.mtime_ns`,
		f.Path, row, f.Size, f.ModTime.Unix(), f.ModTime.Nanosecond())
	if err != nil {
		return err
	}
	return c.exec(`DELETE FROM bad_files WHERE path = ?`, f.Path)
}

// takePath takes a path from the image that has it, if any.
func (c *change) takePath(path string) error {
	owner, owned, err := c.integer(`DELETE FROM files WHERE path = ? RETURNING image`, path)
	if owned {
		c.robbed[owner] = true
	}
	return err
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
