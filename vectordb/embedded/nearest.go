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
		if err := s.vectors.refresh(ctx, db); err != nil {
			return err
		}
		var rows []int64
		if filter != nil {
			if rows, err = allowed(ctx, db, filter); err != nil {
				return err
			}
		}
		best, err = s.vectors.nearest(ctx, vector, k, filter != nil, rows)
		return err
	})
	return best, err
}

// allowed lists the rows of images under the filter.
func allowed(ctx context.Context, db *sql.DB, filter sightline.Filter) ([]int64, error) {
	where, args, err := compile(filter)
	if err != nil {
		return nil, err
	}
	rows := []int64{}
	err = each(ctx, db, `SELECT i.row FROM images i WHERE `+where, args, func(r *sql.Rows) (bool, error) {
		var row int64
		err := r.Scan(&row)
		rows = append(rows, row)
		return true, err
	})
	return rows, err
}

// ByTag walks the index of the label from its largest probability down.
func (s *Store) ByTag(ctx context.Context, name string, k int, filter sightline.Filter) (best []vectordb.Scored, err error) {
	if k <= 0 {
		k = -1 // no limit
	}
	err = s.read(ctx, "search by tag", func(db *sql.DB) error {
		where, args, err := compile(filter)
		if err != nil {
			return err
		}
		query := `SELECT i.id, t.probability FROM tags t INDEXED BY tags_by_label CROSS JOIN images i ON i.row = t.image
			WHERE t.generation = (` + serving + `) AND t.label = (SELECT id FROM labels WHERE name = ?) AND ` + where + `
			ORDER BY t.probability DESC, i.id LIMIT ?`
		args = append(append([]any{name}, args...), k)
		return each(ctx, db, query, args, func(rows *sql.Rows) (bool, error) {
			var hit vectordb.Scored
			err := rows.Scan(&hit.ID, &hit.Score)
			best = append(best, hit)
			return true, err
		})
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
		where, args, err := compile(filter)
		if err != nil {
			return err
		}
		query := `SELECT i.id FROM image_words w CROSS JOIN images i ON i.row = w.rowid
			WHERE w.words MATCH ? AND ` + where + ` ORDER BY w.rank, i.id LIMIT ?`
		match := `"` + strings.Join(words, `"* AND "`) + `"*`
		args = append(append([]any{match}, args...), k)
		return each(ctx, db, query, args, func(rows *sql.Rows) (bool, error) {
			var id sightline.ImageID
			err := rows.Scan(&id)
			ids = append(ids, id)
			return true, err
		})
	})
	return ids, err
}
