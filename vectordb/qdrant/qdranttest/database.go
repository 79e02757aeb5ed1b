package qdranttest

import (
	"maps"
	"runtime"
	"slices"
	"sync"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// database is what a server stores. Changes of points are made one after another, but not at one moment: as on a server,
// readers see them point by point.
type database struct {
	changing    sync.Mutex   // held by a change of points from its beginning to its end
	mu          sync.RWMutex // guards the rest
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

// read runs a call on a collection, named by itself or by an alias.
func read[R any](d *database, name string, call func(*collection) (R, error)) (R, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	c, err := d.find(name)
	if err != nil {
		var none R
		return none, err
	}
	return call(c)
}

// change runs a call that changes points of a collection.
func (d *database) change(name string, call func(*collection) error) error {
	d.changing.Lock()
	defer d.changing.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	c, err := d.find(name)
	if err != nil {
		return err
	}
	return call(c)
}

// betweenPoints lets readers in while a change goes on.
func (d *database) betweenPoints() {
	d.mu.Unlock()
	runtime.Gosched()
	d.mu.Lock()
}

// collection is one collection. Points are never changed but replaced: answers that are still being sent keep theirs.
type collection struct {
	of      *database
	config  *qdrant.CreateCollection
	dense   map[string]*qdrant.VectorParams
	sparse  map[string]*qdrant.SparseVectorParams
	indexes map[string]qdrant.FieldType
	points  map[pointID]*point
	copies  []*qdrant.SnapshotDescription
	afar    []*qdrant.RemoteShardInfo
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

// put stores points one by one, and remove deletes them so.
func (c *collection) put(list ...*point) {
	for _, p := range list {
		c.points[p.id] = p
		c.of.betweenPoints()
	}
}

func (c *collection) remove(list ...*point) {
	for _, p := range list {
		delete(c.points, p.id)
		c.of.betweenPoints()
	}
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
