package embedded

import (
	"context"
	"database/sql"
	"iter"
	"strings"

	"github.com/sightline-search/sightline/vectordb"
)

// Files streams the known places below a folder.
func (s *Store) Files(ctx context.Context, below string) iter.Seq2[vectordb.KnownFile, error] {
	query := `SELECT i.id, f.path, f.size, f.mtime_s, f.mtime_ns FROM files f CROSS JOIN images i ON i.row = f.image
		WHERE ` + isBelow + ` ORDER BY f.path`
	return listBelow(ctx, s, "list files", query, below, func(rows *sql.Rows) (k vectordb.KnownFile, err error) {
		k.File, err = scanFile(rows, &k.ID)
		return k, err
	})
}

// BadFiles streams the remembered bad files below a folder.
func (s *Store) BadFiles(ctx context.Context, below string) iter.Seq2[vectordb.BadFile, error] {
	query := `SELECT f.code, f.reason, f.path, f.size, f.mtime_s, f.mtime_ns FROM bad_files f
		WHERE ` + isBelow + ` ORDER BY f.path`
	return listBelow(ctx, s, "list bad files", query, below, func(rows *sql.Rows) (b vectordb.BadFile, err error) {
		b.File, err = scanFile(rows, &b.Code, &b.Reason)
		return b, err
	})
}

// isBelow takes the folder and the folder with a slash; '0' follows '/' in the order of bytes.
const isBelow = `(f.path = ?1 OR f.path >= ?2 || '/' AND f.path < ?2 || '0')`

func listBelow[T any](ctx context.Context, s *Store, doing, query, below string, scan func(*sql.Rows) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := s.read(ctx, doing, func(db *sql.DB) error {
			args := []any{below, strings.TrimSuffix(below, "/")}
			return each(ctx, db, query, args, func(rows *sql.Rows) (bool, error) {
				item, err := scan(rows)
				return err == nil && yield(item, nil), err
			})
		})
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}
