package qdrant

import (
	"context"
	"time"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
)

// snapshotLimit is how long the copy of one collection may take: the server writes all of it into one file.
const snapshotLimit = 6 * time.Hour

// snapshots lets the server copy every collection of the index and names the copies as collection/file. The writer's lease
// is held meanwhile, so that they belong together; the state is copied last.
func (s *Store) snapshots(ctx context.Context) (made []string, err error) {
	st, err := s.readState(ctx)
	if err != nil {
		return nil, err
	}
	names, err := s.collections(ctx, st.serving)
	if err != nil {
		return nil, err
	}
	for _, name := range append(names[1:], s.meta()) {
		if err := s.wholeHere(ctx, name); missing(err) {
			continue // nothing has been stored there yet
		} else if err != nil {
			return made, err
		}
		copied, err := ask(ctx, s.server, snapshotLimit, func(ctx context.Context) (*api.SnapshotDescription, error) {
			return s.server.client.CreateSnapshot(ctx, name)
		})
		if err != nil {
			return made, s.server.explain(err, "make a snapshot")
		}
		made = append(made, name+"/"+copied.GetName())
	}
	return made, nil
}

// wholeHere refuses a collection of which the server holds a part only: its snapshot would be of that part.
func (s *Store) wholeHere(ctx context.Context, name string) error {
	info, err := ask(ctx, s.server, readLimit, func(ctx context.Context) (*api.CollectionClusterInfoResponse, error) {
		return s.server.client.GetCollectionClusterInfo(ctx, name)
	})
	if err != nil || len(info.GetRemoteShards()) == 0 {
		return err
	}
	return sightline.Errorf(sightline.CodeIndexVersion, "%d shards of %s lie on other servers, of which %s makes no snapshot",
		len(info.GetRemoteShards()), name, s.server.where).
		WithHint("let the older Sightline `copy` the index into a folder, and this one from there under a new prefix")
}
