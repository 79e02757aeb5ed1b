package qdranttest

import (
	"context"
	"errors"
	"path"
	"strconv"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Fault is what goes wrong with calls. Faults are tried in the order of Inject; the first one that fits a call hits it.
type Fault struct {
	Method string // as in the protocol ("Upsert"); "" is every method
	Skip   int    // that many calls pass first
	Times  int    // then that many calls are hit; 0 is every one until Heal
	// Applied lets the call do its work before it goes wrong: the client cannot tell it from one that did nothing.
	Applied bool
	// Do, if not nil, runs in the call, after its work where Applied is set and before it otherwise, and holds it up until
	// it returns.
	Do func()
	// Hang keeps the call waiting until the client has given up.
	Hang bool
	// Then one of these. A fault with none of them answers as if nothing had happened.
	Drop bool  // cut the connection instead of answering
	Err  error // answer with this status
}

// FullDisk is what a server without room answers to writes.
func FullDisk() error {
	return status.Error(codes.Internal, "Service internal error: No space left on device: WAL buffer size exceeds available disk space")
}

// TooMany is the answer of a rate limit: seconds are in a `retry-after` trailer.
func TooMany(seconds int) error { return rateError(seconds) }

type rateError int

func (rateError) Error() string { return "Rate limiting exceeded: Write rate limit exceeded" }

func (e rateError) GRPCStatus() *status.Status { return status.New(codes.ResourceExhausted, e.Error()) }

// faults are those of a server, and how often each method has been called.
type faults struct {
	mu    sync.Mutex
	armed []*Fault
	calls map[string]int
}

// Inject arms faults. They stay armed over Stop and Restart.
func (s *Server) Inject(list ...Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for _, f := range list {
		if f.Times == 0 {
			f.Times = -1
		}
		s.faults.armed = append(s.faults.armed, &f)
	}
}

// Heal disarms all faults.
func (s *Server) Heal() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.armed = nil
}

// Calls says how often a method has been called, those that failed included.
func (s *Server) Calls(method string) int {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return s.faults.calls[method]
}

// take counts the call and finds the fault that hits it.
func (x *faults) take(method string) *Fault {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.calls == nil {
		x.calls = map[string]int{}
	}
	x.calls[method]++
	for _, f := range x.armed {
		switch {
		case f.Method != "" && f.Method != method, f.Times == 0:
		case f.Skip > 0:
			f.Skip--
		default:
			f.Times--
			return f
		}
	}
	return nil
}

// around is every call: it goes wrong as the armed faults say.
func (x *faults) around(ctx context.Context, l *lines, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	f := x.take(path.Base(info.FullMethod))
	if f == nil {
		return handler(ctx, request)
	}
	var reply any
	var err error
	if f.Applied {
		reply, err = handler(ctx, request)
	}
	if f.Do != nil {
		f.Do()
	}
	if f.Hang {
		<-ctx.Done()
	}
	switch {
	case f.Drop:
		l.cut(ctx)
		return nil, status.Error(codes.Unavailable, "the connection was cut")
	case f.Err != nil:
		if seconds, limited := errors.AsType[rateError](f.Err); limited {
			return nil, errors.Join(grpc.SetTrailer(ctx, metadata.Pairs("retry-after", strconv.Itoa(int(seconds)))), f.Err)
		}
		return nil, f.Err
	case f.Applied:
		return reply, err
	case ctx.Err() != nil:
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	return handler(ctx, request)
}
