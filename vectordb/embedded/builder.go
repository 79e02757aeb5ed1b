package embedded

import (
	"context"
	"database/sql"
	"iter"
	"strconv"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// builder fills one generation.
type builder struct {
	s  *Store
	id string
}

// Build gives the generation of the model to fill.
func (s *Store) Build(ctx context.Context, m vectordb.Model) (vectordb.Builder, error) {
	if err := checkModel(m); err != nil {
		return nil, err
	}
	b := &builder{s: s}
	return b, s.change(ctx, "begin a generation", func(c *change) error {
		id, found, err := c.integer(`SELECT id FROM generations WHERE feature = ? AND scoring = ?
			ORDER BY state = 'serving' DESC, state = 'building' DESC, id DESC LIMIT 1`, string(m.Feature), string(m.Scoring))
		if err == nil && !found {
			id, err = c.beginGeneration(m)
		}
		b.id = strconv.FormatInt(id, 10)
		return err
	})
}

// beginGeneration makes an empty one, unless another one is being built.
func (c *change) beginGeneration(m vectordb.Model) (id int64, err error) {
	other, building, err := c.integer(`SELECT id FROM generations WHERE state = 'building'`)
	if err != nil {
		return 0, err
	}
	if building {
		g, _, err := c.generationByID(strconv.FormatInt(other, 10))
		if err != nil {
			return 0, err
		}
		return 0, vectordb.BuildingAnother(strconv.FormatInt(other, 10), g.model, m)
	}
	id, _, err = c.integer(`INSERT INTO generations (state, name, feature, scoring) VALUES ('building', ?, ?, ?) RETURNING id`,
		m.Name, string(m.Feature), string(m.Scoring))
	return id, err
}

// ID is the generation's row number.
func (b *builder) ID() string { return b.id }

// Put stores features and tags of known images.
func (b *builder) Put(ctx context.Context, encoded []vectordb.Encoded) error {
	for i := range encoded {
		if err := vectordb.CheckEncoded(&encoded[i]); err != nil {
			return err
		}
	}
	return b.s.change(ctx, "store features", func(c *change) error {
		g, _, err := c.generationByID(b.id)
		if err != nil {
			return err
		}
		c.generation = g // what follows is written there
		for i := range encoded {
			if err := c.putEncoded(&encoded[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *change) putEncoded(e *vectordb.Encoded) error {
	row, known, err := c.row(e.ID)
	if err != nil || !known {
		return err
	}
	if err := c.fits(e.ID, e.Features.Global); err != nil {
		return err
	}
	return c.putFeatures(row, e.Features, e.Tags)
}

// lacks is the condition that an image of "images i" has no features of a generation.
const lacks = `NOT EXISTS (SELECT 1 FROM features l WHERE l.image = i.row AND l.generation = ?)`

// Missing streams the images without features, in one read transaction: SQLite cannot fold its log in while it lasts.
func (b *builder) Missing(ctx context.Context, after sightline.ImageID) iter.Seq2[*sightline.Image, error] {
	return func(yield func(*sightline.Image, error) bool) {
		err := b.read(ctx, "list images without features", func(db *sql.DB) error {
			query := `SELECT ` + imageColumns + ` FROM images i CROSS JOIN files f ON f.image = i.row
				WHERE i.id > ? AND ` + lacks + ` ORDER BY i.id, f.path`
			args := []any{string(after), b.id}
			return collectImages(ctx, db, query, args, nil, func(img *sightline.Image) bool { return yield(img, nil) })
		})
		if err != nil {
			yield(nil, err)
		}
	}
}

// Count counts the images with features, and all of them.
func (b *builder) Count(ctx context.Context) (built, all int, err error) {
	err = b.read(ctx, "count features", func(db *sql.DB) error {
		query := `SELECT (SELECT count(*) FROM features WHERE generation = ?), (SELECT count(*) FROM images)`
		return db.QueryRowContext(ctx, query, b.id).Scan(&built, &all)
	})
	return built, all, err
}

// read is Store.read while the generation exists.
func (b *builder) read(ctx context.Context, doing string, work func(*sql.DB) error) error {
	return b.s.read(ctx, doing, func(db *sql.DB) error {
		var one int
		err := db.QueryRowContext(ctx, `SELECT 1 FROM generations WHERE id = ?`, b.id).Scan(&one)
		if err != nil {
			return noGeneration(b.id, err)
		}
		return work(db)
	})
}
