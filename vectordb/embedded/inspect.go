package embedded

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"

	"github.com/sightline-search/sightline"
)

// Problem is something that is wrong with an index.
type Problem struct {
	What     string `json:"what"`
	Count    int    `json:"count"`
	Example  string `json:"example"` // one of them
	Repaired bool   `json:"repaired"`
	Hint     string `json:"hint,omitempty"` // what to do about it
}

// Check looks for everything that can be wrong with the index in the folder: whether SQLite finds its file whole, and whether
// what it holds belongs together. repair takes out what does not, as its writer: an image that loses its features stays
// known. Other programs may go on reading.
func Check(ctx context.Context, dir string, repair bool) ([]Problem, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeInvalid, "index folder %q: %w", dir, err)
	}
	s := &Store{dir: absolute}
	var problems []Problem
	if repair {
		err = s.openWriter(ctx)
	}
	if err == nil {
		problems, err = s.check(ctx, repair)
	}
	return problems, errors.Join(s.explain(err, "check"), s.Close())
}

func (s *Store) check(ctx context.Context, repair bool) (problems []Problem, err error) {
	db, err := s.reader(ctx)
	if err != nil || db == nil {
		return nil, err
	}
	damage, err := sqliteProblems(ctx, db)
	if err != nil || len(damage) > 0 {
		return notWhole(damage), err // what else it holds cannot be believed
	}
	for _, inspect := range inspections {
		found, err := inspect(ctx, db)
		if err != nil {
			return problems, err
		}
		for _, f := range found {
			if repair {
				if err := s.repair(ctx, f); err != nil {
					return problems, err
				}
			}
			f.Repaired = repair
			problems = append(problems, f.Problem)
		}
	}
	return problems, nil
}

// sqliteProblems asks SQLite whether the file is whole; at most 10 answers.
func sqliteProblems(ctx context.Context, db *sql.DB) (problems []string, err error) {
	err = each(ctx, db, `PRAGMA integrity_check(10)`, nil, func(rows *sql.Rows) (bool, error) {
		var answer string
		err := rows.Scan(&answer)
		if answer != "ok" {
			problems = append(problems, answer)
		}
		return true, err
	})
	return problems, err
}

func notWhole(damage []string) []Problem {
	if len(damage) == 0 {
		return nil
	}
	return []Problem{{
		What: "damage of the database file", Count: len(damage), Example: damage[0],
		Hint: "put back a backup (sightline restore), or move the folder away and index again; your images are not touched",
	}}
}

// amiss is a problem with the rows that it is about.
type amiss struct {
	Problem
	rows []badRow
	mend func(c *change, row badRow) error
}

// badRow is one row that must not be as it is: its number, or its name where it has none.
type badRow struct {
	number int64
	name   string
}

// repairBatch is how many rows are mended in one commit.
const repairBatch = 1000

func (s *Store) repair(ctx context.Context, a amiss) error {
	for len(a.rows) > 0 {
		some := a.rows[:min(repairBatch, len(a.rows))]
		a.rows = a.rows[len(some):]
		err := s.change(ctx, "repair", func(c *change) error {
			for _, row := range some {
				if err := a.mend(c, row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
