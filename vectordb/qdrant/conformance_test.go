package qdrant_test

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	api "github.com/qdrant/go-client/qdrant"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/qdrant"
	"github.com/sightline-search/sightline/vectordb/vectordbtest"
)

// realServer names a real server in the environment of a test run, as host:port of its gRPC service.
const realServer = "SIGHTLINE_TEST_QDRANT"

// place is an index of its own in a server.
type place struct{ target qdrant.Target }

func (p place) Writer() (vectordb.Store, error) { return p.open(qdrant.ReadWrite) }
func (p place) Reader() (vectordb.Store, error) { return p.open(qdrant.ReadOnly) }

func (p place) open(mode qdrant.Mode) (vectordb.Store, error) {
	store, err := qdrant.Open(context.Background(), qdrant.Options{Target: p.target, Mode: mode, CacheBytes: 1 << 20})
	if err != nil {
		return nil, err
	}
	return store, nil
}

// fresh makes a place that nothing has been stored in, and removes it when the test ends.
func fresh(t *testing.T, server string) place { return freshFor(t, server) }

func freshFor(tb testing.TB, server string) place {
	tb.Helper()
	target, err := qdrant.ParseTarget("qdrant://" + server + "/test-" + strings.ToLower(rand.Text()[:10]))
	require.NoError(tb, err)
	tb.Cleanup(func() { assert.NoError(tb, removeAll(target)) })
	return place{target}
}

// bigAnswers lets the tests' own client take answers of any size.
func bigAnswers() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(256<<20), grpc.MaxCallSendMsgSize(256<<20))}
}

// removeAll deletes the collections of a place.
func removeAll(target qdrant.Target) error {
	client, err := api.NewClient(&api.Config{Host: target.Host, Port: target.Port, SkipCompatibilityCheck: true, PoolSize: 1})
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	names, err := client.ListCollections(ctx)
	for _, name := range names {
		if strings.HasPrefix(name, target.Prefix+"-") {
			if err := client.DeleteCollection(ctx, name); err != nil {
				return err
			}
		}
	}
	return err
}

// TestConformanceOfARealServer says in the name of a subtest whether it ran, so that every list of tests does.
func TestConformanceOfARealServer(t *testing.T) {
	server := os.Getenv(realServer)
	if server == "" {
		t.Run("ran against a real Qdrant: no, set "+realServer+" to host:port", func(t *testing.T) {
			t.Log("the driver was tested against the stand-in only")
		})
		return
	}
	t.Run("ran against a real Qdrant: yes", func(t *testing.T) {
		vectordbtest.Run(t, func(t *testing.T) vectordbtest.Place {
			t.Helper()
			return fresh(t, server)
		})
	})
}
