package qdranttest

import (
	"context"
	"slices"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// snapshots serves qdrant.Snapshots, as far as making and listing the copies of a collection goes: restoring one is not in
// the protocol, it goes over HTTP.
type snapshots struct {
	qdrant.UnimplementedSnapshotsServer
	data *database
}

// Create makes a copy. As on a server it is named after the second: a later one of the same second replaces it.
func (s *snapshots) Create(_ context.Context, r *qdrant.CreateSnapshotRequest) (reply *qdrant.CreateSnapshotResponse, err error) {
	now := time.Now().UTC()
	err = s.data.change(r.GetCollectionName(), func(c *collection) error {
		name := c.config.GetCollectionName() + now.Format("-2006-01-02-15-04-05") + ".snapshot"
		made := &qdrant.SnapshotDescription{Name: name, CreationTime: timestamppb.New(now), Size: int64(len(c.points))}
		c.copies = slices.DeleteFunc(slices.Clone(c.copies), func(d *qdrant.SnapshotDescription) bool { return d.GetName() == name })
		c.copies = append(c.copies, made)
		reply = &qdrant.CreateSnapshotResponse{SnapshotDescription: made}
		return nil
	})
	return reply, err
}

func (s *snapshots) List(_ context.Context, r *qdrant.ListSnapshotsRequest) (*qdrant.ListSnapshotsResponse, error) {
	return read(s.data, r.GetCollectionName(), func(c *collection) (*qdrant.ListSnapshotsResponse, error) {
		return &qdrant.ListSnapshotsResponse{SnapshotDescriptions: c.copies}, nil
	})
}

// CollectionClusterInfo says which shards of a collection lie elsewhere: none, unless the test has said so.
func (s *collections) CollectionClusterInfo(_ context.Context, r *qdrant.CollectionClusterInfoRequest) (*qdrant.CollectionClusterInfoResponse, error) {
	return read(s.data, r.GetCollectionName(), func(c *collection) (*qdrant.CollectionClusterInfoResponse, error) {
		return &qdrant.CollectionClusterInfoResponse{ShardCount: uint64(1 + len(c.afar)), LocalShards: []*qdrant.LocalShardInfo{{}}, RemoteShards: c.afar}, nil
	})
}

// Spread lets every collection that is there have a shard on another server.
func (s *Server) Spread() {
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	for _, c := range s.data.collections {
		c.afar = []*qdrant.RemoteShardInfo{{ShardId: 1, PeerId: 2}}
	}
}
