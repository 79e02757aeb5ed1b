package embedded

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// SetModel says what the stored data is made with.
func (s *Store) SetModel(ctx context.Context, m vectordb.Model) error {
	if m.Feature == "" {
		return sightline.Errorf(sightline.CodeInvalid, "model %q has no feature fingerprint", m.Name)
	}
	return s.change(ctx, "set the model", func(c *change) error {
		g := c.generation
		if g.model == m {
			return nil
		}
		dim := g.dim
		if g.model.Feature != m.Feature {
			_, inUse, err := c.integer(`SELECT 1 FROM features WHERE generation = ? LIMIT 1`, g.id)
			if err != nil {
				return err
			}
			if inUse {
				return sightline.Errorf(sightline.CodeIndexMismatch,
					"the index in %s was made with model %q (features %.12s), not with %q (features %.12s)",
					s.dir, g.model.Name, g.model.Feature, m.Name, m.Feature).
					WithHint("use the bundle that it was made with, or another index folder with --data")
			}
			dim = 0
		}
		return c.exec(`UPDATE generations SET name = ?, feature = ?, scoring = ?, dim = ? WHERE id = ?`,
			m.Name, string(m.Feature), string(m.Scoring), dim, g.id)
	})
}

// Stats summarises.
func (s *Store) Stats(ctx context.Context) (stats vectordb.Stats, err error) {
	err = s.read(ctx, "count", func(db *sql.DB) error {
		err := db.QueryRowContext(ctx, `SELECT name, feature, scoring, (SELECT count(*) FROM images),
			(SELECT count(*) FROM files), (SELECT count(*) FROM bad_files) FROM generations WHERE state = 'serving'`).
			Scan(&stats.Model.Name, &stats.Model.Feature, &stats.Model.Scoring, &stats.Images, &stats.Files, &stats.BadFiles)
		if err != nil {
			return err
		}
		stats.Bytes, err = s.bytesOnDisk()
		return err
	})
	return stats, err
}

// bytesOnDisk adds up the database, the logs that SQLite keeps beside it and the copy that searches use.
func (s *Store) bytesOnDisk() (int64, error) {
	total, err := s.memory.root.bytes()
	if err != nil {
		return 0, err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(s.path() + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		total += info.Size()
	}
	return total, nil
}
