package qdrant

import (
	"context"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// Sizes of calls. The server takes any, but holds a whole call in memory.
const (
	upsertBytes = 8 << 20
	pageSize    = 1000 // points of a list, without vectors and patches
	idsPerCall  = 1000
)

// get gives points by id, in no order.
func (s *Store) get(ctx context.Context, collection string, ids []*api.PointId, payload *api.WithPayloadSelector, vectors bool) ([]*api.RetrievedPoint, error) {
	var all []*api.RetrievedPoint
	for _, part := range chunks(ids, idsPerCall) {
		points, err := ask(ctx, s.server, readLimit, func(ctx context.Context) ([]*api.RetrievedPoint, error) {
			return s.server.client.Get(ctx, &api.GetPoints{CollectionName: collection, Ids: part, WithPayload: payload, WithVectors: api.NewWithVectors(vectors)})
		})
		if err != nil {
			return nil, err
		}
		all = append(all, points...)
	}
	return all, nil
}

// scroll is one page of points; the next page begins at next, nil at the end.
func (s *Store) scroll(ctx context.Context, request *api.ScrollPoints) (points []*api.RetrievedPoint, next *api.PointId, err error) {
	type page struct {
		points []*api.RetrievedPoint
		next   *api.PointId
	}
	p, err := ask(ctx, s.server, readLimit, func(ctx context.Context) (p page, err error) {
		p.points, p.next, err = s.server.client.ScrollAndOffset(ctx, request)
		return p, err
	})
	return p.points, p.next, err
}

// eachPage gives all points under a filter, page by page, in the order of point ids.
func (s *Store) eachPage(ctx context.Context, request *api.ScrollPoints, page func([]*api.RetrievedPoint) error) error {
	if request.Limit == nil {
		request.Limit = new(uint32(pageSize))
	}
	for {
		points, next, err := s.scroll(ctx, request)
		if err != nil {
			return err
		}
		if err := page(points); err != nil || next == nil {
			return err
		}
		request.Offset = next
	}
}

// upsert writes points, as many a call as fit.
func (s *Store) upsert(ctx context.Context, collection string, points []*api.PointStruct) error {
	for _, part := range bySize(points, upsertBytes) {
		_, err := ask(ctx, s.server, writeLimit, func(ctx context.Context) (*api.UpdateResult, error) {
			return s.server.client.Upsert(ctx, &api.UpsertPoints{CollectionName: collection, Wait: new(true), Points: part})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// setPayload merges fields into points.
func (s *Store) setPayload(ctx context.Context, collection string, ids []string, payload map[string]*api.Value) error {
	for _, part := range chunks(ids, idsPerCall) {
		_, err := ask(ctx, s.server, writeLimit, func(ctx context.Context) (*api.UpdateResult, error) {
			return s.server.client.SetPayload(ctx, &api.SetPayloadPoints{
				CollectionName: collection, Wait: new(true), Payload: payload, PointsSelector: api.NewPointsSelectorIDs(pointIDs(part)),
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// deletePoints deletes what is selected. A collection that is not there has nothing to delete.
func (s *Store) deletePoints(ctx context.Context, collection string, which *api.PointsSelector) error {
	_, err := ask(ctx, s.server, writeLimit, func(ctx context.Context) (*api.UpdateResult, error) {
		return s.server.client.Delete(ctx, &api.DeletePoints{CollectionName: collection, Wait: new(true), Points: which})
	})
	if missing(err) {
		return nil
	}
	return err
}

// clearUntil lets versions live on that a commit which never was would have ended.
func (s *Store) clearUntil(ctx context.Context, collection string, filter *api.Filter) error {
	_, err := ask(ctx, s.server, writeLimit, func(ctx context.Context) (*api.UpdateResult, error) {
		return s.server.client.DeletePayload(ctx, &api.DeletePayloadPoints{
			CollectionName: collection, Wait: new(true), Keys: []string{"until"}, PointsSelector: api.NewPointsSelectorFilter(filter),
		})
	})
	if missing(err) {
		return nil
	}
	return err
}

// count counts exactly.
func (s *Store) count(ctx context.Context, collection string, filter *api.Filter) (int, error) {
	n, err := ask(ctx, s.server, readLimit, func(ctx context.Context) (uint64, error) {
		return s.server.client.Count(ctx, &api.CountPoints{CollectionName: collection, Filter: filter, Exact: new(true)})
	})
	if missing(err) {
		return 0, nil
	}
	return int(n), err
}

// and joins filters: a point passes if it passes all of them. A nil filter lets all points pass.
func and(filters ...*api.Filter) *api.Filter {
	joined := &api.Filter{}
	for _, f := range filters {
		if f == nil {
			continue
		}
		joined.Must = append(joined.Must, f.GetMust()...)
		joined.MustNot = append(joined.MustNot, f.GetMustNot()...)
		if len(f.GetShould()) > 0 {
			joined.Must = append(joined.Must, api.NewFilterAsCondition(&api.Filter{Should: f.GetShould()}))
		}
	}
	return joined
}

func must(conditions ...*api.Condition) *api.Filter { return &api.Filter{Must: conditions} }

// chunks cuts a list into pieces of at most n.
func chunks[T any](items []T, n int) [][]T {
	var parts [][]T
	for len(items) > n {
		parts, items = append(parts, items[:n]), items[n:]
	}
	if len(items) > 0 {
		parts = append(parts, items)
	}
	return parts
}

// bySize cuts points into pieces of about that many bytes; a larger point stands alone.
func bySize(points []*api.PointStruct, most int) [][]*api.PointStruct {
	var parts [][]*api.PointStruct
	start, size := 0, 0
	for i, p := range points {
		n := proto.Size(p)
		if i > start && size+n > most {
			parts = append(parts, points[start:i])
			start, size = i, 0
		}
		size += n
	}
	if start < len(points) {
		parts = append(parts, points[start:])
	}
	return parts
}
