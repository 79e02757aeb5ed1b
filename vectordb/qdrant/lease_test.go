package qdrant

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/qdrant/qdranttest"
)

var leaseModel = vectordb.Model{Name: "lease", Feature: "f", Scoring: "s"}

// quick lets a lease end soon.
var quick = leaseTimes{lasts: 200 * time.Millisecond, beat: 20 * time.Millisecond, trusted: 50 * time.Millisecond, patience: 50 * time.Millisecond}

func leaseOptions(t *testing.T, address string, times leaseTimes) Options {
	t.Helper()
	target, err := ParseTarget("qdrant://" + address)
	require.NoError(t, err)
	return Options{Target: target, Mode: ReadWrite, times: times}
}

// childServer tells the test's own child process where to write.
const childServer = "SIGHTLINE_TEST_LEASE_CHILD"

// TestLeaseChild is the child: it becomes the writer, says so and stays until it is killed. In the test's own process it
// does nothing.
func TestLeaseChild(t *testing.T) {
	address := os.Getenv(childServer)
	if address == "" {
		return
	}
	_, err := Open(t.Context(), leaseOptions(t, address, usualTimes))
	require.NoError(t, err)
	fmt.Println("writing")
	select {}
}

// TestTheLeaseOfAKilledProcessIsTakenAtOnce: nobody waits for the lease of a process of this machine that has ended.
func TestTheLeaseOfAKilledProcessIsTakenAtOnce(t *testing.T) {
	s := qdranttest.Start(t, qdranttest.Options{})
	child := exec.Command(os.Args[0], "-test.run=^TestLeaseChild$")
	child.Env = append(os.Environ(), childServer+"="+s.Address())
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	t.Cleanup(func() { _ = child.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "writing", strings.TrimSpace(line))

	_, err = Open(t.Context(), leaseOptions(t, s.Address(), usualTimes))
	require.Equal(t, sightline.CodeIndexLocked, sightline.CodeOf(err))
	require.ErrorContains(t, err, fmt.Sprintf("process %d on", child.Process.Pid))
	require.NoError(t, child.Process.Kill())
	_ = child.Wait() // it was killed
	store, err := Open(t.Context(), leaseOptions(t, s.Address(), usualTimes))
	require.NoError(t, err)
	require.NoError(t, store.SetModel(t.Context(), leaseModel))
	require.NoError(t, store.Close())
}

// elsewhere makes a lease look like one of another machine, whose processes cannot be asked about.
func elsewhere(t *testing.T, s *Store) holder {
	t.Helper()
	h, err := s.readLease(t.Context())
	require.NoError(t, err)
	moved := h
	moved.place = "another machine"
	ok, err := s.writeLease(t.Context(), h, moved)
	require.NoError(t, err)
	require.True(t, ok)
	return moved
}

// TestASilentHolderLosesTheLease: who is silent for longer than a lease lasts is taken for dead, and what it writes
// afterwards is refused.
func TestASilentHolderLosesTheLease(t *testing.T) {
	server := qdranttest.Start(t, qdranttest.Options{})
	silent, err := Open(t.Context(), leaseOptions(t, server.Address(), quick))
	require.NoError(t, err)
	require.NoError(t, silent.SetModel(t.Context(), leaseModel))
	silent.lease.stop()
	<-silent.lease.done
	h := elsewhere(t, silent)
	h.at -= 60_000 // its latest sign of life
	_, err = silent.writeLease(t.Context(), holder{token: h.token, beat: h.beat}, h)
	require.NoError(t, err)

	next, err := Open(t.Context(), leaseOptions(t, server.Address(), quick))
	require.NoError(t, err)
	other := leaseModel
	other.Scoring = "other"
	err = silent.SetModel(t.Context(), other)
	assert.Equal(t, sightline.CodeIndexLocked, sightline.CodeOf(err), "%v", err)
	stats, err := next.Stats(t.Context())
	require.NoError(t, err)
	assert.Equal(t, leaseModel, stats.Model, "the first one's write is not there")
	require.NoError(t, next.SetModel(t.Context(), other))
	require.NoError(t, next.Close())
	require.NoError(t, silent.Close())
}

// TestAClockThatIsWrongStealsNothing: a holder whose clock is an hour behind looks silent, but it counts.
func TestAClockThatIsWrongStealsNothing(t *testing.T) {
	server := qdranttest.Start(t, qdranttest.Options{})
	times := quick
	times.lasts, times.beat = time.Minute, time.Hour
	behind, err := Open(t.Context(), leaseOptions(t, server.Address(), times))
	require.NoError(t, err)
	h := elsewhere(t, behind)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			default:
			}
			next := h
			next.beat, next.at = h.beat+1, now()-time.Hour.Milliseconds()
			if ok, err := behind.writeLease(t.Context(), h, next); ok && err == nil {
				h = next
			}
		}
	}()
	_, err = Open(t.Context(), leaseOptions(t, server.Address(), times))
	require.Equal(t, sightline.CodeIndexLocked, sightline.CodeOf(err))
	close(done)
	<-ended
	behind.lease.beat = h.beat
	require.NoError(t, behind.SetModel(t.Context(), leaseModel))
	require.NoError(t, behind.Close())
}
