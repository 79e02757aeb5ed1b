package main

import (
	"context"
	"fmt"

	"github.com/sightline-search/sightline/vectordb"
)

// examineGenerations tells about generations beside the one that answers: they take room.
func examineGenerations(ctx context.Context, f *finding, store vectordb.Store) error {
	list, err := store.Generations(ctx)
	for _, g := range list {
		switch g.State {
		case vectordb.Building:
			f.Lines = append(f.Lines, fmt.Sprintf("generation %s is being built for %s: %s so far", g.ID, g.Model.Name, count(g.Images, "image", "images")))
		case vectordb.Retired:
			f.Lines = append(f.Lines, fmt.Sprintf("generation %s of %s is kept, %s: sightline reindex drop %s", g.ID, g.Model.Name, bytesText(g.Bytes), g.ID))
		case vectordb.Serving:
		}
	}
	return err
}
