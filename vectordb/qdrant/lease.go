package qdrant

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
)

// The lease is the point that says who may write. Its holder shows every few seconds that it lives, by counting beats;
// whoever wants the lease of a dead one watches that nothing is counted for as long as a lease lasts, by a clock of its
// own: a clock that is wrong steals nothing. On the same machine a dead process is known at once. What a holder writes
// after its lease was taken is refused, because the state carries the token of the lease.

// leaseTimes are how long things take.
type leaseTimes struct {
	lasts    time.Duration
	beat     time.Duration // how often its holder shows that it lives
	trusted  time.Duration // after a beat: a write that begins then has ended before the lease does
	patience time.Duration // of who asks for it: a server that scores tags writes for a moment every now and then
}

var usualTimes = leaseTimes{lasts: 2 * time.Minute, beat: 5 * time.Second, trusted: 20 * time.Second, patience: time.Second}

const lockPause = 50 * time.Millisecond

// lease is this process's right to write.
type lease struct {
	s     *Store
	token string
	stop  context.CancelFunc
	done  chan struct{}

	mu   sync.Mutex // one beat at a time
	beat int64
	seen time.Time // the lease was certainly ours
}

// holder is what the lease's point says.
type holder struct {
	token, host, place, start string
	pid                       int
	beat                      int64
	at                        int64 // of the latest beat by the holder's clock, ms
}

// self is this process as a holder.
func self(token string, beat int64) holder {
	pid := processID()
	return holder{token: token, host: hostName(), place: processPlace(), start: processStart(pid), pid: pid, beat: beat, at: now()}
}

func leaseID() *api.PointId { return pointID(uuid("lease")) }

// readLease gives the holder; one without a token holds nothing.
func (s *Store) readLease(ctx context.Context) (holder, error) {
	points, err := s.get(ctx, s.meta(), []*api.PointId{leaseID()}, api.NewWithPayload(true), false)
	if missing(err) || err == nil && len(points) == 0 {
		return holder{}, nil
	}
	if err != nil {
		return holder{}, s.server.explain(err, "ask who writes")
	}
	p := points[0].GetPayload()
	return holder{
		token: p["token"].GetStringValue(), host: decodeText(p["host"].GetStringValue()), place: p["place"].GetStringValue(), start: p["start"].GetStringValue(),
		pid: int(p["pid"].GetIntegerValue()), beat: p["commit"].GetIntegerValue(), at: p["at"].GetIntegerValue(),
	}, nil
}

// writeLease replaces what the lease's point says if that is still the same as before, and says whether it was.
func (s *Store) writeLease(ctx context.Context, before, after holder) (bool, error) {
	filter := &api.Filter{Must: []*api.Condition{api.NewMatchKeyword("token", before.token), api.NewMatchInt("commit", before.beat)}}
	err := s.upsertIf(ctx, filter, leaseID(), map[string]*api.Value{
		"kind": text("lease"), "token": text(after.token), "host": text(encodeText(after.host)), "place": text(after.place), "start": text(after.start),
		"pid": integer(int64(after.pid)), "commit": integer(after.beat), "at": integer(after.at),
	})
	if err != nil {
		return false, err
	}
	written, err := s.readLease(ctx)
	return err == nil && written.token == after.token && written.beat == after.beat, err
}

// takeLease makes this process the writer, or says which one is.
func takeLease(ctx context.Context, s *Store) (*lease, error) {
	started, watched := time.Now(), holder{}
	var watching time.Time
	alive := false
	for {
		found, err := s.readLease(ctx)
		if err != nil {
			return nil, err
		}
		if found != watched {
			alive = alive || found.token != "" && found.token == watched.token // it has counted a beat
			watched, watching = found, time.Now()
		}
		free := found.token == "" || dead(found) || time.Since(watching) > s.times.lasts
		if free {
			if l, err := s.tryLease(ctx, found); l != nil || err != nil {
				return l, err
			}
		}
		silent := !alive && time.UnixMilli(found.at).Add(s.times.lasts).Before(time.Now())
		if !free && !silent && time.Since(started) > s.times.patience {
			return nil, s.locked(found)
		}
		if err := sleep(ctx, lockPause); err != nil {
			return nil, err
		}
	}
}

func (s *Store) tryLease(ctx context.Context, found holder) (*lease, error) {
	mine := self(rand.Text(), found.beat+1)
	l := &lease{s: s, token: mine.token, beat: mine.beat, seen: time.Now(), done: make(chan struct{})}
	ok, err := s.writeLease(ctx, found, mine)
	if !ok || err != nil {
		return nil, err
	}
	if err := s.claimState(ctx, mine.token); err != nil {
		return nil, err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	go l.keep(background)
	return l, nil
}

// claimState puts the token into the state: from now on an earlier holder commits nothing. What it had yet to carry stays
// there.
func (s *Store) claimState(ctx context.Context, token string) error {
	for {
		before, err := s.readState(ctx)
		if err != nil {
			return err
		}
		after := before
		after.token = token
		if after.pending, after.untag, err = s.readPending(ctx); err != nil {
			return s.server.explain(err, "take over the state of the index")
		}
		if ok, err := s.writeState(ctx, before, after); ok || err != nil {
			return err
		}
	}
}

func (s *Store) locked(h holder) error {
	return sightline.Errorf(sightline.CodeIndexLocked, "process %d on %s is writing to the index in %s", h.pid, h.host, s.target).
		WithHint("wait until it is done or stop it; reading works meanwhile. Should it be gone without a word, writing is possible %d seconds later", int(s.times.lasts.Seconds()))
}

// keep shows every few seconds that this process lives.
func (l *lease) keep(ctx context.Context) {
	defer close(l.done)
	ticker := time.NewTicker(l.s.times.beat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_ = l.renew(ctx) // a write that needs the lease asks again and reports
		}
	}
}

// hold makes sure that the lease is ours for the write that follows.
func (l *lease) hold(ctx context.Context) error {
	l.mu.Lock()
	fresh := time.Since(l.seen) < l.s.times.trusted
	l.mu.Unlock()
	if fresh {
		return nil
	}
	return l.renew(ctx)
}

func (l *lease) renew(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		started := time.Now()
		before := holder{token: l.token, beat: l.beat}
		mine := self(l.token, l.beat+1)
		ok, err := l.s.writeLease(ctx, before, mine)
		if err != nil {
			return err
		}
		if ok {
			l.beat, l.seen = mine.beat, started
			return nil
		}
		if err := l.stillOurs(ctx); err != nil {
			return err
		}
	}
}

// stillOurs explains why a beat was not taken: another process has the lease, or the beat of a call that seemed to fail
// has arrived after all.
func (l *lease) stillOurs(ctx context.Context) error {
	found, err := l.s.readLease(ctx)
	switch {
	case err != nil:
		return err
	case found.token == l.token:
		l.beat = found.beat
		return nil
	case found.token == "":
		return sightline.Errorf(sightline.CodeIndexLocked, "the right to write to the index in %s was taken from this process, which was silent for too long", l.s.target).
			WithHint("start the command again")
	default:
		return l.s.locked(found)
	}
}

// release lets another process write.
func (l *lease) release(ctx context.Context) error {
	l.stop()
	<-l.done
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.s.writeLease(ctx, holder{token: l.token, beat: l.beat}, holder{beat: l.beat + 1, at: now()})
	if err != nil {
		return fmt.Errorf("give the right to write back: %w", err)
	}
	return nil
}
