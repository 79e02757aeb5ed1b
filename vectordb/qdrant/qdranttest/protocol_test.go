package qdranttest_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sightline-search/sightline/vectordb/qdrant/qdranttest"
)

// realServer names a Qdrant, as host:port of its gRPC. It gets collections of its own, which are deleted again.
const realServer = "SIGHTLINE_TEST_QDRANT"

// TestProtocol asks the stand-in what the driver asks a server, and a real server the same where one is named. The name of
// a subtest says whether that ran.
func TestProtocol(t *testing.T) {
	t.Run("stand-in", func(t *testing.T) { protocol(t, qdranttest.Start(t, qdranttest.Options{}).Address()) })
	address := os.Getenv(realServer)
	if address == "" {
		t.Run("ran against a real Qdrant: no, set "+realServer+" to host:port", func(t *testing.T) {
			t.Log("that the stand-in answers as a server does was not looked at")
		})
		return
	}
	t.Run("ran against a real Qdrant: yes", func(t *testing.T) { protocol(t, address) })
}

func protocol(t *testing.T, address string) {
	t.Helper()
	client := connect(t, address, qdrant.Config{})
	for _, test := range []struct {
		name string
		run  func(*testing.T, *wire)
	}{
		{"collections come and go", collectionsComeAndGo},
		{"what is missing is not found", missingIsNotFound},
		{"aliases", aliases},
		{"aliases switch together", aliasesSwitchTogether},
		{"a collection without vectors", withoutVectors},
		{"ids", ids},
		{"everything comes back", everythingComesBack},
		{"parts of points", partsOfPoints},
		{"vectors that are refused", refusedVectors},
		{"upserts replace", upsertsReplace},
		{"upserts under a condition", conditionalUpserts},
		{"payload changes", payloadChanges},
		{"vector changes", vectorChanges},
		{"deletes", deletes},
		{"filters", filters},
		{"filters that are refused", refusedFilters},
		{"depth", depth},
		{"pages", pages},
		{"orders", orders},
		{"nearest", nearest},
		{"nearest sparse", nearestSparse},
		{"facets", facets},
		{"snapshots", snapshots},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, &wire{Client: client, t: t}) })
	}
}

// connect makes a client for the address that is closed when the test ends.
func connect(t *testing.T, address string, config qdrant.Config) *qdrant.Client {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	config.Host, config.PoolSize, config.SkipCompatibilityCheck = host, 1, true
	config.Port, err = strconv.Atoi(port)
	require.NoError(t, err)
	client, err := qdrant.NewClient(&config)
	require.NoError(t, err)
	t.Cleanup(func() { client.Close() })
	return client
}

// wire is a client with what the tests say often.
type wire struct {
	*qdrant.Client
	t *testing.T
}

func (w *wire) ctx() context.Context { return w.t.Context() }

// fresh gives a name that nobody has, for a collection or an alias.
func (w *wire) fresh() string {
	return fmt.Sprintf("sightline-test-%d", time.Now().UnixNano())
}

// collection makes a collection with a vector `global` of three numbers and a sparse vector `tags`.
func (w *wire) collection() string {
	w.t.Helper()
	name := w.fresh()
	require.NoError(w.t, w.CreateCollection(w.ctx(), &qdrant.CreateCollection{
		CollectionName: name,
		VectorsConfig: qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{
			"global": {Size: 3, Distance: qdrant.Distance_Dot},
		}),
		SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"tags": {}}),
	}))
	w.t.Cleanup(func() { _ = w.DeleteCollection(context.WithoutCancel(w.ctx()), name) })
	return name
}

// point is a point to store. Its vector is made of its number.
func point(n uint64, payload map[string]any) *qdrant.PointStruct {
	return &qdrant.PointStruct{
		Id: qdrant.NewIDNum(n), Payload: qdrant.NewValueMap(payload),
		Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{"global": qdrant.NewVector(float32(n), 0, 1)}),
	}
}

func withVectors(n uint64, vectors map[string]*qdrant.Vector) *qdrant.PointStruct {
	return &qdrant.PointStruct{Id: qdrant.NewIDNum(n), Vectors: qdrant.NewVectorsMap(vectors)}
}

func (w *wire) put(collection string, points ...*qdrant.PointStruct) {
	w.t.Helper()
	_, err := w.Upsert(w.ctx(), &qdrant.UpsertPoints{CollectionName: collection, Points: points, Wait: new(true)})
	require.NoError(w.t, err)
}

func (w *wire) index(collection, field string, kind qdrant.FieldType) {
	w.t.Helper()
	_, err := w.CreateFieldIndex(w.ctx(), &qdrant.CreateFieldIndexCollection{
		CollectionName: collection, FieldName: field, FieldType: &kind, Wait: new(true),
	})
	require.NoError(w.t, err)
}

// all gives the points of a collection by id, with everything.
func (w *wire) all(collection string) map[string]*qdrant.RetrievedPoint {
	w.t.Helper()
	found, err := w.Scroll(w.ctx(), &qdrant.ScrollPoints{
		CollectionName: collection, Limit: new(uint32(100)),
		WithPayload: qdrant.NewWithPayload(true), WithVectors: qdrant.NewWithVectors(true),
	})
	require.NoError(w.t, err)
	out := map[string]*qdrant.RetrievedPoint{}
	for _, p := range found {
		out[id(p.GetId())] = p
	}
	return out
}

// under gives the ids of the points under a filter, in the order of a scroll.
func (w *wire) under(collection string, filter *qdrant.Filter) []string {
	w.t.Helper()
	found, err := w.Scroll(w.ctx(), &qdrant.ScrollPoints{CollectionName: collection, Filter: filter, Limit: new(uint32(100))})
	require.NoError(w.t, err)
	return idsOf(found)
}

func id(p *qdrant.PointId) string {
	if uuid := p.GetUuid(); uuid != "" {
		return uuid
	}
	return strconv.FormatUint(p.GetNum(), 10)
}

func idsOf[P interface{ GetId() *qdrant.PointId }](points []P) []string {
	out := []string{}
	for _, p := range points {
		out = append(out, id(p.GetId()))
	}
	return out
}

func nums(list ...uint64) []*qdrant.PointId {
	out := make([]*qdrant.PointId, len(list))
	for i, n := range list {
		out[i] = qdrant.NewIDNum(n)
	}
	return out
}

// refused wants a code of the protocol.
func refused(t *testing.T, want codes.Code, err error, about ...any) {
	t.Helper()
	assert.Equal(t, want, status.Code(err), "%v: %v", about, err)
}
