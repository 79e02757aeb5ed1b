package qdrant

import (
	"cmp"
	"slices"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// slot is an image during a change: as it was, and as it becomes.
type slot struct {
	before *version // nil for a new image
	now    version
	known  bool // it is stored before, or put by this change

	facts    bool    // now differs in facts or files
	features *[]byte // now has new features, with these patches
	tags     bool    // now has other probabilities
	vectors  bool    // now holds the vectors that were stored
}

// badSlot is a bad file during a change.
type badSlot struct {
	before string            // id of the stored point; "" for none
	now    *vectordb.BadFile // nil for none
	change bool
}

// load reads what is stored of images and of paths.
func (c *change) load(ids []sightline.ImageID, paths []string) error {
	if err := c.loadOwners(paths); err != nil {
		return err
	}
	if err := c.loadBad(paths); err != nil {
		return err
	}
	var unknown []sightline.ImageID
	for _, id := range ids {
		if c.images[id] == nil {
			unknown = append(unknown, id)
		}
	}
	found, err := c.v.versions(c.ctx, c.v.serving, unknown, versionFields)
	if err != nil {
		return err
	}
	for _, id := range unknown {
		c.admit(id, found[id])
	}
	return nil
}

// versionFields are what a version is read from.
var versionFields = append([]string{"since", "facts", "patches", "bytes"}, imageFields...)

func (c *change) admit(id sightline.ImageID, v *version) {
	if c.images[id] != nil {
		return
	}
	c.images[id] = &slot{}
	if v != nil {
		c.images[id] = &slot{before: v, now: *v, known: true}
		c.images[id].now.image.Files = slices.Clone(v.image.Files)
		for _, f := range v.image.Files {
			c.owners[f.Path] = id
		}
	}
}

// Paths are long: fewer of them a call than of other things.
const pathsPerCall = 200

func (c *change) loadOwners(paths []string) error {
	if c.v.images == 0 {
		return nil
	}
	for _, part := range chunks(paths, pathsPerCall) {
		err := c.s.eachPage(c.ctx, &api.ScrollPoints{
			CollectionName: c.s.search(c.v.serving), WithPayload: include(versionFields),
			Filter: and(visible(c.v.commit), must(api.NewMatchKeywords("paths", encoded(part)...))),
		}, func(points []*api.RetrievedPoint) error {
			for _, p := range points {
				v, err := versionOf(p)
				if err != nil {
					return err
				}
				c.admit(v.image.ID, v)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func encoded(list []string) []string {
	all := make([]string, len(list))
	for i, s := range list {
		all[i] = encodeText(s)
	}
	return all
}

func (c *change) loadBad(paths []string) error {
	if c.v.bad == 0 {
		return nil
	}
	for _, part := range chunks(paths, pathsPerCall) {
		err := c.s.eachPage(c.ctx, &api.ScrollPoints{
			CollectionName: c.s.meta(), WithPayload: api.NewWithPayload(true),
			Filter: and(visible(c.v.commit), ofKind("bad"), must(api.NewMatchKeywords("path", encoded(part)...))),
		}, func(points []*api.RetrievedPoint) error {
			for _, p := range points {
				b := badOf(p.GetPayload())
				c.bad[b.File.Path] = &badSlot{before: p.GetId().GetUuid(), now: &b}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// place lets a file lie at an image.
func (c *change) place(id sightline.ImageID, f sightline.File) {
	c.take(f.Path)
	s := c.images[id]
	f.ModTime = f.ModTime.UTC()
	s.now.image.Files = append(s.now.image.Files, f)
	slices.SortFunc(s.now.image.Files, func(a, b sightline.File) int { return cmp.Compare(a.Path, b.Path) })
	s.facts = true
	c.owners[f.Path] = id
}

// take takes a path from whatever has it.
func (c *change) take(place string) {
	if b := c.bad[place]; b != nil && b.now != nil {
		b.now, b.change = nil, true
	}
	owner, owned := c.owners[place]
	if !owned {
		return
	}
	s := c.images[owner]
	s.now.image.Files = slices.DeleteFunc(s.now.image.Files, func(f sightline.File) bool { return f.Path == place })
	s.facts = true
	delete(c.owners, place)
}

// putBad remembers a bad file.
func (c *change) putBad(b vectordb.BadFile) {
	c.take(b.File.Path)
	s := c.bad[b.File.Path]
	if s == nil {
		s = &badSlot{}
		c.bad[b.File.Path] = s
	}
	s.now, s.change = &b, true
}

// write writes what has become of the images and bad files, and counts.
func (c *change) write() error {
	if err := c.readVectors(); err != nil {
		return err
	}
	var patches, points []*api.PointStruct
	var endedPoints, endedPatches []string
	for _, id := range sortedKeys(c.images) {
		s := c.images[id]
		stays := s.known && len(s.now.image.Files) > 0
		if !s.facts && !s.tags && s.features == nil || s.before == nil && !stays {
			continue
		}
		if s.before != nil {
			endedPoints = append(endedPoints, s.before.point)
			if (s.features != nil || !stays) && s.before.patches != "" {
				endedPatches = append(endedPatches, s.before.patches)
			}
		}
		if stays {
			p, patch := c.next(id, s)
			points = append(points, p)
			if patch != nil {
				patches = append(patches, patch)
			}
		}
		c.countImage(id, s, stays)
	}
	g := c.after.serving
	for _, step := range []func() error{
		func() error { return c.upsert(c.s.patchesOf(g), patches) },
		func() error { return c.upsert(c.s.search(g), points) },
		func() error { return c.end(c.s.search(g), endedPoints) },
		func() error { return c.end(c.s.patchesOf(g), endedPatches) },
		c.writeBad,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// next makes the new version of an image, and the point of its patches where they are new.
func (c *change) next(id sightline.ImageID, s *slot) (point, patch *api.PointStruct) {
	v := &s.now
	v.point = versionID("image", id, c.after.commit)
	if s.facts {
		v.facts = c.after.commit
	}
	if s.features != nil {
		v.patches = versionID("patches", id, c.after.commit)
		patch = patchPoint(v.patches, *s.features, c.after.commit)
		v.bytes = int64(len(*s.features))
	}
	v.since = c.after.commit
	point = v.stored()
	if patch != nil {
		v.bytes += int64(proto.Size(point))
		point.Payload["bytes"] = integer(v.bytes)
	}
	return point, patch
}

// countImage keeps the counts of the state, and who has to be carried into other generations.
func (c *change) countImage(id sightline.ImageID, s *slot, stays bool) {
	if stays {
		c.after.images++
		c.after.files += int64(len(s.now.image.Files))
		c.after.bytes += s.now.bytes
	}
	if s.before != nil {
		c.after.images--
		c.after.files -= int64(len(s.before.image.Files))
		c.after.bytes -= s.before.bytes
		if s.facts {
			c.after.pending = append(c.after.pending, id)
		}
	}
}

// readVectors reads the vectors of images that keep theirs in a new version.
func (c *change) readVectors() error {
	var keep []*slot
	for _, s := range c.images {
		if s.known && len(s.now.image.Files) > 0 && (s.facts || s.tags) && s.features == nil {
			keep = append(keep, s)
		}
	}
	return c.fetch(keep)
}

// fetch reads the vectors of stored images; probabilities that were changed already stay as they are.
func (c *change) fetch(slots []*slot) error {
	byPoint := map[string]*slot{}
	var ids []*api.PointId
	for _, s := range slots {
		if s.before != nil && s.before.patches != "" && !s.vectors {
			byPoint[s.before.point] = s
			ids = append(ids, pointID(s.before.point))
		}
	}
	points, err := c.s.get(c.ctx, c.s.search(c.v.serving), ids, include([]string{"id"}), true)
	if err != nil {
		return err
	}
	for _, p := range points {
		s := byPoint[p.GetId().GetUuid()]
		changed := s.now.tags
		s.now.readVectors(p.GetVectors())
		s.vectors = true
		if s.tags {
			s.now.tags = changed
		}
	}
	return nil
}

func (c *change) writeBad() error {
	var points []*api.PointStruct
	var ends []string
	for _, place := range sortedKeys(c.bad) {
		b := c.bad[place]
		if !b.change {
			continue
		}
		if b.before != "" {
			ends = append(ends, b.before)
			c.after.bad--
		}
		if b.now != nil {
			points = append(points, badPoint(*b.now, c.after.commit))
			c.after.bad++
		}
	}
	if err := c.upsert(c.s.meta(), points); err != nil {
		return err
	}
	return c.end(c.s.meta(), ends)
}
