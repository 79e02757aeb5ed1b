package qdranttest

import (
	"context"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type health struct {
	qdrant.UnimplementedQdrantServer
	version string
}

func (h *health) HealthCheck(context.Context, *qdrant.HealthCheckRequest) (*qdrant.HealthCheckReply, error) {
	return &qdrant.HealthCheckReply{Title: "qdrant - vector search engine", Version: h.version}, nil
}

// authenticate asks every call but HealthCheck for the key.
func (s *Server) authenticate(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if s.options.APIKey != "" && info.FullMethod != qdrant.Qdrant_HealthCheck_FullMethodName {
		sent, _ := metadata.FromIncomingContext(ctx)
		switch keys := sent.Get("api-key"); {
		case len(keys) == 0:
			return nil, status.Error(codes.Unauthenticated, "Must provide an API key or an Authorization bearer token")
		case keys[0] != s.options.APIKey:
			return nil, status.Error(codes.Unauthenticated, "Invalid API key or JWT")
		}
	}
	return handler(ctx, request)
}
