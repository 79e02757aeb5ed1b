package qdrant

import (
	"context"
	"encoding/base64"

	"github.com/maypok86/otter/v2"
	api "github.com/qdrant/go-client/qdrant"
	"golang.org/x/sync/errgroup"

	"github.com/sightline-search/sightline"
)

// patchCache keeps patches in this process. A point of a patches collection never changes, so what is kept stays true.
// The least used gives way when the budget is spent.
type patchCache struct{ entries *otter.Cache[string, []byte] }

// entryBytes is what an entry takes besides its patches.
const entryBytes = 200

func newPatchCache(budget int64) *patchCache {
	if budget <= 0 {
		return &patchCache{}
	}
	return &patchCache{otter.Must(&otter.Options[string, []byte]{
		MaximumWeight: uint64(budget),
		Weigher:       func(_ string, data []byte) uint32 { return uint32(len(data) + entryBytes) },
		Executor:      func(evict func()) { evict() }, // at once: the budget holds when put returns
	})}
}

func (c *patchCache) get(point string) ([]byte, bool) {
	if c.entries == nil {
		return nil, false
	}
	return c.entries.GetIfPresent(point)
}

func (c *patchCache) put(point string, data []byte) {
	if c.entries != nil {
		c.entries.Set(point, data)
	}
}

// How patches are fetched: a call a hundred images, some calls at once, because both ends have more than one core.
const (
	patchesPerCall = 32
	callsAtOnce    = 3
)

// readPatches gives patches by the ids of their points, from this process as far as it has them.
func (s *Store) readPatches(ctx context.Context, g string, points []string) (map[string][]byte, error) {
	found := make(map[string][]byte, len(points))
	var wanted []string
	for _, point := range points {
		if data, ok := s.patches.get(point); ok {
			found[point] = data
		} else {
			wanted = append(wanted, point)
		}
	}
	parts := chunks(wanted, patchesPerCall)
	answers := make([]map[string][]byte, len(parts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(callsAtOnce)
	for i, part := range parts {
		group.Go(func() (err error) {
			answers[i], err = s.fetchPatches(ctx, g, part)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, answer := range answers {
		for point, data := range answer {
			found[point] = data
			s.patches.put(point, data)
		}
	}
	return found, nil
}

func (s *Store) fetchPatches(ctx context.Context, g string, points []string) (map[string][]byte, error) {
	answer, err := s.get(ctx, s.patchesOf(g), pointIDs(points), api.NewWithPayloadInclude("data"), false)
	if err != nil {
		return nil, err
	}
	found := make(map[string][]byte, len(answer))
	for _, p := range answer {
		data, err := base64.StdEncoding.DecodeString(p.GetPayload()["data"].GetStringValue())
		if err != nil {
			return nil, sightline.Errorf(sightline.CodeIndexCorrupt, "the patches in point %s are damaged: %w", p.GetId().GetUuid(), err).
				WithHint("remove the image and index it again")
		}
		found[p.GetId().GetUuid()] = data
	}
	return found, nil
}

// patchPoint is how patches are stored, seen from a commit on.
func patchPoint(point string, data []byte, since int64) *api.PointStruct {
	return &api.PointStruct{
		Id: pointID(point), Vectors: api.NewVectorsMap(nil),
		Payload: map[string]*api.Value{"since": integer(since), "data": text(base64.StdEncoding.EncodeToString(data))},
	}
}
