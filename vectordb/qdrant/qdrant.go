// Package qdrant is the store for more images than one machine holds: Qdrant keeps everything, any number of processes
// read it, one writes. Nearest is approximate over large collections (docs/qdrant.md says where, and how good). It must
// not know models or queries.
package qdrant

import (
	"context"
	"crypto/x509"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sightline-search/sightline/vectordb"
)

// Mode says what a store is opened for.
type Mode = vectordb.Mode

// The modes. A handle that is opened for reading may still fill a generation (Build): that needs no lease.
const (
	ReadOnly  = vectordb.ReadOnly
	ReadWrite = vectordb.ReadWrite
)

// Options says which index is opened and how.
type Options struct {
	Target     Target
	APIKey     string
	Mode       Mode
	CacheBytes int64          // of features in this process; 0 keeps none
	Roots      *x509.CertPool // authorities that sign the server's certificate; nil is the system's
	Warn       func(s string) // told what a person should know and what stops nothing; nil is nobody

	times leaseTimes // zero is usualTimes
	steps []step     // nil is steps
}

// Store is one index in a Qdrant server.
type Store struct {
	target Target
	server *server
	labels labels
	cache  *featureCache
	known  *placeCache
	lease  *lease // nil in ReadOnly mode
	times  leaseTimes
	steps  []step // of the layout
	older  bool   // an older or half changed layout is being looked at or brought up to date
	pinned atomic.Pointer[vectordb.Model]
	ready  sync.Map // names of collections that are known to have all their indexes

	writing sync.Mutex // one change at a time
	dirty   bool       // an earlier change did not reach its end, or it is not known what an earlier writer left
	history []flip     // commits of the last seconds, whose old versions are still needed
	aliased bool       // the aliases are known to name the serving generation

	calls vectordb.Calls
}

// Open connects to the server. It fails when the server cannot be reached or is of a version that does not fit, and in
// ReadWrite mode when another process writes. A place where nothing is stored yet is an empty store.
func Open(ctx context.Context, o Options) (*Store, error) {
	s, err := newStore(ctx, o)
	if err != nil {
		return nil, err
	}
	s.older = o.Mode == ReadWrite
	if _, err := s.layout().Read(ctx, s.recorded()); err != nil { // the first call that needs the key
		return nil, errors.Join(s.server.explain(err, "connect"), s.Close()) //nolint:contextcheck // closes also when the context is over
	}
	if o.Mode == ReadWrite {
		s.server.patience = writerPatience
		if err := s.openWriter(ctx); err != nil {
			return nil, errors.Join(err, s.Close()) //nolint:contextcheck // closes also when the context is over
		}
	}
	return s, nil
}

func newStore(ctx context.Context, o Options) (*Store, error) {
	connection, err := connect(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &Store{target: o.Target, server: connection, cache: newFeatureCache(o.CacheBytes), known: newPlaceCache(), dirty: true, times: o.times, steps: o.steps}
	if s.times == (leaseTimes{}) {
		s.times = usualTimes
	}
	if s.steps == nil {
		s.steps = steps
	}
	return s, nil
}

// openWriter makes the collection of everything that is not features, takes the writer's lease and brings the layout up
// to date.
func (s *Store) openWriter(ctx context.Context) (err error) {
	if err := s.createMeta(ctx); err != nil {
		return err
	}
	if s.lease, err = takeLease(ctx, s); err != nil {
		return err
	}
	if err = s.finish(ctx); err == nil {
		err = s.layout().UpUnasked(ctx, s.recorded())
	}
	s.older = false
	return s.server.explain(err, "bring the layout up to date")
}

// enter counts a call in; leave must follow. It fails once the store is closed.
func (s *Store) enter(ctx context.Context) (leave func(), err error) {
	return s.calls.Enter(ctx, s.target.String())
}

// Close waits for running calls and gives the writer's lease back.
func (s *Store) Close() error {
	if !s.calls.Close() {
		return nil
	}
	var err error
	if s.lease != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closePatience)
		defer cancel()
		err = s.lease.release(ctx)
	}
	return errors.Join(err, s.server.client.Close())
}

// closePatience is how long Close waits for a server that does not answer: its lease ends by itself.
const closePatience = 2 * time.Second
