package vectordbtest

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// oracle is a store as the contract describes it, in the most obvious form.
type oracle struct {
	images map[sightline.ImageID]*vectordb.Record // without files
	files  map[string]vectordb.KnownFile
	bad    map[string]vectordb.BadFile
	own    map[string]vectordb.UserTag
}

func newOracle() *oracle {
	return &oracle{
		images: map[sightline.ImageID]*vectordb.Record{},
		files:  map[string]vectordb.KnownFile{}, bad: map[string]vectordb.BadFile{}, own: map[string]vectordb.UserTag{},
	}
}

func (o *oracle) put(records []vectordb.Record) {
	for _, r := range records {
		stored := r
		stored.Image.Files = nil
		stored.Image.TakenAt = asStored(r.Image.TakenAt)
		stored.Image.IndexedAt = asStored(r.Image.IndexedAt)
		o.images[r.Image.ID] = &stored
		o.place(r.Image.ID, r.Image.Files)
	}
	o.dropHomeless()
}

// asStored is what the contract lets a store keep of a time.
func asStored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func (o *oracle) place(id sightline.ImageID, files []sightline.File) {
	for _, f := range files {
		f.ModTime = f.ModTime.UTC()
		o.files[f.Path] = vectordb.KnownFile{File: f, ID: id}
		delete(o.bad, f.Path)
	}
}

func (o *oracle) dropHomeless() {
	for id := range o.images {
		if len(o.filesOf(id)) == 0 {
			delete(o.images, id)
		}
	}
}

func (o *oracle) filesOf(id sightline.ImageID) []sightline.File {
	var files []sightline.File
	for _, known := range o.files {
		if known.ID == id {
			files = append(files, known.File)
		}
	}
	slices.SortFunc(files, func(a, b sightline.File) int { return cmp.Compare(a.Path, b.Path) })
	return files
}

func (o *oracle) setTags(tags map[sightline.ImageID][]sightline.Tag) {
	for id, list := range tags {
		if r := o.images[id]; r != nil {
			r.Tags = list
		}
	}
}

func (o *oracle) putUserTag(tag vectordb.UserTag, probabilities map[sightline.ImageID]float64) {
	o.own[tag.Name] = tag
	for id, p := range probabilities {
		o.setTag(id, tag.Name, p)
	}
}

func (o *oracle) removeUserTag(name string) {
	if _, known := o.own[name]; !known {
		return
	}
	delete(o.own, name)
	for id := range o.images {
		o.setTag(id, name, 0)
	}
}

// setTag changes one tag of an image; 0 takes it off.
func (o *oracle) setTag(id sightline.ImageID, name string, p float64) {
	r := o.images[id]
	if r == nil {
		return
	}
	r.Tags = slices.DeleteFunc(slices.Clone(r.Tags), func(t sightline.Tag) bool { return t.Name == name })
	if p > 0 {
		r.Tags = append(r.Tags, sightline.Tag{Name: name, Probability: p})
	}
}

// userTags gives the user's tags by name.
func (o *oracle) userTags() []vectordb.UserTag {
	tags := []vectordb.UserTag{}
	for _, name := range slices.Sorted(maps.Keys(o.own)) {
		tags = append(tags, o.own[name])
	}
	return tags
}

func (o *oracle) addFiles(files map[sightline.ImageID][]sightline.File) {
	for _, id := range slices.Sorted(maps.Keys(files)) {
		if o.images[id] != nil {
			o.place(id, files[id])
		}
	}
	o.dropHomeless()
}

func (o *oracle) removeFiles(paths []string) {
	for _, p := range paths {
		delete(o.files, p)
		delete(o.bad, p)
	}
	o.dropHomeless()
}

func (o *oracle) putBad(bad []vectordb.BadFile) {
	for _, b := range bad {
		b.File.ModTime = b.File.ModTime.UTC()
		delete(o.files, b.File.Path)
		o.bad[b.File.Path] = b
	}
	o.dropHomeless()
}

// image gives an image as a store gives it.
func (o *oracle) image(id sightline.ImageID) *sightline.Image {
	img := o.images[id].Image
	img.Files = o.filesOf(id)
	return &img
}

func (o *oracle) probability(id sightline.ImageID, name string) float64 {
	for _, tag := range o.images[id].Tags {
		if tag.Name == name {
			return tag.Probability
		}
	}
	return 0
}

// matching lists the images under a filter by id.
func (o *oracle) matching(f sightline.Filter) []sightline.ImageID {
	ids := []sightline.ImageID{}
	for _, id := range slices.Sorted(maps.Keys(o.images)) {
		tag := func(name string) float64 { return o.probability(id, name) }
		if sightline.MatchFilter(f, o.image(id), tag) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (o *oracle) nearest(vector []float32, k int, f sightline.Filter) []vectordb.Scored {
	hits := []vectordb.Scored{}
	for _, id := range o.matching(f) {
		score := 0.0
		for i, x := range o.images[id].Features.Global {
			score += float64(x) * float64(vector[i])
		}
		hits = append(hits, vectordb.Scored{ID: id, Score: score})
	}
	return firstK(hits, max(k, 0))
}

func (o *oracle) byTag(name string, k int, f sightline.Filter) []vectordb.Scored {
	hits := []vectordb.Scored{}
	for _, id := range o.matching(f) {
		for _, tag := range o.images[id].Tags {
			if tag.Name == name {
				hits = append(hits, vectordb.Scored{ID: id, Score: tag.Probability})
			}
		}
	}
	if k <= 0 {
		k = len(hits)
	}
	return firstK(hits, k)
}

func firstK(hits []vectordb.Scored, k int) []vectordb.Scored {
	slices.SortFunc(hits, func(a, b vectordb.Scored) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	return hits[:min(k, len(hits))]
}

// byText gives all images that the text finds, by id.
func (o *oracle) byText(text string, f sightline.Filter) []sightline.ImageID {
	ids := []sightline.ImageID{}
	asked := vectordb.Words(text)
	for _, id := range o.matching(f) {
		img := o.image(id)
		words := vectordb.Words(img.Camera)
		for _, file := range img.Files {
			words = append(words, vectordb.Words(path.Base(file.Path))...)
		}
		begins := func(word string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, word) })
		}
		if len(asked) > 0 && !slices.ContainsFunc(asked, func(word string) bool { return !begins(word) }) {
			ids = append(ids, id)
		}
	}
	return ids
}

// listed gives the images under a filter in an order.
func (o *oracle) listed(f sightline.Filter, order vectordb.Order) []*sightline.Image {
	images := []*sightline.Image{}
	for _, id := range o.matching(f) {
		images = append(images, o.image(id))
	}
	slices.SortStableFunc(images, func(a, b *sightline.Image) int {
		switch order {
		case vectordb.Newest:
			return datedAt(b).Compare(datedAt(a))
		case vectordb.Oldest:
			return datedAt(a).Compare(datedAt(b))
		default:
			return 0
		}
	})
	return images
}

func datedAt(img *sightline.Image) time.Time {
	if img.TakenAt.IsZero() {
		return img.IndexedAt
	}
	return img.TakenAt
}

// filesBelow and badBelow list by path.
func (o *oracle) filesBelow(folder string) []vectordb.KnownFile { return below(o.files, folder) }
func (o *oracle) badBelow(folder string) []vectordb.BadFile     { return below(o.bad, folder) }

func below[T any](byPath map[string]T, folder string) []T {
	items := []T{}
	for _, p := range slices.Sorted(maps.Keys(byPath)) {
		if p == folder || strings.HasPrefix(p, strings.TrimSuffix(folder, "/")+"/") {
			items = append(items, byPath[p])
		}
	}
	return items
}

// tags gives an image's tags, the largest first; ties by name.
func (o *oracle) tags(id sightline.ImageID) []sightline.Tag {
	tags := slices.Clone(o.images[id].Tags)
	slices.SortFunc(tags, func(a, b sightline.Tag) int {
		return cmp.Or(cmp.Compare(b.Probability, a.Probability), cmp.Compare(a.Name, b.Name))
	})
	return tags
}
