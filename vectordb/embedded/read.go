package embedded

import (
	"context"
	"database/sql"
	"encoding/json"
	"iter"
	"time"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// read runs work on the connections for reading; without an index yet it does nothing.
func (s *Store) read(ctx context.Context, doing string, work func(db *sql.DB) error) error {
	leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	db, err := s.reader(ctx)
	if err != nil || db == nil {
		return err
	}
	return s.explain(interrupted(ctx, work(db)), doing)
}

// each runs a query and hands its rows over one by one until row returns false or an error.
func each(ctx context.Context, db *sql.DB, query string, args []any, row func(*sql.Rows) (bool, error)) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		more, err := row(rows)
		if err != nil || !more {
			return err
		}
	}
	return rows.Err()
}

// imageColumns, and the order by path within an image, are what collectImages reads.
const imageColumns = `i.row, i.id, i.format, i.width, i.height, i.taken_at, i.indexed_at, i.camera,
	f.path, f.size, f.mtime_s, f.mtime_ns`

// collectImages reads one row a file and hands over the whole images among the selected ones.
func collectImages(ctx context.Context, db *sql.DB, query string, args []any, selected *rowSet, yield func(*sightline.Image) bool) error {
	var current *sightline.Image
	wanted := true
	err := each(ctx, db, query, args, func(rows *sql.Rows) (bool, error) {
		row, img, err := scanImage(rows)
		if err != nil || !selected.has(row) {
			return true, err
		}
		if current != nil && current.ID == img.ID {
			current.Files = append(current.Files, img.Files...)
			return true, nil
		}
		if current != nil {
			wanted = yield(current)
		}
		current = img
		return wanted, nil
	})
	if err == nil && wanted && current != nil {
		yield(current)
	}
	return err
}

func scanImage(rows *sql.Rows) (row int64, img *sightline.Image, err error) {
	img = &sightline.Image{}
	var taken sql.NullInt64
	var indexed int64
	file, err := scanFile(rows, &row, &img.ID, &img.Format, &img.Width, &img.Height, &taken, &indexed, &img.Camera)
	img.Files = []sightline.File{file}
	img.IndexedAt = time.UnixMicro(indexed).UTC()
	if taken.Valid {
		img.TakenAt = time.UnixMicro(taken.Int64).UTC()
	}
	return row, img, err
}

// scanFile scans path, size, mtime_s and mtime_ns after the columns that go to before.
func scanFile(rows *sql.Rows, before ...any) (f sightline.File, err error) {
	var seconds, nanoseconds int64
	err = rows.Scan(append(before, &f.Path, &f.Size, &seconds, &nanoseconds)...)
	f.ModTime = time.Unix(seconds, nanoseconds).UTC()
	return f, err
}

// Images streams images in one read transaction: it sees the store as it was when the iteration began.
func (s *Store) Images(ctx context.Context, filter sightline.Filter, order vectordb.Order) iter.Seq2[*sightline.Image, error] {
	return func(yield func(*sightline.Image, error) bool) {
		by := map[vectordb.Order]string{
			vectordb.ByID:   `i.id`,
			vectordb.Newest: `coalesce(i.taken_at, i.indexed_at) DESC, i.id`,
			vectordb.Oldest: `coalesce(i.taken_at, i.indexed_at), i.id`,
		}[order]
		err := s.read(ctx, "list images", func(db *sql.DB) error {
			where, args, selected, err := s.condition(ctx, db, filter)
			if err != nil {
				return err
			}
			query := `SELECT ` + imageColumns + ` FROM images i CROSS JOIN files f ON f.image = i.row
				WHERE ` + where + ` ORDER BY ` + by + `, f.path`
			return collectImages(ctx, db, query, args, selected, func(img *sightline.Image) bool { return yield(img, nil) })
		})
		if err != nil {
			yield(nil, err)
		}
	}
}

// Get gives images by id.
func (s *Store) Get(ctx context.Context, ids []sightline.ImageID) ([]*sightline.Image, error) {
	known := make(map[sightline.ImageID]*sightline.Image, len(ids))
	err := s.read(ctx, "read images", func(db *sql.DB) error {
		query := `SELECT ` + imageColumns + ` FROM ` + asked + ` CROSS JOIN files f ON f.image = i.row ORDER BY i.row, f.path`
		return collectImages(ctx, db, query, []any{idList(ids)}, nil, func(img *sightline.Image) bool {
			known[img.ID] = img
			return true
		})
	})
	images := make([]*sightline.Image, 0, len(known))
	for _, id := range ids {
		if img := known[id]; img != nil {
			images = append(images, img)
		}
	}
	return images, err
}

// Features gives features by id.
func (s *Store) Features(ctx context.Context, ids []sightline.ImageID) (map[sightline.ImageID]sightline.Features, error) {
	found, together := make(map[sightline.ImageID]sightline.Features, len(ids)), newBlock(ids)
	err := s.read(ctx, "read features", func(db *sql.DB) error {
		generation, err := s.answering(ctx, db)
		if err != nil {
			return err
		}
		query := `SELECT i.id, f.global, p.data FROM ` + asked + `
			CROSS JOIN features f ON f.image = i.row AND f.generation = ?
			CROSS JOIN patches p ON p.feature = f.id`
		return each(ctx, db, query, []any{idList(ids), generation}, func(rows *sql.Rows) (bool, error) {
			var id sightline.ImageID
			var global, patches sql.RawBytes
			if err := rows.Scan(&id, &global, &patches); err != nil {
				return false, err
			}
			f := sightline.Features{Patches: together.put(id, patches), Global: make([]float32, len(global)/4)}
			decodeVector(f.Global, global)
			found[id] = f
			return true, nil
		})
	})
	return found, err
}

// Tags gives stored probabilities by id.
func (s *Store) Tags(ctx context.Context, ids []sightline.ImageID) (map[sightline.ImageID][]sightline.Tag, error) {
	found := make(map[sightline.ImageID][]sightline.Tag, len(ids))
	err := s.read(ctx, "read tags", func(db *sql.DB) error {
		generation, err := s.answering(ctx, db)
		if err != nil {
			return err
		}
		packed := make(map[sightline.ImageID]packedTags, len(ids))
		query := `SELECT i.id, f.tags FROM ` + asked + `
			CROSS JOIN features f ON f.image = i.row AND f.generation = ?
			WHERE length(f.tags) > 0`
		err = each(ctx, db, query, []any{idList(ids), generation}, func(rows *sql.Rows) (bool, error) {
			var id sightline.ImageID
			var tags []byte
			err := rows.Scan(&id, &tags)
			packed[id] = tags
			return true, err
		})
		for id, tags := range packed {
			if err == nil {
				found[id], err = s.labels.unpack(ctx, db, tags)
			}
		}
		return err
	})
	return found, err
}

// asked is the images of an idList, each once. SQLite joins CROSS JOINs in the order in which they are written: first
// the few ids, then what belongs to them.
const asked = `(SELECT DISTINCT value FROM json_each(?)) AS j CROSS JOIN images i ON i.id = j.value`

// idList is a list of ids as one SQL parameter, for json_each.
func idList(ids []sightline.ImageID) string {
	list, _ := json.Marshal(ids) // a list of strings always has a JSON form
	return string(list)
}
