package embedded

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"sync"

	"github.com/sightline-search/sightline"
)

// labels knows the names of committed labels. A label keeps its id for good, so that what is known stays true.
type labels struct {
	mu    sync.Mutex
	last  uint32 // the largest known id
	names map[uint32]string
	ids   map[string]uint32
}

// id finds the id of a label.
func (l *labels) id(ctx context.Context, db *sql.DB, name string) (id uint32, known bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id, known = l.ids[name]; known {
		return id, true, nil
	}
	err = l.update(ctx, db)
	id, known = l.ids[name]
	return id, known, err
}

// unpack gives the tags of an image, likeliest first. What was stored before the call can be unpacked.
func (l *labels) unpack(ctx context.Context, db *sql.DB, p packedTags) ([]sightline.Tag, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	tags := make([]sightline.Tag, p.len())
	for i := range tags {
		label, probability := p.at(i)
		if _, known := l.names[label]; !known {
			if err := l.update(ctx, db); err != nil {
				return nil, err
			}
		}
		tags[i] = sightline.Tag{Name: l.names[label], Probability: float64(probability)}
	}
	slices.SortFunc(tags, likelier)
	return tags, nil
}

// update reads the labels that are new since the last time.
func (l *labels) update(ctx context.Context, db *sql.DB) error {
	if l.ids == nil {
		l.ids, l.names = map[string]uint32{}, map[uint32]string{}
	}
	return each(ctx, db, `SELECT id, name FROM labels WHERE id > ? ORDER BY id`, []any{l.last}, func(rows *sql.Rows) (bool, error) {
		var name string
		var id uint32
		if err := rows.Scan(&id, &name); err != nil {
			return false, err
		}
		l.ids[name], l.names[id], l.last = id, name, id
		return true, nil
	})
}

// label finds or makes the id of a label in the commit.
func (c *change) label(name string) (uint32, error) {
	if id, ok := c.labels[name]; ok {
		return id, nil
	}
	id, found, err := c.integer(`SELECT id FROM labels WHERE name = ?`, name)
	if err == nil && !found {
		id, _, err = c.integer(`INSERT INTO labels (name) VALUES (?) RETURNING id`, name)
	}
	if err == nil {
		c.labels[name] = uint32(id)
	}
	return uint32(id), err
}

func (c *change) packTags(tags []sightline.Tag) (packedTags, error) {
	byLabel := make(map[uint32]float32, len(tags))
	for _, tag := range tags {
		label, err := c.label(tag.Name)
		if err != nil {
			return nil, err
		}
		byLabel[label] = float32(tag.Probability)
	}
	packed := make(packedTags, 0, packedTagSize*len(tags))
	for _, label := range slices.Sorted(maps.Keys(byLabel)) {
		packed = packed.append(label, byLabel[label])
	}
	return packed, nil
}
