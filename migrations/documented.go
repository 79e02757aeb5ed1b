package migrations

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sightline-search/sightline"
)

// Document is one small value in a store that has no transactions, for the record of applied steps.
type Document interface {
	Load(ctx context.Context) ([]byte, error) // nil when there is none
	Save(ctx context.Context, data []byte) error
}

// Documented is the record in a document of a store. A change is recorded after it was made, so a kill between the two
// has the change made again.
func Documented[T any](doc Document, store T) Ledger[T] { return documented[T]{doc, store} }

type documented[T any] struct {
	doc   Document
	store T
}

func (l documented[T]) History(ctx context.Context) ([]Applied, error) {
	data, err := l.doc.Load(ctx)
	if err != nil || data == nil {
		return nil, err
	}
	var applied []Applied
	if err := json.Unmarshal(data, &applied); err != nil {
		return nil, sightline.Errorf(sightline.CodeIndexCorrupt, "the record of layout steps is damaged: %w", err).
			WithHint("put back a backup")
	}
	return applied, nil
}

func (l documented[T]) Apply(ctx context.Context, version int, name string, change func(context.Context, T) error) error {
	if err := change(ctx, l.store); err != nil {
		return err
	}
	return l.record(ctx, version, func(before []Applied) []Applied {
		return append(before, Applied{Version: version, Name: name, At: time.Now().UTC().Truncate(time.Second)})
	})
}

func (l documented[T]) TakeBack(ctx context.Context, version int, change func(context.Context, T) error) error {
	if err := change(ctx, l.store); err != nil {
		return err
	}
	return l.record(ctx, version, func(before []Applied) []Applied { return before })
}

// record writes the record anew: the steps before the version, and what after makes of them.
func (l documented[T]) record(ctx context.Context, version int, after func(before []Applied) []Applied) error {
	applied, err := l.History(ctx)
	if err != nil {
		return err
	}
	data, err := json.Marshal(after(applied[:min(version-1, len(applied))]))
	if err != nil {
		return fmt.Errorf("record layout step %d: %w", version, err)
	}
	return l.doc.Save(ctx, data)
}
