package qdrant

import (
	"context"

	"github.com/maypok86/otter/v2"
	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
)

// pointPlace is what a point of a search collection says of an image for as long as it exists: which one it is, and where
// its features lie.
type pointPlace struct {
	id      sightline.ImageID
	patches string // "" where it had no features when it was read
}

// placeCache remembers them, because the server reads and parses a whole payload for each.
type placeCache struct {
	entries *otter.Cache[string, pointPlace]
}

// rememberedPlaces is how many: some 250 bytes each.
const rememberedPlaces = 200_000

func newPlaceCache() *placeCache {
	return &placeCache{otter.Must(&otter.Options[string, pointPlace]{MaximumSize: rememberedPlaces})}
}

// places tells what points say, reading only those that are not known. A point without features is read again: it may
// get some.
func (s *Store) places(ctx context.Context, g string, points []string, features bool) (map[string]pointPlace, error) {
	known := make(map[string]pointPlace, len(points))
	var unknown []*api.PointId
	for _, point := range points {
		if p, ok := s.known.entries.GetIfPresent(point); ok && (p.patches != "" || !features) {
			known[point] = p
		} else {
			unknown = append(unknown, pointID(point))
		}
	}
	read, err := s.get(ctx, s.search(g), unknown, include([]string{"id", "patches"}), false)
	if err != nil {
		return nil, err
	}
	for _, p := range read {
		place := pointPlace{sightline.ImageID(p.GetPayload()["id"].GetStringValue()), p.GetPayload()["patches"].GetStringValue()}
		known[p.GetId().GetUuid()] = place
		s.known.entries.Set(p.GetId().GetUuid(), place)
	}
	return known, nil
}
