package qdrant

import (
	"cmp"
	"context"
	"maps"
	"slices"

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
	return s.change(ctx, "store images", func(c *change) error {
		if len(records) == 0 {
			return nil
		}
		if err := c.fits(records); err != nil {
			return err
		}
		ids, paths := namesOf(records)
		if err := c.load(ids, paths); err != nil {
			return err
		}
		numbers, err := s.takeNumbers(ctx, labelsOf(records))
		if err != nil {
			return err
		}
		for i := range records {
			c.put(&records[i], numbers)
		}
		return c.write()
	})
}

// fits checks records against the serving generation; the first ones set the length of its global vectors.
func (c *change) fits(records []vectordb.Record) error {
	if err := c.checkModel(); err != nil {
		return err
	}
	first := len(records[0].Features.Global)
	dim, err := c.s.createGeneration(c.ctx, c.v.serving, first)
	if err != nil {
		return err
	}
	for i := range records {
		if err := fitsIn(records[i].Image.ID, records[i].Features.Global, dim); err != nil {
			return err
		}
	}
	if c.s.aliased {
		return nil
	}
	c.s.aliased = true
	return c.s.alias(c.ctx, c.v.serving)
}

// checkModel refuses features and probabilities while there is no model, and of another one than the handle is pinned to.
func (c *change) checkModel() error {
	if c.v.serving == "" {
		return sightline.Errorf(sightline.CodeIndexMismatch, "the index does not know yet which model its images are made with")
	}
	if pinned := c.s.pinned.Load(); pinned != nil && !sameModel(*pinned, c.v.model) {
		return c.s.otherModel(c.v.model, *pinned)
	}
	return nil
}

func fitsIn(id sightline.ImageID, global []float32, dim int) error {
	if len(global) == dim {
		return nil
	}
	return sightline.Errorf(sightline.CodeIndexMismatch, "image %s has a global vector of %d numbers, the index holds vectors of %d", id, len(global), dim)
}

func namesOf(records []vectordb.Record) (ids []sightline.ImageID, paths []string) {
	for i := range records {
		ids = append(ids, records[i].Image.ID)
		for _, f := range records[i].Image.Files {
			paths = append(paths, f.Path)
		}
	}
	return ids, paths
}

func labelsOf(records []vectordb.Record) map[string]bool {
	names := map[string]bool{}
	for i := range records {
		addNames(names, records[i].Tags)
	}
	return names
}

func addNames(names map[string]bool, tags []sightline.Tag) {
	for _, tag := range tags {
		names[tag.Name] = true
	}
}

func (c *change) put(r *vectordb.Record, numbers map[string]uint32) {
	s := c.images[r.Image.ID]
	files := s.now.image.Files
	s.now.image = r.Image
	s.now.image.Files = files
	s.now.global, s.now.tags = slices.Clone(r.Features.Global), weightsFor(r.Tags, numbers)
	s.known, s.facts, s.tags, s.vectors = true, true, true, true
	patches := r.Features.Patches
	s.features = &patches
	for _, f := range r.Image.Files {
		c.place(r.Image.ID, f)
	}
}

func weightsFor(tags []sightline.Tag, numbers map[string]uint32) []weight {
	weights := make([]weight, len(tags))
	for i, tag := range tags {
		weights[i] = weight{numbers[tag.Name], float32(tag.Probability)}
	}
	slices.SortFunc(weights, func(a, b weight) int { return cmp.Compare(a.label, b.label) })
	return weights
}

// SetTags replaces stored probabilities.
func (s *Store) SetTags(ctx context.Context, tags map[sightline.ImageID][]sightline.Tag) error {
	names := map[string]bool{}
	for id, list := range tags {
		if err := vectordb.CheckTags(id, list); err != nil {
			return err
		}
		addNames(names, list)
	}
	return s.change(ctx, "store tags", func(c *change) error {
		if len(tags) == 0 {
			return nil
		}
		if err := c.checkPin(); err != nil {
			return err
		}
		if err := c.load(sortedKeys(tags), nil); err != nil {
			return err
		}
		numbers, err := s.takeNumbers(ctx, names)
		if err != nil {
			return err
		}
		for id, list := range tags {
			if slot := c.images[id]; slot.known && slot.before.patches != "" {
				slot.now.tags, slot.tags = weightsFor(list, numbers), true
			}
		}
		return c.write()
	})
}

// checkPin is checkModel for what means nothing in an index without a model.
func (c *change) checkPin() error {
	if c.v.serving == "" {
		return nil
	}
	return c.checkModel()
}

// AddFiles adds places of known images.
func (s *Store) AddFiles(ctx context.Context, files map[sightline.ImageID][]sightline.File) error {
	var paths []string
	for _, list := range files {
		for _, f := range list {
			if err := vectordb.CheckFile(f); err != nil {
				return err
			}
			paths = append(paths, f.Path)
		}
	}
	return s.change(ctx, "store files", func(c *change) error {
		if len(paths) == 0 {
			return nil
		}
		if err := c.load(sortedKeys(files), paths); err != nil {
			return err
		}
		for _, id := range sortedKeys(files) {
			if !c.images[id].known {
				continue
			}
			for _, f := range files[id] {
				c.place(id, f)
			}
		}
		return c.write()
	})
}

// RemoveFiles forgets places.
func (s *Store) RemoveFiles(ctx context.Context, paths []string) error {
	return s.change(ctx, "remove files", func(c *change) error {
		if err := c.load(nil, paths); err != nil {
			return err
		}
		for _, place := range paths {
			c.take(place)
		}
		return c.write()
	})
}

// PutBad remembers bad files.
func (s *Store) PutBad(ctx context.Context, bad []vectordb.BadFile) error {
	paths := make([]string, len(bad))
	for i, b := range bad {
		if err := vectordb.CheckFile(b.File); err != nil {
			return err
		}
		paths[i] = b.File.Path
	}
	return s.change(ctx, "store bad files", func(c *change) error {
		if err := c.load(nil, paths); err != nil {
			return err
		}
		for _, b := range bad {
			c.putBad(b)
		}
		return c.write()
	})
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// likelier orders tags by falling probability, ties by name.
func likelier(a, b sightline.Tag) int {
	return cmp.Or(cmp.Compare(b.Probability, a.Probability), cmp.Compare(a.Name, b.Name))
}
