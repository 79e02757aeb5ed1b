package qdrant

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	api "github.com/qdrant/go-client/qdrant"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb/qdrant/qdranttest"
)

// onEveryServer runs a test on the stand-in, and on a real server where one is named, each with an index of its own.
func onEveryServer(t *testing.T, test func(t *testing.T, address string)) {
	t.Helper()
	t.Run("stand-in", func(t *testing.T) { test(t, qdranttest.Start(t, qdranttest.Options{}).Address()) })
	server := os.Getenv("SIGHTLINE_TEST_QDRANT")
	t.Run(fmt.Sprintf("ran against a real Qdrant: %t", server != ""), func(t *testing.T) {
		if server == "" {
			return
		}
		address := server + "/test-" + strings.ToLower(rand.Text()[:10])
		t.Cleanup(func() { forget(t, address) })
		test(t, address)
	})
}

// forget deletes the collections of an index, and their snapshots, which a server keeps otherwise.
func forget(t *testing.T, address string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	s, err := newStore(ctx, layoutOptions(t, address, ReadOnly))
	require.NoError(t, err)
	names, err := s.server.client.ListCollections(ctx)
	require.NoError(t, err)
	for _, name := range names {
		if strings.HasPrefix(name, s.target.Prefix+"-") {
			copies, err := s.server.client.ListSnapshots(ctx, name)
			assert.NoError(t, err)
			for _, c := range copies {
				assert.NoError(t, s.server.client.DeleteSnapshot(ctx, name, c.GetName()))
			}
			assert.NoError(t, s.server.client.DeleteCollection(ctx, name))
		}
	}
	require.NoError(t, s.Close())
}

// mark is a step of tomorrow: it writes a point, and takes it away again. calls counts both.
func mark(calls *int) step {
	id := pointID(uuid("mark of a test"))
	return step{
		Name: "a mark",
		Up: func(ctx context.Context, s *Store) error {
			*calls++
			return s.upsert(ctx, s.meta(), []*api.PointStruct{{Id: id, Payload: map[string]*api.Value{"kind": text("mark")}, Vectors: api.NewVectorsMap(nil)}})
		},
		Down: func(ctx context.Context, s *Store) error {
			*calls++
			return s.deletePoints(ctx, s.meta(), api.NewPointsSelectorIDs([]*api.PointId{id}))
		},
	}
}

// forGood is a step that loses something.
func forGood() step {
	return step{Name: "for good", Up: func(context.Context, *Store) error { return nil }}
}

func layoutOptions(t *testing.T, address string, mode Mode, added ...step) Options {
	t.Helper()
	times := usualTimes
	times.patience = quick.patience
	o := leaseOptions(t, address, times)
	o.Mode, o.steps = mode, slices.Concat(steps, added)
	return o
}

// marks counts the points that mark has written.
func marks(t *testing.T, address string) int {
	t.Helper()
	s, err := newStore(t.Context(), layoutOptions(t, address, ReadOnly))
	require.NoError(t, err)
	n, err := s.count(t.Context(), s.meta(), ofKind("mark"))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	return n
}

// indexOf makes an index with a model in the layout of this program and some steps more.
func indexOf(t *testing.T, address string, added ...step) {
	t.Helper()
	s, err := Open(t.Context(), layoutOptions(t, address, ReadWrite, added...))
	require.NoError(t, err)
	require.NoError(t, s.SetModel(t.Context(), leaseModel))
	require.NoError(t, s.Close())
}

func openLayout(t *testing.T, o Options) *Layout {
	t.Helper()
	l, err := OpenLayout(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	return l
}

// stands checks where a layout stands, as a reader sees it.
func stands(t *testing.T, o Options, version, pending int) {
	t.Helper()
	o.Mode = ReadOnly
	l, err := OpenLayout(t.Context(), o)
	require.NoError(t, err)
	status, err := l.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, version, status.Version)
	assert.Len(t, status.Applied, version)
	assert.Len(t, status.Pending, pending)
	require.NoError(t, l.Close())
}

func TestANewIndexHasTheNewestLayout(t *testing.T) {
	onEveryServer(t, func(t *testing.T, address string) {
		_, err := OpenLayout(t.Context(), layoutOptions(t, address, ReadWrite))
		require.Equal(t, sightline.CodeNotFound, sightline.CodeOf(err), "%v", err)
		s, err := newStore(t.Context(), layoutOptions(t, address, ReadOnly))
		require.NoError(t, err)
		_, err = s.collection(t.Context(), s.meta())
		require.True(t, missing(err), "looking for one makes nothing")
		require.NoError(t, s.Close())

		var calls int
		indexOf(t, address, mark(&calls), forGood())
		stands(t, layoutOptions(t, address, ReadOnly, mark(&calls), forGood()), 3, 0)
		assert.Equal(t, 1, marks(t, address))
	})
}

// TestAnIndexFromBeforeTheLedgerHasLayoutOne, whether its state has a number or not.
func TestAnIndexFromBeforeTheLedgerHasLayoutOne(t *testing.T) {
	for _, lacks := range [][]string{{"steps"}, {"steps", "layout"}} {
		address := qdranttest.Start(t, qdranttest.Options{}).Address()
		indexOf(t, address)
		s, err := newStore(t.Context(), layoutOptions(t, address, ReadOnly))
		require.NoError(t, err)
		_, err = s.server.client.DeletePayload(t.Context(), &api.DeletePayloadPoints{
			CollectionName: s.meta(), Wait: new(true), Keys: lacks, PointsSelector: api.NewPointsSelectorIDs([]*api.PointId{stateID()}),
		})
		require.NoError(t, err)
		require.NoError(t, s.Close())
		stands(t, layoutOptions(t, address, ReadOnly), 1, 0)
		indexOf(t, address)
		stands(t, layoutOptions(t, address, ReadOnly), 1, 0)

		var calls int
		o := layoutOptions(t, address, ReadWrite, mark(&calls))
		stands(t, o, 1, 1)
		indexOf(t, address, mark(&calls))
		stands(t, o, 2, 0)
		assert.Equal(t, 1, calls)
	}
}

// TestOtherLayoutsAreRefused: newer ones and ones with another history by everybody, older ones by readers.
func TestOtherLayoutsAreRefused(t *testing.T) {
	var calls int
	foreign := mark(&calls)
	foreign.Name = "a mark of somebody else"
	for name, c := range map[string]struct {
		has, knows []step
		readers    string // what they are told
		writers    string // "" where they may
	}{
		"newer":   {has: []step{mark(&calls)}, readers: "newer version of Sightline", writers: "newer version of Sightline"},
		"foreign": {has: []step{foreign}, knows: []step{mark(&calls)}, readers: "a mark of somebody else", writers: "a mark of somebody else"},
		"older":   {knows: []step{mark(&calls)}, readers: "sightline migrate up"},
		"older, and nobody asked for what cannot be taken back": {knows: []step{forGood()}, readers: "sightline migrate up", writers: "sightline migrate up"},
	} {
		t.Run(name, func(t *testing.T) {
			address := qdranttest.Start(t, qdranttest.Options{}).Address()
			indexOf(t, address, c.has...)
			for mode, told := range map[Mode]string{ReadOnly: c.readers, ReadWrite: c.writers} {
				if told == "" {
					continue
				}
				_, err := Open(t.Context(), layoutOptions(t, address, mode, c.knows...))
				assert.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(err), "%v", err)
				assert.ErrorContains(t, err, told)
			}
			stands(t, layoutOptions(t, address, ReadOnly, c.has...), 1+len(c.has), 0) // nothing was changed
			if c.writers == "" {
				indexOf(t, address, c.knows...)
				stands(t, layoutOptions(t, address, ReadOnly, c.knows...), 2, 0)
			}
		})
	}
}

// TestAReaderNoticesThatTheLayoutChanges, and goes on when it is back.
func TestAReaderNoticesThatTheLayoutChanges(t *testing.T) {
	onEveryServer(t, func(t *testing.T, address string) {
		indexOf(t, address)
		reader, err := Open(t.Context(), layoutOptions(t, address, ReadOnly))
		require.NoError(t, err)
		defer reader.Close()
		var calls int
		l := openLayout(t, layoutOptions(t, address, ReadWrite, mark(&calls)))
		for range 2 {
			_, err = l.Up(t.Context(), 2)
			require.NoError(t, err)
			_, err = reader.Stats(t.Context())
			require.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(err), "%v", err)
			_, err = l.Down(t.Context(), 1)
			require.NoError(t, err)
			stats, err := reader.Stats(t.Context())
			require.NoError(t, err)
			require.Equal(t, leaseModel, stats.Model)
		}
	})
}

func TestALayoutIsChangedByOneProcess(t *testing.T) {
	address := qdranttest.Start(t, qdranttest.Options{}).Address()
	indexOf(t, address)
	openLayout(t, layoutOptions(t, address, ReadWrite))
	for _, open := range []func() error{
		func() error { _, err := OpenLayout(t.Context(), layoutOptions(t, address, ReadWrite)); return err },
		func() error { _, err := Open(t.Context(), layoutOptions(t, address, ReadWrite)); return err },
	} {
		assert.Equal(t, sightline.CodeIndexLocked, sightline.CodeOf(open()))
	}
	stands(t, layoutOptions(t, address, ReadOnly), 1, 0)
}

// TestSnapshotsAreMadeBeforeWhatCannotBeTakenBack, and before anything is taken back.
func TestSnapshotsAreMadeBeforeWhatCannotBeTakenBack(t *testing.T) {
	onEveryServer(t, func(t *testing.T, address string) {
		var calls int
		indexOf(t, address, mark(&calls))
		l := openLayout(t, layoutOptions(t, address, ReadWrite, mark(&calls), forGood()))
		backup, err := l.Down(t.Context(), 1)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(backup, "snapshots on the server: "+l.s.meta()+"/"), backup)
		backup, err = l.Up(t.Context(), 2)
		require.NoError(t, err)
		assert.Empty(t, backup, "it can be taken back")
		backup, err = l.Up(t.Context(), 3)
		require.NoError(t, err)
		assert.Contains(t, backup, l.s.meta()+"/")
		list, err := l.s.server.client.ListSnapshots(t.Context(), l.s.meta())
		require.NoError(t, err)
		require.NotEmpty(t, list)
		assert.True(t, slices.ContainsFunc(list, func(made *api.SnapshotDescription) bool { return strings.HasSuffix(backup, made.GetName()) }), backup)
		_, err = l.Down(t.Context(), 1)
		assert.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(err), "%v", err)
	})
}

// TestHalfABackupIsNone: a server of several makes snapshots of its own shards only.
func TestHalfABackupIsNone(t *testing.T) {
	server := qdranttest.Start(t, qdranttest.Options{})
	address := server.Address()
	indexOf(t, address)
	server.Spread()
	o := layoutOptions(t, address, ReadWrite, forGood())
	l := openLayout(t, o)
	backup, err := l.Up(t.Context(), 2)
	assert.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(err), "%v", err)
	assert.ErrorContains(t, err, "under a new prefix")
	assert.Empty(t, backup)
	stands(t, o, 1, 1)
}
