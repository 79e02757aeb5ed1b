package qdrant

import (
	"context"
	"errors"
	"strings"
	"time"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sightline-search/sightline"
)

// How long one attempt may take. The server gets no limit of its own: it would come back as an error that looks like a
// defect.
const (
	readLimit  = 20 * time.Second
	writeLimit = 60 * time.Second
	setUpLimit = 120 * time.Second // collections and their indexes
)

// The pauses between attempts.
const (
	firstPause = 50 * time.Millisecond
	mostPause  = time.Second
)

// ask calls the server, with a limit for one attempt, and again while the server cannot be reached or asks for patience.
// Every call of this package may be repeated: what it writes is named by ids.
func ask[T any](ctx context.Context, s *server, limit time.Duration, call func(context.Context) (T, error)) (T, error) {
	started := time.Now()
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		answer, err := attempt(ctx, limit, call)
		if err == nil || ctx.Err() != nil {
			return answer, errors.Join(ctx.Err(), err)
		}
		wait, again := worthWaiting(err, pause)
		if !again || time.Since(started)+wait > s.patience {
			return answer, err
		}
		s.client.GetConnection().ResetConnectBackoff() // a server that is back is found by this call, not when gRPC dials next
		if err := sleep(ctx, wait); err != nil {
			return answer, err
		}
	}
}

func attempt[T any](ctx context.Context, limit time.Duration, call func(context.Context) (T, error)) (T, error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	answer, err := call(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = slowError{limit} // however the transport puts it: a deadline may arrive as a malformed header
	}
	return answer, err
}

// slowError says that an attempt ran into its limit.
type slowError struct{ limit time.Duration }

func (t slowError) Error() string { return "no answer within " + t.limit.String() }

// worthWaiting says after which errors a call is tried again, and when: while nobody listens, and when the server names
// a time.
func worthWaiting(err error, pause time.Duration) (time.Duration, bool) {
	if limited, ok := errors.AsType[*api.QdrantResourceExhaustedError](err); ok {
		return time.Duration(limited.RetryAfterS) * time.Second, true
	}
	return pause, codeOf(err) == codes.Unavailable || beingMade(err)
}

// beingMade says that the collection was only just made, by somebody else: for a moment it has no shard that could
// answer.
func beingMade(err error) bool {
	return codeOf(err) == codes.Internal && strings.Contains(err.Error(), "0 of 0 read operations failed")
}

// sleep waits, or gives the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// codeOf finds the code of gRPC inside an error of the client library.
func codeOf(err error) codes.Code {
	var carrier interface{ GRPCStatus() *status.Status }
	if errors.As(err, &carrier) {
		return carrier.GRPCStatus().Code()
	}
	return codes.Unknown
}

// missing says that the server knows no such collection or point.
func missing(err error) bool { return err != nil && codeOf(err) == codes.NotFound }

// explain turns an error of a call into one that a person can act on.
func (s *server) explain(err error, doing string) error {
	if err == nil {
		return nil
	}
	if _, explained := errors.AsType[*sightline.Error](err); explained {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if slow, ok := errors.AsType[slowError](err); ok {
		return sightline.Errorf(sightline.CodeUnavailable, "%s: Qdrant at %s has not answered within %s", doing, s.where, slow.limit).
			WithHint("look at the load of the server; what was asked can be asked again")
	}
	if limited, ok := errors.AsType[*api.QdrantResourceExhaustedError](err); ok {
		return sightline.Errorf(sightline.CodeUnavailable, "%s: Qdrant at %s takes no more calls for %d seconds", doing, s.where, limited.RetryAfterS).
			WithHint("raise its rate limit, or ask later")
	}
	return s.explainCode(err, doing)
}

func (s *server) explainCode(err error, doing string) error {
	switch codeOf(err) {
	case codes.Unavailable:
		return sightline.Errorf(sightline.CodeUnavailable, "%s: Qdrant at %s cannot be reached: %w", doing, s.where, err).
			WithHint("start the server or mend the network; nothing has to be restarted here")
	case codes.Unauthenticated, codes.PermissionDenied:
		return sightline.Errorf(sightline.CodeUnavailable, "%s: Qdrant at %s refuses the key", doing, s.where).
			WithHint("give a key that may do this as SIGHTLINE_QDRANT_API_KEY")
	case codes.InvalidArgument, codes.Unimplemented:
		return sightline.Errorf(sightline.CodeInternal, "%s: Qdrant at %s refuses the call: %w", doing, s.where, err)
	case codes.ResourceExhausted:
		return sightline.Errorf(sightline.CodeUnavailable, "%s: the answer of Qdrant at %s is over the limit of %d bytes, or it has no room left: %w",
			doing, s.where, largestAnswer, err)
	default:
		return sightline.Errorf(sightline.CodeUnavailable, "%s: Qdrant at %s fails: %w", doing, s.where, err).
			WithHint("look at its log and at the room on its disk")
	}
}
