// Package migrations changes stored layouts: an ordered list of named steps, each applied whole or not at all and
// recorded in the database itself. A step can be taken back, or the database is backed up before it. It must not know
// what the layouts hold; the drivers bring the steps.
package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/sightline-search/sightline"
)

// Step is one change of the layout. Its version is its place in the list, counted from 1.
type Step struct {
	Name string // short and lasting: it is recorded
	// Up makes the change. It runs in a transaction together with the record of it.
	Up func(ctx context.Context, tx *sql.Tx) error
	// Down takes the change back; nil when that cannot be done without loss. Then a backup is made before Up.
	Down func(ctx context.Context, tx *sql.Tx) error
}

// Plan is the history of one layout.
type Plan struct {
	Steps []Step // never reordered, never removed
	// Backup makes a copy of a database of the given version that a person can put back. It is called once, before the
	// first step that has no Down, and never for a database without any step. nil when no step needs it.
	Backup func(ctx context.Context, version int) error
}

// Applied is a step that a database has gone through.
type Applied struct {
	Version int
	Name    string
	At      time.Time
}

// Status is where a database stands.
type Status struct {
	Version int       // the last applied step; 0 for a database without any
	Applied []Applied // in order
	Pending []string  // names of the steps still to come, in order
}

// Read tells where the database stands; it changes nothing. A database with steps that the plan does not know, or knows
// under other names, is an error with CodeIndexVersion.
func (p Plan) Read(ctx context.Context, db *sql.DB) (Status, error) {
	applied, err := history(ctx, db)
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

// Up applies every pending step in order. A step that fails, or is interrupted, leaves the database as the step before
// it did. One process at a time may call it.
func (p Plan) Up(ctx context.Context, db *sql.DB) error {
	status, err := p.Read(ctx, db)
	if err != nil {
		return err
	}
	backedUp := status.Version == 0
	for version := status.Version + 1; version <= len(p.Steps); version++ {
		step := p.Steps[version-1]
		if step.Down == nil && !backedUp {
			if err := p.backup(ctx, version-1); err != nil {
				return fmt.Errorf("back up before step %d (%s): %w", version, step.Name, err)
			}
			backedUp = true
		}
		if err := apply(ctx, db, version, step); err != nil {
			return fmt.Errorf("step %d (%s): %w", version, step.Name, err)
		}
	}
	return nil
}

func (p Plan) backup(ctx context.Context, version int) error {
	if p.Backup == nil {
		return errors.New("this layout has no backup")
	}
	return p.Backup(ctx, version)
}

// Down takes the steps above the version back, the last one first. A step without Down is an error with
// CodeIndexVersion, and what was taken back before it stays so.
func (p Plan) Down(ctx context.Context, db *sql.DB, to int) error {
	status, err := p.Read(ctx, db)
	if err != nil {
		return err
	}
	for version := status.Version; version > to; version-- {
		step := p.Steps[version-1]
		if step.Down == nil {
			return sightline.Errorf(sightline.CodeIndexVersion, "step %d (%s) cannot be taken back", version, step.Name).
				WithHint("put back the backup that was made before it")
		}
		if err := takeBack(ctx, db, version, step); err != nil {
			return fmt.Errorf("take back step %d (%s): %w", version, step.Name, err)
		}
	}
	return nil
}

// recognise checks that the applied steps are the first ones of the plan.
func (p Plan) recognise(applied []Applied) error {
	if len(applied) > len(p.Steps) {
		return sightline.Errorf(sightline.CodeIndexVersion,
			"the index has layout version %d, this program knows versions up to %d", len(applied), len(p.Steps)).
			WithHint("use the newer version of Sightline that wrote it")
	}
	for i, a := range applied {
		if a.Version != i+1 || a.Name != p.Steps[i].Name {
			return sightline.Errorf(sightline.CodeIndexVersion,
				"the index records layout step %d as %d (%s), this program as %q", i+1, a.Version, a.Name, p.Steps[i].Name).
				WithHint("use the version of Sightline that wrote it")
		}
	}
	return nil
}
