package qdrant

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/metadata"

	"github.com/sightline-search/sightline"
)

// What the client library's defaults are not made for: an answer may hold the patches of hundreds of images; after the
// server is back a call must find it within a second; one connection is enough, because gRPC runs calls on it side by side.
const (
	largestAnswer    = 128 << 20 // bytes
	reconnectFirst   = 200 * time.Millisecond
	reconnectMost    = time.Second
	connectPatience  = 2 * time.Second
	keepAliveEvery   = 10 // seconds
	keepAliveAnswer  = 5  // seconds: a server that is busy with an index may take longer than the library's 2
	readerPatience   = time.Second
	writerPatience   = 30 * time.Second
	healthPatience   = 5 * time.Second
	connectionsInUse = 1
)

// server is the connection to one.
type server struct {
	client   *api.Client
	where    string
	version  string
	patience time.Duration // how long a call is tried again while the server cannot be reached
}

// connect dials the server and refuses versions that do not fit.
func connect(ctx context.Context, o Options) (*server, error) {
	warn := o.Warn
	if warn == nil {
		warn = func(string) {}
	}
	if err := checkKey(o); err != nil {
		return nil, err
	}
	config := &api.Config{
		Host: o.Target.Host, Port: o.Target.Port, UseTLS: o.Target.TLS,
		SkipCompatibilityCheck: true, // it would only write to the log
		PoolSize:               connectionsInUse, KeepAliveTime: keepAliveEvery, KeepAliveTimeout: keepAliveAnswer,
		GrpcOptions: []grpc.DialOption{
			sendKey(o.APIKey),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(largestAnswer), grpc.MaxCallSendMsgSize(largestAnswer)),
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff:           backoff.Config{BaseDelay: reconnectFirst, Multiplier: 1.6, Jitter: 0.2, MaxDelay: reconnectMost},
				MinConnectTimeout: connectPatience,
			}),
		},
	}
	if o.Roots != nil {
		config.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: o.Roots}
	}
	client, err := api.NewClient(config)
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeInvalid, "connect to %s: %w", o.Target, err).WithParam("store")
	}
	s := &server{client: client, where: o.Target.String(), patience: readerPatience}
	if err := s.checkVersion(ctx, warn); err != nil {
		_ = client.Close() // nothing is under way
		return nil, err
	}
	return s, nil
}

// sendKey adds the key to every call. The library would do that, too, and write a warning to the log whenever the server
// is on this machine and needs no TLS.
func sendKey(key string) grpc.DialOption {
	return grpc.WithChainUnaryInterceptor(func(
		ctx context.Context, method string, request, reply any, c *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
	) error {
		if key != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "api-key", key)
		}
		return invoke(ctx, method, request, reply, c, options...)
	})
}

// checkKey refuses to send a key in the clear over a network.
func checkKey(o Options) error {
	if o.APIKey == "" || o.Target.TLS || o.Target.local() {
		return nil
	}
	return sightline.Errorf(sightline.CodeInvalid, "the Qdrant key would be sent to %s without encryption", o.Target.Host).
		WithParam("store").WithHint("turn TLS on in the server and write qdrants://, or reach the server through 127.0.0.1")
}

// The versions of servers that the client library speaks to, and those that this driver was tested with.
const (
	versionMajor                = 1
	oldestMinor, newestMinor    = 16, 18
	whatFits                    = "1.16 to 1.18"
	conditionalUpsertsSinceHint = "older ones do not know conditional writes, on which one writer at a time rests"
)

// checkVersion refuses servers that are too old to be written to safely, and warns of newer ones.
func (s *server) checkVersion(ctx context.Context, warn func(string)) error {
	reply, err := ask(ctx, s, healthPatience, func(ctx context.Context) (*api.HealthCheckReply, error) {
		return s.client.HealthCheck(ctx)
	})
	if err != nil {
		return s.explain(err, "connect")
	}
	s.version = reply.GetVersion()
	v, err := api.ParseVersion(s.version)
	switch {
	case err != nil:
		warn(fmt.Sprintf("the server at %s says version %q, which says nothing; this program fits Qdrant %s", s.where, s.version, whatFits))
	case v.Major != versionMajor || v.Minor < oldestMinor:
		return sightline.Errorf(sightline.CodeIndexVersion, "the server at %s is Qdrant %s, this program fits %s", s.where, s.version, whatFits).
			WithParam("store").WithHint("use a server of one of these versions; %s", conditionalUpsertsSinceHint)
	case v.Minor > newestMinor:
		warn(fmt.Sprintf("the server at %s is Qdrant %s; this program was made for %s and may not fit", s.where, s.version, whatFits))
	}
	return nil
}
