package qdrant

import (
	"cmp"
	"context"
	"slices"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
)

// listing gives the images of the serving generation in the order of a field, ties by id, page by page. Each page is of
// one commit. The server orders by the field only, and goes on after a value only: what ties with the end of a page is
// asked for on its own.
type listing struct {
	s       *Store
	doing   string
	filter  sightline.Filter
	field   string
	falling bool
	after   sightline.ImageID // by rank: images after it only

	last  *float64 // the value up to which everything was given
	view  *view    // that where was compiled for
	where *api.Filter
}

// ordered is an image with its place in the order.
type ordered struct {
	value int64
	image *sightline.Image
}

func (l *listing) run(ctx context.Context, yield func(*sightline.Image) bool) error {
	for done := false; !done; {
		var page []ordered
		err := l.s.read(ctx, l.doing, func(v *view) (err error) {
			page, done, err = l.page(ctx, v)
			return err
		})
		if err != nil {
			return err
		}
		for _, item := range page {
			if !yield(item.image) {
				return nil
			}
		}
	}
	return nil
}

// page gives the next images; done says that they are the last.
func (l *listing) page(ctx context.Context, v *view) (page []ordered, done bool, err error) {
	none, err := l.compile(ctx, v)
	if err != nil || none {
		return nil, true, err
	}
	direction := api.Direction_Asc
	if l.falling {
		direction = api.Direction_Desc
	}
	points, _, err := l.s.scroll(ctx, &api.ScrollPoints{
		CollectionName: l.s.search(v.serving), Filter: and(l.where, l.rest()), WithPayload: include(append([]string{l.field}, imageFields...)),
		OrderBy: &api.OrderBy{Key: l.field, Direction: direction.Enum()}, Limit: new(uint32(pageSize)),
	})
	if err != nil {
		return nil, false, err
	}
	if page, err = l.read(points); err != nil || len(points) < pageSize {
		return l.sorted(page), true, err
	}
	end := page[len(page)-1].value
	page = slices.DeleteFunc(page, func(o ordered) bool { return o.value == end })
	ties, err := l.ties(ctx, v, end)
	l.last = new(float64(end))
	return l.sorted(append(page, ties...)), false, err
}

// compile keeps the compiled filter while nothing is committed.
func (l *listing) compile(ctx context.Context, v *view) (none bool, err error) {
	if l.view != nil && l.view.commit == v.commit && l.view.serving == v.serving {
		return false, nil
	}
	l.where, none, err = v.facts(ctx, l.filter)
	l.view = v
	return none, err
}

// rest is the condition of what has not been given yet.
func (l *listing) rest() *api.Filter {
	switch {
	case l.last != nil && l.falling:
		return must(api.NewRange(l.field, &api.Range{Lt: l.last}))
	case l.last != nil:
		return must(api.NewRange(l.field, &api.Range{Gt: l.last}))
	case l.after != "":
		return must(api.NewRange(l.field, &api.Range{Gte: new(float64(rankOf(l.after)))}))
	default:
		return nil
	}
}

// ties gives all images with one value.
func (l *listing) ties(ctx context.Context, v *view, value int64) (all []ordered, err error) {
	err = l.s.eachPage(ctx, &api.ScrollPoints{
		CollectionName: l.s.search(v.serving), Filter: and(l.where, must(api.NewMatchInt(l.field, value))),
		WithPayload: include(append([]string{l.field}, imageFields...)),
	}, func(points []*api.RetrievedPoint) error {
		page, err := l.read(points)
		all = append(all, page...)
		return err
	})
	return all, err
}

func (l *listing) read(points []*api.RetrievedPoint) ([]ordered, error) {
	page := make([]ordered, 0, len(points))
	for _, p := range points {
		img, err := imageOf(p.GetPayload())
		if err != nil {
			return nil, err
		}
		page = append(page, ordered{p.GetPayload()[l.field].GetIntegerValue(), img})
	}
	return page, nil
}

func (l *listing) sorted(page []ordered) []ordered {
	page = slices.DeleteFunc(page, func(o ordered) bool { return o.image.ID <= l.after })
	slices.SortFunc(page, func(a, b ordered) int {
		values := cmp.Compare(a.value, b.value)
		if l.falling {
			values = -values
		}
		return cmp.Or(values, cmp.Compare(a.image.ID, b.image.ID))
	})
	return page
}
