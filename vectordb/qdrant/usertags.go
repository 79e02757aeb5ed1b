package qdrant

import (
	"cmp"
	"context"
	"slices"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// UserTags gives the user's tags.
func (s *Store) UserTags(ctx context.Context) (tags []vectordb.UserTag, err error) {
	err = s.read(ctx, "read the user's tags", func(v *view) error {
		stored, err := v.userTags(ctx, nil)
		tags = make([]vectordb.UserTag, len(stored))
		for i, t := range stored {
			tags[i] = t.tag
		}
		return err
	})
	return tags, err
}

// storedTag is a user's tag with its point.
type storedTag struct {
	point string
	tag   vectordb.UserTag
}

// userTags gives the user's tags, or those of the names, in the order of their names.
func (v *view) userTags(ctx context.Context, names []string) (tags []storedTag, err error) {
	if v.commit == 0 {
		return nil, nil
	}
	filter := and(visible(v.commit), ofKind("tag"))
	if len(names) > 0 {
		filter = and(filter, must(api.NewMatchKeywords("name", encoded(names)...)))
	}
	err = v.s.eachPage(ctx, &api.ScrollPoints{CollectionName: v.s.meta(), Filter: filter, WithPayload: api.NewWithPayload(true)},
		func(points []*api.RetrievedPoint) error {
			for _, p := range points {
				tags = append(tags, storedTag{p.GetId().GetUuid(), userTagOf(p.GetPayload())})
			}
			return nil
		})
	slices.SortFunc(tags, func(a, b storedTag) int { return cmp.Compare(a.tag.Name, b.tag.Name) })
	return tags, err
}

func userTagOf(p map[string]*api.Value) vectordb.UserTag {
	tag := vectordb.UserTag{
		Name: decodeText(p["name"].GetStringValue()), Descriptions: texts(p["descriptions"]),
		Scoring: sightline.Fingerprint(decodeText(p["scoring"].GetStringValue())), Scored: sightline.ImageID(decodeText(p["scored"].GetStringValue())),
		Complete: p["complete"].GetIntegerValue() == 1,
	}
	for i, d := range tag.Descriptions {
		tag.Descriptions[i] = decodeText(d)
	}
	if threshold, ok := p["threshold"]; ok {
		tag.Threshold = new(threshold.GetDoubleValue())
	}
	return tag
}

func userTagPoint(tag vectordb.UserTag, since int64) *api.PointStruct {
	p := map[string]*api.Value{
		"kind": text("tag"), "since": integer(since), "name": text(encodeText(tag.Name)),
		"descriptions": list(tag.Descriptions, func(d string) *api.Value { return text(encodeText(d)) }),
		"scoring":      text(encodeText(string(tag.Scoring))), "scored": text(encodeText(string(tag.Scored))), "complete": integer(0),
	}
	if tag.Complete {
		p["complete"] = integer(1)
	}
	if tag.Threshold != nil {
		p["threshold"] = api.NewValueDouble(*tag.Threshold)
	}
	return &api.PointStruct{Id: pointID(versionID("tag", sightline.ImageID(tag.Name), since)), Payload: p, Vectors: api.NewVectorsMap(nil)}
}

// PutUserTag stores a user's tag and some of its probabilities.
func (s *Store) PutUserTag(ctx context.Context, tag vectordb.UserTag, probabilities map[sightline.ImageID]float64) error {
	if err := vectordb.CheckUserTag(tag, probabilities); err != nil {
		return err
	}
	return s.change(ctx, "store the tag", func(c *change) error {
		if len(probabilities) > 0 {
			if err := c.checkPin(); err != nil {
				return err
			}
			if err := c.setTag(tag.Name, probabilities); err != nil {
				return err
			}
		}
		return c.replaceTag(tag.Name, &tag)
	})
}

// replaceTag ends the stored tag of a name and writes another in its place, or none.
func (c *change) replaceTag(name string, tag *vectordb.UserTag) error {
	before, err := c.v.userTags(c.ctx, []string{name})
	if err != nil {
		return err
	}
	if tag != nil {
		if err := c.upsert(c.s.meta(), []*api.PointStruct{userTagPoint(*tag, c.after.commit)}); err != nil {
			return err
		}
	}
	points := make([]string, len(before))
	for i, b := range before {
		points[i] = b.point
	}
	return c.end(c.s.meta(), points)
}

// setTag changes the probability of one tag and leaves the others of each image.
func (c *change) setTag(name string, probabilities map[sightline.ImageID]float64) error {
	numbers, err := c.s.takeNumbers(c.ctx, map[string]bool{name: true})
	if err != nil {
		return err
	}
	if err := c.load(sortedKeys(probabilities), nil); err != nil {
		return err
	}
	var slots []*slot
	for id := range probabilities {
		slots = append(slots, c.images[id])
	}
	if err := c.fetch(slots); err != nil {
		return err
	}
	for id, p := range probabilities {
		if s := c.images[id]; s.vectors {
			changed := with(s.now.tags, weight{numbers[name], float32(p)})
			s.tags = !slices.Equal(changed, s.now.tags)
			s.now.tags = changed
		}
	}
	return c.write()
}

// with gives weights with another probability of one label; 0 leaves the label out.
func with(weights []weight, w weight) []weight {
	changed := slices.DeleteFunc(slices.Clone(weights), func(o weight) bool { return o.label == w.label })
	if w.probability > 0 {
		changed = append(changed, w)
	}
	slices.SortFunc(changed, func(a, b weight) int { return cmp.Compare(a.label, b.label) })
	return changed
}

// RemoveUserTag forgets a user's tag and takes it off all images.
func (s *Store) RemoveUserTag(ctx context.Context, name string) error {
	return s.change(ctx, "remove the tag", func(c *change) error {
		known, err := c.v.userTags(ctx, []string{name})
		if err != nil || len(known) == 0 {
			return err
		}
		c.after.untag = name
		err = c.v.tagged(ctx, c.v.serving, name, func(versions []*version, label uint32) error {
			points := make([]*api.PointStruct, len(versions))
			ends := make([]string, len(versions))
			for i, v := range versions {
				ends[i] = v.point
				v.point, v.since, v.tags = versionID("image", v.image.ID, c.after.commit), c.after.commit, with(v.tags, weight{label: label})
				points[i] = v.stored()
			}
			if err := c.upsert(s.search(c.v.serving), points); err != nil {
				return err
			}
			return c.end(s.search(c.v.serving), ends)
		})
		if err != nil {
			return err
		}
		return c.replaceTag(name, nil)
	})
}

// vectorsPerPage is how many whole points one page holds.
const vectorsPerPage = 200

// tagged gives the versions in a generation that have a probability of the label, page by page, with their vectors.
func (v *view) tagged(ctx context.Context, g, name string, page func(versions []*version, label uint32) error) error {
	dim, err := v.s.dim(ctx, g)
	if err != nil || dim == 0 {
		return err
	}
	label, known, err := v.s.number(ctx, name)
	if err != nil || !known {
		return err
	}
	from, to := float64(levelOf(label, 0)), float64(levelOf(label, 1))
	return v.s.eachPage(ctx, &api.ScrollPoints{
		CollectionName: v.s.search(g), Filter: and(visible(v.commit), must(api.NewRange("levels", &api.Range{Gte: &from, Lte: &to}))),
		WithPayload: include(versionFields), WithVectors: api.NewWithVectors(true), Limit: new(uint32(vectorsPerPage)),
	}, func(points []*api.RetrievedPoint) error {
		versions := make([]*version, 0, len(points))
		for _, p := range points {
			version, err := versionOf(p)
			if err != nil {
				return err
			}
			versions = append(versions, version)
		}
		return page(versions, label)
	})
}
