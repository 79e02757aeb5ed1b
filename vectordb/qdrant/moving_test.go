package qdrant

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb/qdrant/qdranttest"
)

// TestAStepIsResumed cuts the connection, or fills the disk, in the first, second, third... call of a change of the layout,
// up and down: afterwards the ledger says what holds, and the change is made to its end.
func TestAStepIsResumed(t *testing.T) {
	for _, fault := range []qdranttest.Fault{
		{Err: qdranttest.FullDisk()}, {Err: qdranttest.FullDisk(), Applied: true}, {Drop: true, Times: 1}, {Drop: true, Times: 1, Applied: true},
	} {
		for to, from := range map[int]int{1: 2, 2: 1} {
			for failing, hit := 0, true; hit; failing++ {
				server := qdranttest.Start(t, qdranttest.Options{})
				address := server.Address()
				var calls int
				indexOf(t, address, []step{mark(&calls)}[:from-1]...)
				o := layoutOptions(t, address, ReadWrite, mark(&calls))
				hit = false
				f := fault
				f.Skip, f.Do = failing, func() { hit = true }
				err := changeLayout(t, server, o, to, f)
				if f.Drop {
					require.NoError(t, err, "to %d, call %d: a call is made again", to, failing)
				}
				require.NoError(t, changeLayout(t, server, o, to, qdranttest.Fault{Method: "none"}))
				stands(t, o, to, 2-to)
				assert.Equal(t, to-1, marks(t, address), "to %d, call %d", to, failing)
				server.Stop()
			}
		}
	}
}

func changeLayout(t *testing.T, server *qdranttest.Server, o Options, to int, f qdranttest.Fault) error {
	t.Helper()
	l, err := OpenLayout(t.Context(), o)
	require.NoError(t, err)
	status, err := l.Status(t.Context())
	require.NoError(t, err)
	move := l.Up
	if status.Version > to {
		move = l.Down
	}
	server.Inject(f)
	_, err = move(t.Context(), to)
	server.Heal()
	require.NoError(t, l.Close())
	return err
}

// TestAKillBetweenAStepAndItsRecord: the step is made or taken back, the record is not, and the process is gone. Nobody
// reads what is there, and the next one that may write makes the step.
func TestAKillBetweenAStepAndItsRecord(t *testing.T) {
	for name, c := range map[string]struct{ has, to, left int }{
		"up": {has: 1, to: 2, left: 1}, "down": {has: 2, to: 1, left: 0},
	} {
		t.Run(name, func(t *testing.T) {
			server := qdranttest.Start(t, qdranttest.Options{})
			address := server.Address()
			var calls int
			indexOf(t, address, []step{mark(&calls)}[:c.has-1]...)
			o := layoutOptions(t, address, ReadWrite, mark(&calls))
			record := qdranttest.Fault{Method: "SetPayload", Skip: 1, Err: qdranttest.FullDisk()} // the first one announces the step
			for range 2 {
				require.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(changeLayout(t, server, o, c.to, record)))
				stands(t, o, c.has, 2-c.has)
				assert.Equal(t, c.left, marks(t, address))
			}
			_, err := Open(t.Context(), layoutOptions(t, address, ReadOnly, mark(&calls)))
			assert.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(err), "%v", err)
			assert.ErrorContains(t, err, "is being changed")
			for _, mode := range []Mode{ReadOnly, ReadWrite} {
				_, err = Open(t.Context(), layoutOptions(t, address, mode))
				assert.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(err), "an older program: %v", err)
			}
			indexOf(t, address, mark(&calls))
			stands(t, o, 2, 0)
			assert.Equal(t, 1, marks(t, address))
		})
	}
}

// TestStepsAboveAreMadeBeforeOthersAreTakenBack: what a step has left that was cut short would stay for ever.
func TestStepsAboveAreMadeBeforeOthersAreTakenBack(t *testing.T) {
	server := qdranttest.Start(t, qdranttest.Options{})
	var calls int
	other := mark(&calls)
	other.Name = "another mark"
	indexOf(t, server.Address(), mark(&calls))
	o := layoutOptions(t, server.Address(), ReadWrite, mark(&calls), other)
	require.Error(t, changeLayout(t, server, o, 3, qdranttest.Fault{Method: "SetPayload", Skip: 1, Err: qdranttest.FullDisk()}))
	l := openLayout(t, o)
	_, err := l.Down(t.Context(), 1)
	require.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "sightline migrate up")
	_, err = l.Up(t.Context(), 3)
	require.NoError(t, err)
	_, err = l.Down(t.Context(), 1)
	require.NoError(t, err)
	stands(t, o, 1, 2)
	assert.Zero(t, marks(t, server.Address()))
}

// TestNobodyReadsWhileAStepIsMade: neither a program that does not know the step, nor one that does.
func TestNobodyReadsWhileAStepIsMade(t *testing.T) {
	server := qdranttest.Start(t, qdranttest.Options{})
	indexOf(t, server.Address())
	older, err := Open(t.Context(), layoutOptions(t, server.Address(), ReadOnly))
	require.NoError(t, err)
	defer older.Close()
	asked := step{Name: "asked", Up: func(ctx context.Context, _ *Store) error {
		_, err := older.Stats(ctx)
		assert.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(err), "%v", err)
		_, err = Open(ctx, layoutOptions(t, server.Address(), ReadOnly, forGood()))
		assert.Equal(t, sightline.CodeUnavailable, sightline.CodeOf(err), "%v", err)
		return nil
	}, Down: func(context.Context, *Store) error { return nil }}
	indexOf(t, server.Address(), asked)
}

// TestWhoLostTheLeaseRecordsNothing: the ledger belongs to the holder of the lease.
func TestWhoLostTheLeaseRecordsNothing(t *testing.T) {
	address := qdranttest.Start(t, qdranttest.Options{}).Address()
	indexOf(t, address)
	var calls int
	o := layoutOptions(t, address, ReadWrite, mark(&calls))
	l, err := OpenLayout(t.Context(), o)
	require.NoError(t, err)
	h, err := l.s.readLease(t.Context())
	require.NoError(t, err)
	ok, err := l.s.writeLease(t.Context(), h, holder{beat: h.beat + 1}) // somebody has taken and given it
	require.NoError(t, err)
	require.True(t, ok)
	next, err := Open(t.Context(), layoutOptions(t, address, ReadWrite))
	require.NoError(t, err)
	_, err = l.Up(t.Context(), 2)
	assert.Equal(t, sightline.CodeIndexLocked, sightline.CodeOf(err), "%v", err)
	stands(t, o, 1, 1)
	require.NoError(t, next.Close())
	require.NoError(t, l.Close())
}
