package qdrant

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"math"

	"github.com/maypok86/otter/v2"
	api "github.com/qdrant/go-client/qdrant"
	"golang.org/x/sync/errgroup"

	"github.com/sightline-search/sightline"
)

// featureCache keeps features in this process. A point of a patches collection never changes, so what is kept stays true.
// The least used gives way when the budget is spent.
type featureCache struct {
	entries *otter.Cache[string, sightline.Features]
}

// entryBytes is what an entry takes besides its numbers.
const entryBytes = 300

func newFeatureCache(budget int64) *featureCache {
	if budget <= 0 {
		return &featureCache{}
	}
	return &featureCache{otter.Must(&otter.Options[string, sightline.Features]{
		MaximumWeight: uint64(budget),
		Weigher: func(_ string, f sightline.Features) uint32 {
			return uint32(len(f.Patches) + 4*len(f.Global) + entryBytes)
		},
		Executor: func(evict func()) { evict() }, // at once: the budget holds when put returns
	})}
}

func (c *featureCache) get(point string) (sightline.Features, bool) {
	if c.entries == nil {
		return sightline.Features{}, false
	}
	return c.entries.GetIfPresent(point)
}

func (c *featureCache) put(point string, f sightline.Features) {
	if c.entries != nil {
		c.entries.Set(point, f)
	}
}

// How features are fetched: some calls at once, because both ends have more than one core.
const (
	patchesPerCall = 32
	callsAtOnce    = 3
)

// readFeatures gives features by the ids of their points, from this process as far as it has them.
func (s *Store) readFeatures(ctx context.Context, g string, points []string) (map[string]sightline.Features, error) {
	found := make(map[string]sightline.Features, len(points))
	var wanted []string
	for _, point := range points {
		if f, ok := s.cache.get(point); ok {
			found[point] = f
		} else {
			wanted = append(wanted, point)
		}
	}
	parts := chunks(wanted, patchesPerCall)
	answers := make([]map[string]sightline.Features, len(parts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(callsAtOnce)
	for i, part := range parts {
		group.Go(func() (err error) {
			answers[i], err = s.fetchFeatures(ctx, g, part)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, answer := range answers {
		for point, f := range answer {
			found[point] = f
			s.cache.put(point, f)
		}
	}
	return found, nil
}

func (s *Store) fetchFeatures(ctx context.Context, g string, points []string) (map[string]sightline.Features, error) {
	answer, err := s.get(ctx, s.patchesOf(g), pointIDs(points), api.NewWithPayloadInclude("data"), false)
	if err != nil {
		return nil, err
	}
	found := make(map[string]sightline.Features, len(answer))
	for _, p := range answer {
		f, err := unpackFeatures(p.GetPayload()["data"].GetStringValue())
		if err != nil {
			return nil, sightline.Errorf(sightline.CodeIndexCorrupt, "the features in point %s are damaged: %w", p.GetId().GetUuid(), err).
				WithHint("remove the image and index it again")
		}
		found[p.GetId().GetUuid()] = f
	}
	return found, nil
}

// packFeatures writes the length of the global vector, the vector in f32 and the patches, little-endian, in base64: a
// payload holds no bytes.
func packFeatures(f sightline.Features) string {
	data := make([]byte, 0, 4+4*len(f.Global)+len(f.Patches))
	data = binary.LittleEndian.AppendUint32(data, uint32(len(f.Global)))
	for _, x := range f.Global {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(append(data, f.Patches...))
}

// errTooShort says that packed features end before their global vector does.
var errTooShort = sightline.Errorf(sightline.CodeIndexCorrupt, "they end in the middle of the global vector")

func unpackFeatures(packed string) (sightline.Features, error) {
	data, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		return sightline.Features{}, err
	}
	if len(data) < 4 {
		return sightline.Features{}, errTooShort
	}
	n := binary.LittleEndian.Uint32(data)
	data = data[4:]
	if uint64(len(data)) < 4*uint64(n) {
		return sightline.Features{}, errTooShort
	}
	f := sightline.Features{Global: make([]float32, n), Patches: data[4*n:]}
	for i := range f.Global {
		f.Global[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return f, nil
}

// featurePoint is how features are stored, seen from a commit on.
func featurePoint(point, packed string, since int64) *api.PointStruct {
	return &api.PointStruct{
		Id: pointID(point), Vectors: api.NewVectorsMap(nil),
		Payload: map[string]*api.Value{"since": integer(since), "data": text(packed)},
	}
}
