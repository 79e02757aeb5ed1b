package embedded

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// UserTags gives the user's tags.
func (s *Store) UserTags(ctx context.Context) (tags []vectordb.UserTag, err error) {
	err = s.read(ctx, "read the user's tags", func(db *sql.DB) error {
		query := `SELECT name, descriptions, threshold, scoring, scored, complete FROM user_tags ORDER BY name`
		return each(ctx, db, query, nil, func(rows *sql.Rows) (bool, error) {
			var tag vectordb.UserTag
			var descriptions []byte
			if err := rows.Scan(&tag.Name, &descriptions, &tag.Threshold, &tag.Scoring, &tag.Scored, &tag.Complete); err != nil {
				return false, err
			}
			if err := json.Unmarshal(descriptions, &tag.Descriptions); err != nil {
				return false, sightline.Errorf(sightline.CodeIndexCorrupt, "the descriptions of the tag %q are damaged: %w", tag.Name, err).
					WithHint("remove the tag and add it again")
			}
			tags = append(tags, tag)
			return true, nil
		})
	})
	return tags, err
}

// PutUserTag stores a user's tag and some of its probabilities.
func (s *Store) PutUserTag(ctx context.Context, tag vectordb.UserTag, probabilities map[sightline.ImageID]float64) error {
	if err := vectordb.CheckUserTag(tag, probabilities); err != nil {
		return err
	}
	descriptions, err := json.Marshal(tag.Descriptions)
	if err != nil {
		return err
	}
	store := s.change
	if len(probabilities) > 0 {
		store = s.changeFeatures
	}
	return store(ctx, "store the tag", func(c *change) error {
		err := c.exec(`INSERT INTO user_tags (name, descriptions, threshold, scoring, scored, complete) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET descriptions = excluded.descriptions, threshold = excluded.threshold,
				scoring = excluded.scoring, scored = excluded.scored, complete = excluded.complete`,
			tag.Name, string(descriptions), tag.Threshold, string(tag.Scoring), string(tag.Scored), tag.Complete)
		if err != nil || len(probabilities) == 0 {
			return err
		}
		return c.setTag(tag.Name, probabilities)
	})
}

// setTag changes the probability of one tag and leaves the others of each image.
func (c *change) setTag(name string, probabilities map[sightline.ImageID]float64) error {
	label, err := c.label(name)
	if err != nil {
		return err
	}
	for _, id := range sortedKeys(probabilities) {
		row, known, err := c.row(id)
		if err != nil {
			return err
		}
		if !known {
			continue
		}
		before, err := c.packed(row)
		if errors.Is(err, sql.ErrNoRows) {
			continue // the generation has no features of it
		}
		if err != nil {
			return err
		}
		if err := c.repack(row, before, before.with(label, float32(probabilities[id]))); err != nil {
			return err
		}
	}
	return nil
}

// packed reads the tags of an image.
func (c *change) packed(row int64) (tags packedTags, err error) {
	statement, err := c.prepare(`SELECT tags FROM features WHERE image = ? AND generation = ?`) //nolint:sqlclosecheck // the end of the transaction closes it
	if err != nil {
		return nil, err
	}
	err = statement.QueryRowContext(c.ctx, row, c.generation.id).Scan((*[]byte)(&tags))
	return tags, err
}

// repack stores the tags of an image if they are others than before: readers read again what has changed.
func (c *change) repack(row int64, before, after packedTags) error {
	if bytes.Equal(before, after) {
		return nil
	}
	return c.exec(`UPDATE features SET tags = ?, changed = ? WHERE image = ? AND generation = ?`,
		after, c.number, row, c.generation.id)
}

// RemoveUserTag forgets a user's tag.
func (s *Store) RemoveUserTag(ctx context.Context, name string) error {
	return s.change(ctx, "remove the tag", func(c *change) error {
		_, found, err := c.integer(`DELETE FROM user_tags WHERE name = ? RETURNING 1`, name)
		if err != nil || !found {
			return err
		}
		return c.takeOff(name)
	})
}

// takeOff takes a tag off all images, in every generation.
func (c *change) takeOff(name string) error {
	label, err := c.label(name)
	if err != nil {
		return err
	}
	tagged := map[int64]packedTags{}
	rows, err := c.tx.QueryContext(c.ctx, `SELECT id, tags FROM features`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var tags packedTags
		if err := rows.Scan(&id, (*[]byte)(&tags)); err != nil {
			return err
		}
		if _, stored := tags.probability(label); stored {
			tagged[id] = tags
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, id := range sortedKeys(tagged) {
		if err := c.exec(`UPDATE features SET tags = ?, changed = ? WHERE id = ?`, tagged[id].with(label, 0), c.number, id); err != nil {
			return err
		}
	}
	return nil
}
