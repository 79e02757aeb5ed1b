// Package migrations changes stored layouts: an ordered list of named steps, each recorded in the store that it has changed.
// A step can be taken back, or the store is backed up before it. It must not know what the layouts hold; the drivers
// bring the steps, and what a step works on: a transaction of SQLite, or the collections of a server.
package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/sightline-search/sightline"
)

// StepFor is one change of the layout of a store that is changed through a T. Its version is its place in the list,
// counted from 1.
type StepFor[T any] struct {
	Name string // short and lasting: it is recorded
	// Up makes the change. Where the store has transactions it runs in one together with the record of it; where it has
	// none it may run again after a kill, and must bear that.
	Up func(ctx context.Context, store T) error
	// Down takes the change back, under the same rules; nil when that cannot be done. Then a backup is made before Up.
	Down func(ctx context.Context, store T) error
}

// PlanFor is the history of one layout.
type PlanFor[T any] struct {
	Steps []StepFor[T] // never reordered, never removed
	// Backup makes a copy of a store of the given version that a person can put back. It is called once before the first
	// step that has no Down, and before anything is taken back; never for a store without any step. nil when there is
	// no backup: then those steps are refused, and steps are taken back without one.
	Backup func(ctx context.Context, version int) error
}

// Step is a change of a SQLite file.
type Step = StepFor[*sql.Tx]

// Plan is the history of a SQLite file.
type Plan = PlanFor[*sql.Tx]

// Ledger is the record of applied steps in the store itself. SQL and Documented make one.
type Ledger[T any] interface {
	// History gives the applied steps in order; none for a store that has not been set up.
	History(ctx context.Context) ([]Applied, error)
	// Apply makes a change and records it: both or neither where the store has transactions, otherwise the record last.
	Apply(ctx context.Context, version int, name string, change func(ctx context.Context, store T) error) error
	// TakeBack makes a change and strikes the last step off the record, in the same way.
	TakeBack(ctx context.Context, version int, change func(ctx context.Context, store T) error) error
}

// Applied is a step that a store has gone through.
type Applied struct {
	Version int       `json:"version"`
	Name    string    `json:"name"`
	At      time.Time `json:"applied_at,omitzero"` // zero where it is not known
}

// Status is where a store stands.
type Status struct {
	Version int       // the last applied step; 0 for a store without any
	Applied []Applied // in order
	Pending []string  // names of the steps still to come, in order
}

// Read tells where the store stands; it changes nothing. A store with steps that the plan does not know, or knows under
// other names, is an error with CodeIndexVersion.
func (p PlanFor[T]) Read(ctx context.Context, l Ledger[T]) (Status, error) {
	applied, err := l.History(ctx)
	if err != nil {
		return Status{}, err
	}
	if err := p.recognise(applied); err != nil {
		return Status{}, err
	}
	s := Status{Version: len(applied), Applied: applied}
	for _, step := range p.Steps[len(applied):] {
		s.Pending = append(s.Pending, step.Name)
	}
	return s, nil
}

// Up applies every pending step in order. A step that fails, or is interrupted, leaves the store as the step before it
// did. One process at a time may call it.
func (p PlanFor[T]) Up(ctx context.Context, l Ledger[T]) error { return p.UpTo(ctx, l, len(p.Steps)) }

// UpUnasked is Up for a program that opens a store to do something else: it refuses, with CodeIndexVersion, steps that
// cannot be taken back in a store that holds something already. A person has to ask for those.
func (p PlanFor[T]) UpUnasked(ctx context.Context, l Ledger[T]) error {
	status, err := p.Read(ctx, l)
	if err != nil {
		return err
	}
	for i := status.Version; i < len(p.Steps) && status.Version > 0; i++ {
		if step := p.Steps[i]; step.Down == nil {
			return sightline.Errorf(sightline.CodeIndexVersion, "step %d (%s) of the index's layout cannot be taken back", i+1, step.Name).
				WithHint("run `sightline migrate up` once: it makes a backup first")
		}
	}
	return p.Up(ctx, l)
}

// UpTo is Up to a version.
func (p PlanFor[T]) UpTo(ctx context.Context, l Ledger[T], to int) error {
	status, err := p.Read(ctx, l)
	if err != nil {
		return err
	}
	backedUp := status.Version == 0
	for version := status.Version + 1; version <= min(to, len(p.Steps)); version++ {
		step := p.Steps[version-1]
		if step.Down == nil && !backedUp {
			if err := p.backup(ctx, version-1); err != nil {
				return fmt.Errorf("back up before step %d (%s): %w", version, step.Name, err)
			}
			backedUp = true
		}
		if err := l.Apply(ctx, version, step.Name, step.Up); err != nil {
			return fmt.Errorf("step %d (%s): %w", version, step.Name, err)
		}
	}
	return nil
}

func (p PlanFor[T]) backup(ctx context.Context, version int) error {
	if p.Backup == nil {
		return errors.New("this layout has no backup")
	}
	return p.Backup(ctx, version)
}
