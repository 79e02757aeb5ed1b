package embedded

import (
	"context"
	"database/sql"

	"github.com/sightline-search/sightline"
)

// drop takes out the images that were removed since head.
func (m *memory) drop(ctx context.Context, tx *sql.Tx) error {
	if m.len() == 0 {
		return nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT image FROM removed WHERE changed > ?`, m.head.commits)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row int64
		if err := rows.Scan(&row); err != nil {
			return err
		}
		m.forget(row)
	}
	return rows.Err()
}

// load reads the features that were written since head, commit by commit, and puts them into files whenever there are
// many. After an error everything since head is read again.
func (m *memory) load(ctx context.Context, tx *sql.Tx, now head) error {
	rows, err := tx.QueryContext(ctx, `SELECT f.changed, i.row, i.id, f.global, f.tags
		FROM features f INDEXED BY features_by_change CROSS JOIN images i ON i.row = f.image
		WHERE f.generation = ? AND f.changed > ? ORDER BY f.changed`, m.head.generation, m.head.commits)
	if err != nil {
		return err
	}
	defer rows.Close()
	last := m.head.commits
	for rows.Next() {
		var changed int64
		var image changedImage
		if err := rows.Scan(&changed, &image.row, &image.id, &image.global, &image.tags); err != nil {
			return err
		}
		if changed != last && m.recent.len() >= m.limits.most {
			m.head.commits = last
			if m.fold(ctx, now); !m.loaded {
				return nil
			}
		}
		if err := m.put(&image); err != nil {
			return err
		}
		last = changed
	}
	if err := rows.Err(); err != nil {
		return err
	}
	m.head = now
	if m.recent.len() >= m.limits.fold {
		m.fold(ctx, now)
	}
	return nil
}

// changedImage is a row that load reads.
type changedImage struct {
	row    int64
	id     sightline.ImageID
	global sql.RawBytes
	tags   []byte
}

func (m *memory) put(image *changedImage) error {
	if len(image.global) != 4*m.head.dim {
		return sightline.Errorf(sightline.CodeIndexCorrupt, "the global vector of image %s has %d bytes instead of %d",
			image.id, len(image.global), 4*m.head.dim).WithHint("remove the image and index it again")
	}
	id, err := binaryID(image.id)
	if err != nil {
		return err
	}
	m.outdate(image.row)
	slot := m.recent.slot(image.row, id)
	decodeVector(m.recent.vector(slot), image.global)
	m.recent.tags[slot] = image.tags
	return nil
}
