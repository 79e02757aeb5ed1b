package embedded

import (
	"context"
	"database/sql"
	"strings"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// Nearest scans every vector under the filter: the answer is exact.
func (s *Store) Nearest(ctx context.Context, vector []float32, k int, filter sightline.Filter) (best []vectordb.Scored, err error) {
	err = s.read(ctx, "search", func(db *sql.DB) error {
		if err := s.refresh(ctx, db); err != nil {
			return err
		}
		rows, err := s.rows(ctx, db, filter)
		if err != nil {
			return err
		}
		best, err = s.memory.nearest(ctx, vector, k, rows)
		return err
	})
	return best, err
}

// ByTag scans the tags of every image under the filter.
func (s *Store) ByTag(ctx context.Context, name string, k int, filter sightline.Filter) (best []vectordb.Scored, err error) {
	err = s.read(ctx, "search by tag", func(db *sql.DB) error {
		if err := s.refresh(ctx, db); err != nil {
			return err
		}
		label, known, err := s.labels.id(ctx, db, name)
		if err != nil || !known {
			return err
		}
		rows, err := s.rows(ctx, db, filter)
		if err != nil {
			return err
		}
		best, err = s.memory.byTag(ctx, label, k, rows)
		return err
	})
	return best, err
}

// ByText asks the full-text index; words match by their beginning, BM25 orders.
func (s *Store) ByText(ctx context.Context, text string, k int, filter sightline.Filter) (ids []sightline.ImageID, err error) {
	words := vectordb.Words(text)
	if len(words) == 0 || k <= 0 {
		return nil, ctx.Err()
	}
	err = s.read(ctx, "search by text", func(db *sql.DB) error {
		where, args, selected, err := s.condition(ctx, db, filter)
		if err != nil {
			return err
		}
		query := `SELECT i.row, i.id FROM image_words w CROSS JOIN images i ON i.row = w.rowid
			WHERE w.words MATCH ? AND ` + where + ` ORDER BY w.rank, i.id`
		match := `"` + strings.Join(words, `"* AND "`) + `"*`
		return each(ctx, db, query, append([]any{match}, args...), func(rows *sql.Rows) (bool, error) {
			var row int64
			var id sightline.ImageID
			if err := rows.Scan(&row, &id); err != nil {
				return false, err
			}
			if selected.has(row) {
				ids = append(ids, id)
			}
			return len(ids) < k, nil
		})
	})
	return ids, err
}

// Count counts the images under the filter.
func (s *Store) Count(ctx context.Context, filter sightline.Filter) (n int, err error) {
	err = s.read(ctx, "count images", func(db *sql.DB) error {
		where, args, selected, err := s.condition(ctx, db, filter)
		if err != nil {
			return err
		}
		if selected != nil {
			n = s.memory.count(selected)
			return nil
		}
		return db.QueryRowContext(ctx, `SELECT count(*) FROM images i WHERE `+where, args...).Scan(&n)
	})
	return n, err
}

// IDs gives the ids of the images under the filter.
func (s *Store) IDs(ctx context.Context, filter sightline.Filter) (ids []sightline.ImageID, err error) {
	err = s.read(ctx, "list images", func(db *sql.DB) error {
		where, args, selected, err := s.condition(ctx, db, filter)
		if err != nil {
			return err
		}
		if selected != nil {
			ids = s.memory.idsIn(selected)
			return nil
		}
		return each(ctx, db, `SELECT i.id FROM images i WHERE `+where+` ORDER BY i.id`, args, func(rows *sql.Rows) (bool, error) {
			var id sightline.ImageID
			err := rows.Scan(&id)
			ids = append(ids, id)
			return true, err
		})
	})
	return ids, err
}
