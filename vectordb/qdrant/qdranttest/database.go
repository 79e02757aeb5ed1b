package qdranttest

import (
	"maps"
	"slices"
	"sync"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// database is what a server stores. One lock guards all of it: every call sees the whole of every other call or nothing.
type database struct {
	mu          sync.RWMutex
	collections map[string]*collection
	aliases     map[string]string // to the collection's name
}

func newDatabase() *database {
	return &database{collections: map[string]*collection{}, aliases: map[string]string{}}
}

func (d *database) erase() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.collections, d.aliases = map[string]*collection{}, map[string]string{}
}

// find gives the collection of this name or alias. The caller holds the lock.
func (d *database) find(name string) (*collection, error) {
	if to, ok := d.aliases[name]; ok {
		name = to
	}
	if c := d.collections[name]; c != nil {
		return c, nil
	}
	return nil, notFound("Not found: Collection `%s` doesn't exist!", name)
}

// read and write run a call on a collection, named by itself or by an alias.
func read[R any](d *database, name string, call func(*collection) (R, error)) (R, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return in(d, name, call)
}

func write[R any](d *database, name string, call func(*collection) (R, error)) (R, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return in(d, name, call)
}

func in[R any](d *database, name string, call func(*collection) (R, error)) (R, error) {
	c, err := d.find(name)
	if err != nil {
		var none R
		return none, err
	}
	return call(c)
}

// collection is one collection. Points are never changed but replaced: answers that are still being sent keep theirs.
type collection struct {
	config  *qdrant.CreateCollection
	dense   map[string]*qdrant.VectorParams
	sparse  map[string]*qdrant.SparseVectorParams
	indexes map[string]qdrant.FieldType
	points  map[pointID]*point
}

type point struct {
	id      pointID
	payload map[string]*qdrant.Value
	vectors map[string]*qdrant.VectorOutput
}

// under gives the points under the filter, by id.
func (c *collection) under(filter *qdrant.Filter) ([]*point, error) {
	holds, err := compile(filter)
	if err != nil {
		return nil, err
	}
	var found []*point
	for _, id := range slices.SortedFunc(maps.Keys(c.points), pointID.compare) {
		if p := c.points[id]; holds(p) {
			found = append(found, p)
		}
	}
	return found, nil
}

func wrongInput(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, "Wrong input: "+format, args...)
}

func invalid(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, format, args...)
}

func notFound(format string, args ...any) error {
	return status.Errorf(codes.NotFound, format, args...)
}

func unimplemented(what string) error {
	return status.Error(codes.Unimplemented, "qdranttest does not know "+what)
}
