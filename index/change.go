package index

import (
	"context"
	"errors"

	"github.com/sightline-search/sightline/vectordb"
)

// changer makes one change of the store.
type changer func(ctx context.Context, work func(vectordb.Store) error) error

// change opens the store for writing, if it has to be, and only for one change: another process can write in between.
func (x *Index) change(ctx context.Context, work func(vectordb.Store) error) error {
	if err := x.takeTurn(ctx); err != nil {
		return err
	}
	defer x.endTurn()
	if x.openWriter == nil {
		return work(x.store)
	}
	writer, err := x.openWriter()
	if err != nil {
		return err
	}
	writer.Pin(x.model()) // what is written was made with it
	return errors.Join(work(writer), writer.Close())
}

// changeOwn is the changer of Add, whose turn it is.
func (x *Index) changeOwn(_ context.Context, work func(vectordb.Store) error) error {
	return work(x.store)
}

// takeTurn waits until nobody else of this process changes the store.
func (x *Index) takeTurn(ctx context.Context) error {
	select {
	case x.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (x *Index) endTurn() { <-x.turn }
