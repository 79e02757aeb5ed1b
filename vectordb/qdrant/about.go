package qdrant

import (
	"context"
	"fmt"
	"strings"

	api "github.com/qdrant/go-client/qdrant"
)

// About is what a server says of itself and of an index.
type About struct {
	Version     string
	Collections []Collection // of the index, by name
	Writer      string       // "process 12 on host"; "" for none
}

// Collection is one of an index.
type Collection struct {
	Name   string
	Points int    // versions that are not needed any more among them
	Status string // "green": ready, "yellow": its index is being built, "red": it fails
}

// About asks the server.
func (s *Store) About(ctx context.Context) (about About, err error) {
	about.Version = s.server.version
	err = s.read(ctx, "look at the collections", func(v *view) error {
		names, err := s.collections(ctx, v.serving)
		if err != nil {
			return err
		}
		about.Collections = nil
		for _, name := range names {
			info, err := s.collection(ctx, name)
			if missing(err) {
				continue // nothing has been stored there yet
			}
			if err != nil {
				return err
			}
			about.Collections = append(about.Collections, Collection{name, int(info.GetPointsCount()), statusOf(info)})
		}
		h, err := s.readLease(ctx)
		about.Writer = ""
		if h.token != "" && !dead(h) {
			about.Writer = fmt.Sprintf("process %d on %s", h.pid, h.host)
		}
		return err
	})
	return about, err
}

func statusOf(info *api.CollectionInfo) string { return strings.ToLower(info.GetStatus().String()) }
