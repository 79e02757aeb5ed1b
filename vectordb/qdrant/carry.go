package qdrant

import (
	"context"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
)

// carry brings facts of images, and the end of a user's tag, into the generations that do not serve: what is deleted is
// gone from all of them. It changes points where they lie, so that it can be repeated; the state remembers what has to
// be carried until the next commit.
func (s *Store) carry(ctx context.Context, v *view, ids []sightline.ImageID, untag string) error {
	if len(ids) == 0 && untag == "" {
		return nil
	}
	others, err := s.otherGenerations(ctx, v.serving)
	if err != nil {
		return err
	}
	for _, g := range others {
		for _, part := range chunks(ids, vectorsPerPage) {
			if _, err := v.align(ctx, g.ID, part); err != nil {
				return err
			}
		}
		if untag != "" {
			if err := v.untagIn(ctx, g.ID, untag); err != nil {
				return err
			}
		}
	}
	return nil
}

// align gives the images in a generation the facts that they have in the serving one, deletes those that it does not
// have, and tells which ones it has.
func (v *view) align(ctx context.Context, g string, ids []sightline.ImageID) (present map[sightline.ImageID]bool, err error) {
	current, err := v.versions(ctx, v.serving, ids, versionFields)
	if err != nil {
		return nil, err
	}
	present = map[sightline.ImageID]bool{}
	var points []*api.PointStruct
	var gone, patches []*api.PointId
	err = v.points(ctx, g, ids, include(versionFields), []string{globalVector, tagVector}, func(id sightline.ImageID, p *api.RetrievedPoint) error {
		there, err := versionOf(p)
		if err != nil {
			return err
		}
		now, known := current[id]
		switch {
		case !known:
			gone = append(gone, p.GetId())
			if there.patches != "" {
				patches = append(patches, pointID(there.patches))
			}
			return nil
		case there.facts != now.facts:
			there.image, there.facts = now.image, now.facts
			points = append(points, there.stored())
		}
		present[id] = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := v.s.upsert(ctx, v.s.search(g), points); err != nil {
		return nil, err
	}
	if len(gone) == 0 {
		return present, nil
	}
	if err := v.s.deletePoints(ctx, v.s.search(g), api.NewPointsSelectorIDs(gone)); err != nil || len(patches) == 0 {
		return present, err
	}
	return present, v.s.deletePoints(ctx, v.s.patchesOf(g), api.NewPointsSelectorIDs(patches))
}

// untagIn takes a tag off the images of a generation.
func (v *view) untagIn(ctx context.Context, g, name string) error {
	return v.tagged(ctx, g, name, func(versions []*version, label uint32) error {
		points := make([]*api.PointStruct, len(versions))
		for i, there := range versions {
			there.tags = with(there.tags, weight{label: label})
			points[i] = there.stored()
		}
		return v.s.upsert(ctx, v.s.search(g), points)
	})
}

// servingPages gives all images of the serving generation, page by page.
func (v *view) servingPages(ctx context.Context, more *api.Filter, page func(ids []sightline.ImageID) error) error {
	if v.images == 0 {
		return nil
	}
	return v.s.eachPage(ctx, &api.ScrollPoints{
		CollectionName: v.s.search(v.serving), Filter: and(visible(v.commit), more), WithPayload: include([]string{"id"}),
		Limit: new(uint32(keysPerCall)),
	}, func(points []*api.RetrievedPoint) error {
		ids := make([]sightline.ImageID, len(points))
		for i, p := range points {
			ids[i] = sightline.ImageID(p.GetPayload()["id"].GetStringValue())
		}
		return page(ids)
	})
}

// lacking counts the images with features in the serving generation that another one has no features of.
func (v *view) lacking(ctx context.Context, g string) (n int, err error) {
	err = v.servingPages(ctx, isFeatured(), func(ids []sightline.ImageID) error {
		has, err := v.featuredOf(ctx, g, ids)
		n += len(ids) - len(has)
		return err
	})
	return n, err
}

// featuredOf tells which images a generation has features of.
func (v *view) featuredOf(ctx context.Context, g string, ids []sightline.ImageID) (map[sightline.ImageID]bool, error) {
	has := map[sightline.ImageID]bool{}
	err := v.points(ctx, g, ids, include([]string{"id", "patches"}), nil, func(id sightline.ImageID, p *api.RetrievedPoint) error {
		if p.GetPayload()["patches"].GetStringValue() != "" {
			has[id] = true
		}
		return nil
	})
	return has, err
}

// complete makes a generation know exactly the images of the serving one, with their facts; those that it has no
// features of are known there without.
func (c *change) complete(g string) error {
	dim, err := c.s.dim(c.ctx, g)
	if err == nil && dim == 0 && c.v.images > 0 {
		dim, err = c.s.dim(c.ctx, c.v.serving)
		if err == nil {
			_, err = c.s.createGeneration(c.ctx, g, dim) // nothing was built: whatever the length will be, there are no vectors
		}
	}
	if err != nil {
		return err
	}
	err = c.v.servingPages(c.ctx, nil, func(ids []sightline.ImageID) error {
		present, err := c.v.align(c.ctx, g, ids)
		if err != nil {
			return err
		}
		return c.addUnfeatured(g, ids, present)
	})
	if err != nil {
		return err
	}
	return c.dropUnknown(g)
}

func (c *change) addUnfeatured(g string, ids []sightline.ImageID, present map[sightline.ImageID]bool) error {
	current, err := c.v.versions(c.ctx, c.v.serving, ids, versionFields)
	if err != nil {
		return err
	}
	var points []*api.PointStruct
	for _, id := range ids {
		v, ok := current[id]
		if !ok || present[id] {
			continue
		}
		v.point, v.since = versionID("image", id, c.after.commit), c.after.commit
		v.patches, v.bytes = "", 0
		points = append(points, v.stored())
	}
	return c.upsert(c.s.search(g), points)
}

// dropUnknown deletes images in a generation that the serving one does not have: a builder that was killed may have left
// some.
func (c *change) dropUnknown(g string) error {
	n, err := c.s.count(c.ctx, c.s.search(g), visible(c.after.commit))
	if err != nil || int64(n) == c.v.images {
		return err
	}
	return c.s.eachPage(c.ctx, &api.ScrollPoints{
		CollectionName: c.s.search(g), Filter: visible(c.after.commit), WithPayload: include([]string{"id"}), Limit: new(uint32(vectorsPerPage)),
	}, func(points []*api.RetrievedPoint) error {
		ids := make([]sightline.ImageID, len(points))
		for i, p := range points {
			ids[i] = sightline.ImageID(p.GetPayload()["id"].GetStringValue())
		}
		_, err := c.v.align(c.ctx, g, ids)
		return err
	})
}
