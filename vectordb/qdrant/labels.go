package qdrant

import (
	"context"
	"hash/fnv"
	"sync"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
)

// labels knows the numbers of labels' names. A name takes the number that a hash gives it, or the first free one after
// it; a number keeps its name for good. The points of the meta collection with these numbers as ids are the table: a
// point that is inserted only where there is none makes sure of that, whoever writes at the same time.
type labels struct {
	mu      sync.Mutex
	names   map[uint32]string
	numbers map[string]uint32
}

// firstNumber is where the search for a name's number begins.
func firstNumber(name string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // a hash takes everything
	return h.Sum32()
}

func (l *labels) remember(number uint32, name string) {
	if l.names == nil {
		l.names, l.numbers = map[uint32]string{}, map[string]uint32{}
	}
	l.names[number], l.numbers[name] = name, number
}

// number finds the number of a label.
func (s *Store) number(ctx context.Context, name string) (number uint32, known bool, err error) {
	s.labels.mu.Lock()
	defer s.labels.mu.Unlock()
	if number, known = s.labels.numbers[name]; known {
		return number, true, nil
	}
	for number = firstNumber(name); ; number++ {
		if err := s.readNames(ctx, []uint32{number}); err != nil {
			return 0, false, err
		}
		switch found, taken := s.labels.names[number]; {
		case !taken:
			return 0, false, nil
		case found == name:
			return number, true, nil
		}
	}
}

// readNames learns the names of numbers.
func (s *Store) readNames(ctx context.Context, numbers []uint32) error {
	var ids []*api.PointId
	for _, number := range numbers {
		if _, known := s.labels.names[number]; !known {
			ids = append(ids, api.NewIDNum(uint64(number)))
		}
	}
	points, err := s.get(ctx, s.meta(), ids, api.NewWithPayload(true), false)
	if missing(err) {
		return nil
	}
	if err != nil {
		return s.server.explain(err, "read the names of labels")
	}
	for _, p := range points {
		s.labels.remember(uint32(p.GetId().GetNum()), decodeText(p.GetPayload()["name"].GetStringValue()))
	}
	return nil
}

// takeNumbers gives names their numbers, for all of them at once.
func (s *Store) takeNumbers(ctx context.Context, names map[string]bool) (map[string]uint32, error) {
	s.labels.mu.Lock()
	defer s.labels.mu.Unlock()
	taken := make(map[string]uint32, len(names))
	tries := map[string]uint32{}
	for name := range names {
		if number, known := s.labels.numbers[name]; known {
			taken[name] = number
		} else {
			tries[name] = firstNumber(name)
		}
	}
	for len(tries) > 0 {
		if err := s.offerNames(ctx, tries); err != nil {
			return nil, err
		}
		for name, number := range tries {
			if s.labels.names[number] == name {
				taken[name] = number
				delete(tries, name)
			} else {
				tries[name]++
			}
		}
	}
	return taken, nil
}

// offerNames writes names where a number is free, and learns whose the numbers are.
func (s *Store) offerNames(ctx context.Context, tries map[string]uint32) error {
	points := make([]*api.PointStruct, 0, len(tries))
	numbers := make([]uint32, 0, len(tries))
	offered := map[uint32]bool{} // a call must not name one point twice
	for name, number := range tries {
		numbers = append(numbers, number)
		if offered[number] || s.labels.names[number] != "" {
			continue
		}
		offered[number] = true
		points = append(points, &api.PointStruct{
			Id: api.NewIDNum(uint64(number)), Vectors: api.NewVectorsMap(nil),
			Payload: map[string]*api.Value{"kind": text("label"), "name": text(encodeText(name))},
		})
	}
	if len(points) > 0 {
		_, err := ask(ctx, s.server, writeLimit, func(ctx context.Context) (*api.UpdateResult, error) {
			return s.server.client.Upsert(ctx, &api.UpsertPoints{
				CollectionName: s.meta(), Wait: new(true), UpdateFilter: never(), Ordering: strongly(), Points: points,
			})
		})
		if err != nil {
			return s.server.explain(err, "store the names of labels")
		}
	}
	return s.readNames(ctx, numbers)
}

// nameTags gives the names of stored probabilities.
func (s *Store) nameTags(ctx context.Context, weights []weight) ([]sightline.Tag, error) {
	s.labels.mu.Lock()
	defer s.labels.mu.Unlock()
	numbers := make([]uint32, len(weights))
	for i, w := range weights {
		numbers[i] = w.label
	}
	if err := s.readNames(ctx, numbers); err != nil {
		return nil, err
	}
	tags := make([]sightline.Tag, len(weights))
	for i, w := range weights {
		tags[i] = sightline.Tag{Name: s.labels.names[w.label], Probability: float64(w.probability)}
	}
	return tags, nil
}
