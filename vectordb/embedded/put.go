package embedded

import (
	"context"
	"encoding/binary"
	"math"
	"strings"
	"time"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// Put stores records.
func (s *Store) Put(ctx context.Context, records []vectordb.Record) error {
	for i := range records {
		if err := vectordb.CheckRecord(&records[i]); err != nil {
			return err
		}
	}
	return s.changeFeatures(ctx, "store images", func(c *change) error {
		for i := range records {
			if err := c.put(&records[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetTags replaces stored probabilities.
func (s *Store) SetTags(ctx context.Context, tags map[sightline.ImageID][]sightline.Tag) error {
	for id, list := range tags {
		if err := vectordb.CheckTags(id, list); err != nil {
			return err
		}
	}
	return s.changeFeatures(ctx, "store tags", func(c *change) error {
		for _, id := range sortedKeys(tags) {
			row, known, err := c.row(id)
			if err != nil {
				return err
			}
			if !known {
				continue
			}
			if err := c.setTags(row, tags[id]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *change) put(r *vectordb.Record) error {
	if err := c.fits(r.Image.ID, r.Features.Global); err != nil {
		return err
	}
	row, err := c.putFacts(&r.Image)
	if err != nil {
		return err
	}
	for _, file := range r.Image.Files {
		if err := c.addFile(row, file); err != nil {
			return err
		}
	}
	// An image that is put without a file, and has none, must not stay.
	c.robbed[row] = true
	return c.putFeatures(row, r.Features, r.Tags)
}

// fits checks a global vector against the generation; its first one sets the length of all.
func (c *change) fits(id sightline.ImageID, global []float32) error {
	g := &c.generation
	if g.model.Feature == "" {
		return sightline.Errorf(sightline.CodeIndexMismatch, "the index does not know yet which model its images are made with")
	}
	if g.dim == 0 {
		g.dim = len(global)
		return c.exec(`UPDATE generations SET dim = ? WHERE id = ?`, g.dim, g.id)
	}
	if g.dim != len(global) {
		return sightline.Errorf(sightline.CodeIndexMismatch, "image %s has a global vector of %d numbers, the index holds vectors of %d",
			id, len(global), g.dim)
	}
	return nil
}

func (c *change) putFacts(img *sightline.Image) (row int64, err error) {
	row, _, err = c.integer(`
		INSERT INTO images (id, format, width, height, taken_at, indexed_at, camera, camera_fold)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET format = excluded.format, width = excluded.width, height = excluded.height,
			taken_at = excluded.taken_at, indexed_at = excluded.indexed_at,
			camera = excluded.camera, camera_fold = excluded.camera_fold
		RETURNING row`,
		string(img.ID), img.Format, img.Width, img.Height, micros(img.TakenAt), img.IndexedAt.UnixMicro(),
		img.Camera, strings.ToLower(img.Camera))
	return row, err
}

func (c *change) putFeatures(row int64, f sightline.Features, tags []sightline.Tag) error {
	packed, err := c.packTags(tags)
	if err != nil {
		return err
	}
	id, _, err := c.integer(`
		INSERT INTO features (image, generation, changed, global, tags) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (image, generation) DO UPDATE SET changed = excluded.changed, global = excluded.global, tags = excluded.tags
		RETURNING id`, row, c.generation.id, c.number, encodeVector(f.Global), packed)
	if err != nil {
		return err
	}
	patches := f.Patches
	if patches == nil {
		patches = []byte{} // nil would be NULL
	}
	return c.exec(`INSERT INTO patches (feature, data) VALUES (?, ?)
		ON CONFLICT (feature) DO UPDATE SET data = excluded.data`, id, patches)
}

func (c *change) setTags(row int64, tags []sightline.Tag) error {
	packed, err := c.packTags(tags)
	if err != nil {
		return err
	}
	return c.exec(`UPDATE features SET tags = ?, changed = ? WHERE image = ? AND generation = ?`,
		packed, c.number, row, c.generation.id)
}

// row finds the row of an image.
func (c *change) row(id sightline.ImageID) (row int64, known bool, err error) {
	return c.integer(`SELECT row FROM images WHERE id = ?`, string(id))
}

// micros is the stored form of a time that may be unknown.
func micros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

func encodeVector(v []float32) []byte {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// decodeVector fills v from its stored form, which must have its length.
func decodeVector(v []float32, b []byte) {
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
}
