package index

import (
	"context"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// Details is everything known of one indexed image.
type Details struct {
	Image sightline.Image
	Tags  []TagScore // over their thresholds, likeliest first
}

// Get gives one image; CodeNotFound when it is not indexed.
func (x *Index) Get(ctx context.Context, id sightline.ImageID) (*Details, error) {
	if !id.Valid() {
		return nil, invalid("id", "%q is not an image id: 64 hexadecimal digits", string(id))
	}
	images, err := x.store.Get(ctx, []sightline.ImageID{id})
	if err != nil {
		return nil, err
	}
	if len(images) == 0 {
		return nil, notIndexed(id)
	}
	details, err := x.details(ctx, images)
	if err != nil {
		return nil, err
	}
	return details[0], nil
}

func notIndexed(id sightline.ImageID) error {
	return sightline.Errorf(sightline.CodeNotFound, "image %s is not in the index", id).WithParam("id")
}

// List gives one page of images in the order of sort (relevance lists by id), and the cursor of the next one. A limit of
// 0 means 20; at most 1000.
func (x *Index) List(ctx context.Context, filter string, sort Sort, limit int, cursor string) ([]*Details, *string, error) {
	r := Request{Query: "list", Filter: filter, Sort: sort, Limit: limit, Cursor: cursor}
	if err := r.check(); err != nil {
		return nil, nil, err
	}
	words, err := x.vocabulary(ctx)
	if err != nil {
		return nil, nil, err
	}
	given, err := words.filter(filter)
	if err != nil {
		return nil, nil, err
	}
	list := mark("list", filter, r.Sort)
	offset, err := readCursor(cursor, list)
	if err != nil {
		return nil, nil, err
	}
	images, more, err := x.some(ctx, given, r.Sort, offset, r.Limit)
	if err != nil {
		return nil, nil, err
	}
	details, err := x.details(ctx, images)
	if err != nil || !more {
		return details, nil, err
	}
	next := makeCursor(offset+len(images), list)
	return details, &next, nil
}

// some gives up to limit images from the offset on, and whether there are more.
func (x *Index) some(ctx context.Context, filter sightline.Filter, sort Sort, offset, limit int) (images []*sightline.Image, more bool, err error) {
	order := map[Sort]vectordb.Order{Relevance: vectordb.ByID, Newest: vectordb.Newest, Oldest: vectordb.Oldest}[sort]
	n := 0
	for img, err := range x.store.Images(ctx, filter, order) {
		if err != nil {
			return nil, false, err
		}
		if n++; n <= offset {
			continue
		}
		if len(images) == limit {
			return images, true, nil
		}
		images = append(images, img)
	}
	return images, false, nil
}

func (x *Index) details(ctx context.Context, images []*sightline.Image) ([]*Details, error) {
	ids := make([]sightline.ImageID, len(images))
	for i, img := range images {
		ids[i] = img.ID
	}
	tags, err := x.store.Tags(ctx, ids)
	if err != nil {
		return nil, err
	}
	words, err := x.vocabulary(ctx)
	if err != nil {
		return nil, err
	}
	details := make([]*Details, len(images))
	for i, img := range images {
		details[i] = &Details{Image: *img, Tags: words.shown(tags[img.ID])}
	}
	return details, nil
}
