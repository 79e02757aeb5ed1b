package qdranttest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http/httptest"
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sightline-search/sightline/vectordb/qdrant/qdranttest"
)

func TestTheKeyIsAskedOfEverythingButHealthChecks(t *testing.T) {
	s := qdranttest.Start(t, qdranttest.Options{APIKey: "secret", Version: "1.15.0"})
	for key, want := range map[string]codes.Code{"": codes.Unauthenticated, "wrong": codes.Unauthenticated, "secret": codes.OK} {
		client := connect(t, s.Address(), qdrant.Config{APIKey: key})
		_, err := client.ListCollections(t.Context())
		assert.Equal(t, want, status.Code(err), "key %q: %v", key, err)
		health, err := client.HealthCheck(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "1.15.0", health.GetVersion())
	}
}

func TestTLS(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate, which names 127.0.0.1
	defer web.Close()
	s := qdranttest.Start(t, qdranttest.Options{TLS: &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS13}})
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	trusting := connect(t, s.Address(), qdrant.Config{UseTLS: true, TLSConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}})
	_, err := trusting.ListCollections(t.Context())
	require.NoError(t, err)
	s.Inject(qdranttest.Fault{Times: 1, Drop: true})
	_, err = trusting.ListCollections(t.Context())
	refused(t, codes.Unavailable, err, "an encrypted connection can be cut, too")
	for what, config := range map[string]qdrant.Config{"no TLS": {}, "no trust": {UseTLS: true}} {
		_, err := connect(t, s.Address(), config).ListCollections(t.Context())
		refused(t, codes.Unavailable, err, what)
	}
}

func TestWhatIsNotServedIsUnimplemented(t *testing.T) {
	s := qdranttest.Start(t, qdranttest.Options{})
	w := &wire{Client: connect(t, s.Address(), qdrant.Config{}), t: t}
	name := w.collection()
	w.put(name, point(1, map[string]any{"a": "b"}))
	for what, call := range map[string]func() error{
		"a call": func() error { return w.RenameAlias(t.Context(), "a", "b") },
		"a field": func() error {
			_, err := w.Count(t.Context(), &qdrant.CountPoints{CollectionName: name, Timeout: new(uint64(3))})
			return err
		},
		"a field deep inside": func() error {
			_, err := w.Count(t.Context(), &qdrant.CountPoints{CollectionName: name, Filter: mustNot(qdrant.NewMatchPhrase("a", "b"))})
			return err
		},
		"a distance": func() error {
			config := qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{"a": {Size: 3, Distance: qdrant.Distance_Cosine}})
			return w.CreateCollection(t.Context(), &qdrant.CreateCollection{CollectionName: w.fresh(), VectorsConfig: config})
		},
		"a path into a payload": func() error {
			_, err := w.Count(t.Context(), &qdrant.CountPoints{CollectionName: name, Filter: must(qdrant.NewMatch("a[].b", "c"))})
			return err
		},
		"no wait": func() error {
			_, err := w.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: name, Points: []*qdrant.PointStruct{point(2, nil)}})
			return err
		},
		"a condition without content": func() error {
			_, err := w.Count(t.Context(), &qdrant.CountPoints{CollectionName: name, Filter: must(&qdrant.Condition{})})
			return err
		},
	} {
		refused(t, codes.Unimplemented, call(), what)
	}
}

// patient makes a client that waits for a server that is away instead of failing.
func patient(t *testing.T, s *qdranttest.Server) *wire {
	t.Helper()
	client := connect(t, s.Address(), qdrant.Config{GrpcOptions: []grpc.DialOption{grpc.WithDefaultCallOptions(grpc.WaitForReady(true))}})
	return &wire{Client: client, t: t}
}

func TestDataOutlivesAStop(t *testing.T) {
	s := qdranttest.Start(t, qdranttest.Options{})
	w := &wire{Client: connect(t, s.Address(), qdrant.Config{}), t: t}
	name := w.collection()
	w.put(name, point(1, nil))
	address := s.Address()
	s.Stop()
	_, err := w.Count(t.Context(), &qdrant.CountPoints{CollectionName: name})
	refused(t, codes.Unavailable, err)

	s.Restart()
	assert.Equal(t, address, s.Address())
	again := patient(t, s)
	assert.Equal(t, []string{"1"}, again.under(name, nil))
	s.Erase()
	_, err = again.Count(t.Context(), &qdrant.CountPoints{CollectionName: name})
	refused(t, codes.NotFound, err)
}

func TestFaultsHitTheCallsThatTheyName(t *testing.T) {
	s := qdranttest.Start(t, qdranttest.Options{})
	w := &wire{Client: connect(t, s.Address(), qdrant.Config{}), t: t}
	name := w.collection()
	upsert := func(n uint64) error {
		_, err := w.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: name, Points: []*qdrant.PointStruct{point(n, nil)}, Wait: new(true)})
		return err
	}
	s.Inject(qdranttest.Fault{Method: "Upsert", Skip: 1, Times: 2, Err: qdranttest.FullDisk()})
	require.NoError(t, upsert(1))
	for range 2 {
		err := upsert(2)
		refused(t, codes.Internal, err)
		assert.ErrorContains(t, err, "No space left on device")
	}
	require.NoError(t, upsert(3))
	assert.Equal(t, 4, s.Calls("Upsert"))
	assert.Equal(t, []string{"1", "3"}, w.under(name, nil))

	s.Inject(qdranttest.Fault{Err: qdranttest.TooMany(7)})
	_, err := w.ListCollections(t.Context())
	var limited *qdrant.QdrantResourceExhaustedError
	require.ErrorAs(t, err, &limited, "with the seconds to wait")
	assert.Equal(t, 7, limited.RetryAfterS)
	s.Heal()
	require.NoError(t, upsert(4))
}

func TestACutConnectionTellsNothing(t *testing.T) {
	s := qdranttest.Start(t, qdranttest.Options{})
	w := patient(t, s)
	name := w.collection()
	for n, applied := range []bool{false, true} {
		s.Inject(qdranttest.Fault{Method: "Upsert", Times: 1, Applied: applied, Drop: true})
		_, err := w.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: name, Points: []*qdrant.PointStruct{point(uint64(n), nil)}, Wait: new(true)})
		refused(t, codes.Unavailable, err)
	}
	assert.Equal(t, []string{"1"}, w.under(name, nil), "the second one was stored")
}

func TestAHeldCallWaits(t *testing.T) {
	s := qdranttest.Start(t, qdranttest.Options{})
	w := &wire{Client: connect(t, s.Address(), qdrant.Config{}), t: t}
	name := w.collection()
	here, release := make(chan struct{}), make(chan struct{})
	s.Inject(qdranttest.Fault{Method: "Upsert", Times: 1, Do: func() { close(here); <-release }})
	answer := make(chan error)
	go func() {
		_, err := w.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: name, Points: []*qdrant.PointStruct{point(1, nil)}, Wait: new(true)})
		answer <- err
	}()
	<-here
	assert.Empty(t, w.under(name, nil), "other calls go on")
	close(release)
	require.NoError(t, <-answer)
	assert.Equal(t, []string{"1"}, w.under(name, nil))

	ctx, cancel := context.WithCancel(t.Context())
	s.Inject(qdranttest.Fault{Method: "Upsert", Do: cancel, Hang: true})
	_, err := w.Upsert(ctx, &qdrant.UpsertPoints{CollectionName: name, Points: []*qdrant.PointStruct{point(2, nil)}, Wait: new(true)})
	refused(t, codes.Canceled, err)
	assert.Equal(t, []string{"1"}, w.under(name, nil), "a client that has gone gets nothing done")
	assert.Equal(t, 2, s.Calls("Upsert"))
}

func TestStoppedInACall(t *testing.T) {
	s := qdranttest.Start(t, qdranttest.Options{})
	w := patient(t, s)
	name := w.collection()
	s.Inject(qdranttest.Fault{Method: "Upsert", Times: 1, Applied: true, Do: s.Stop})
	_, err := w.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: name, Points: []*qdrant.PointStruct{point(1, nil)}, Wait: new(true)})
	refused(t, codes.Unavailable, err)
	s.Restart()
	assert.Equal(t, []string{"1"}, w.under(name, nil))
}
