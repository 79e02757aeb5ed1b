// Package qdranttest is a stand-in for a Qdrant server in tests: the part of Qdrant 1.17's protocol that the driver
// uses, over real gRPC, with collections in memory and exact search, and with faults on demand. What it does not know it
// refuses as Unimplemented. Its own tests ask a real server the same things wherever one is at hand, so that it cannot
// drift. It must not know the driver.
package qdranttest

import (
	"context"
	"crypto/tls"
	"math"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
)

// Version is the server version that the stand-in imitates.
const Version = "1.17.1"

// Options of a server. The zero value is a server as `qdrant` starts without a configuration.
type Options struct {
	Version string // "" is Version
	APIKey  string // "" asks for none
	TLS     *tls.Config
}

// Server is a Qdrant in this process. Its data outlives Stop, as a disk would.
type Server struct {
	tb      testing.TB
	options Options
	address string
	faults  faults
	data    *database

	running sync.Mutex // held while the server starts or stops
	grpc    *grpc.Server
	lines   *lines
}

// Start runs a server on a free port of 127.0.0.1 until the test ends.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	if o.Version == "" {
		o.Version = Version
	}
	s := &Server{tb: tb, options: o, address: "127.0.0.1:0", data: newDatabase()}
	s.Restart()
	tb.Cleanup(s.Stop)
	return s
}

// Address is host:port. It stays the same over Stop and Restart.
func (s *Server) Address() string { return s.address }

// Port is the port of Address.
func (s *Server) Port() int {
	_, port, err := net.SplitHostPort(s.address)
	require.NoError(s.tb, err)
	n, err := strconv.Atoi(port)
	require.NoError(s.tb, err)
	return n
}

// Stop ends the server as a kill does: calls that run are cut off, nothing listens on the port any more.
func (s *Server) Stop() {
	s.running.Lock()
	defer s.running.Unlock()
	if s.grpc != nil {
		s.grpc.Stop()
		s.grpc = nil
	}
}

// Restart stops the server where it runs and starts it on the same port, with its data.
func (s *Server) Restart() {
	s.tb.Helper()
	s.Stop()
	s.running.Lock()
	defer s.running.Unlock()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", s.address)
	require.NoError(s.tb, err)
	s.address = listener.Addr().String()
	s.lines = &lines{Listener: listener, open: map[string]net.Conn{}}
	s.grpc = s.serve(s.lines)
}

// Erase forgets all collections and aliases, as a server does that comes back with an empty disk.
func (s *Server) Erase() { s.data.erase() }

func (s *Server) serve(l *lines) *grpc.Server {
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(math.MaxInt32), // a real server has no limit
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
		grpc.ChainUnaryInterceptor(s.authenticate, check, func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			return s.faults.around(ctx, l, request, info, handler)
		}),
	}
	if s.options.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(s.options.TLS)))
	}
	server := grpc.NewServer(options...)
	qdrant.RegisterQdrantServer(server, &health{version: s.options.Version})
	qdrant.RegisterCollectionsServer(server, &collections{data: s.data})
	qdrant.RegisterPointsServer(server, &points{data: s.data})
	qdrant.RegisterSnapshotsServer(server, &snapshots{data: s.data})
	go func() { _ = server.Serve(l) }() // ends with the listener
	return server
}
