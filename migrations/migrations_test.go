package migrations_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/migrations"
)

func open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "test.db"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

func statement(s string) func(context.Context, *sql.Tx) error {
	return func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, s)
		return err
	}
}

// history is a layout that has changed three times; the second step cannot be taken back. It records backups in made.
func history(made *[]int) migrations.Plan {
	return migrations.Plan{
		Steps: []migrations.Step{
			{Name: "people", Up: statement(`CREATE TABLE people (name TEXT)`), Down: statement(`DROP TABLE people`)},
			{Name: "upper-case names", Up: statement(`UPDATE people SET name = upper(name)`)},
			{Name: "ages", Up: statement(`ALTER TABLE people ADD COLUMN age INTEGER`), Down: statement(`ALTER TABLE people DROP COLUMN age`)},
		},
		Backup: func(_ context.Context, version int) error {
			*made = append(*made, version)
			return nil
		},
	}
}

func upTo(version int, p migrations.Plan) migrations.Plan {
	p.Steps = p.Steps[:version]
	return p
}

func TestUpFromEveryVersion(t *testing.T) {
	for from := range 4 {
		t.Run(strconv.Itoa(from), func(t *testing.T) {
			db, backups := open(t), []int{}
			p := history(&backups)
			require.NoError(t, upTo(from, p).Up(t.Context(), migrations.SQL(db)))
			if from > 0 {
				_, err := db.ExecContext(t.Context(), `INSERT INTO people (name) VALUES ('ann')`)
				require.NoError(t, err)
			}
			status, err := p.Read(t.Context(), migrations.SQL(db))
			require.NoError(t, err)
			assert.Equal(t, from, status.Version)
			assert.Len(t, status.Pending, 3-from)

			require.NoError(t, p.Up(t.Context(), migrations.SQL(db)))
			require.NoError(t, p.Up(t.Context(), migrations.SQL(db)), "nothing is left to do")
			status, err = p.Read(t.Context(), migrations.SQL(db))
			require.NoError(t, err)
			assert.Equal(t, 3, status.Version)
			assert.Empty(t, status.Pending)
			for i, name := range []string{"people", "upper-case names", "ages"} {
				assert.Equal(t, i+1, status.Applied[i].Version)
				assert.Equal(t, name, status.Applied[i].Name)
				assert.False(t, status.Applied[i].At.IsZero())
			}
			if from > 0 {
				var name string
				require.NoError(t, db.QueryRowContext(t.Context(), `SELECT name FROM people WHERE age IS NULL`).Scan(&name))
				assert.Equal(t, map[int]string{1: "ANN", 2: "ann", 3: "ann"}[from], name)
			}
			wanted := []int{}
			if from == 1 { // only there is something to lose
				wanted = []int{1}
			}
			assert.Equal(t, wanted, backups)
		})
	}
}

func TestAnInterruptedStepLeavesNothing(t *testing.T) {
	db, backups := open(t), []int{}
	p := history(&backups)
	broken := errors.New("the power went")
	good := p.Steps[2].Up
	p.Steps[2].Up = func(ctx context.Context, tx *sql.Tx) error { return errors.Join(good(ctx, tx), broken) }
	err := p.Up(t.Context(), migrations.SQL(db))
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "step 3 (ages)")
	status, err := p.Read(t.Context(), migrations.SQL(db))
	require.NoError(t, err)
	require.Equal(t, 2, status.Version)
	_, err = db.ExecContext(t.Context(), `SELECT age FROM people`)
	require.Error(t, err, "the column of the failed step is not there")

	p.Steps[2].Up = good
	require.NoError(t, p.Up(t.Context(), migrations.SQL(db)))
}

func TestWithoutItsBackupAStepIsNotTaken(t *testing.T) {
	db, backups := open(t), []int{}
	p := history(&backups)
	require.NoError(t, upTo(1, p).Up(t.Context(), migrations.SQL(db)))
	full := errors.New("disk full")
	p.Backup = func(context.Context, int) error { return full }
	require.ErrorIs(t, p.Up(t.Context(), migrations.SQL(db)), full)
	status, err := p.Read(t.Context(), migrations.SQL(db))
	require.NoError(t, err)
	require.Equal(t, 1, status.Version)
}

func TestDown(t *testing.T) {
	db, backups := open(t), []int{}
	p := history(&backups)
	require.NoError(t, p.Up(t.Context(), migrations.SQL(db)))
	require.NoError(t, p.Down(t.Context(), migrations.SQL(db), 2))
	status, err := p.Read(t.Context(), migrations.SQL(db))
	require.NoError(t, err)
	require.Equal(t, []string{"ages"}, status.Pending)

	err = p.Down(t.Context(), migrations.SQL(db), 0)
	require.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(err))
	require.ErrorContains(t, err, "upper-case names")
	require.NoError(t, p.Up(t.Context(), migrations.SQL(db)), "and up again")
}

func TestForeignHistories(t *testing.T) {
	db, backups := open(t), []int{}
	p := history(&backups)
	require.NoError(t, p.Up(t.Context(), migrations.SQL(db)))
	for name, plan := range map[string]migrations.Plan{
		"newer":   upTo(2, p),
		"renamed": {Steps: append([]migrations.Step{{Name: "animals"}}, p.Steps[1:]...)},
	} {
		_, err := plan.Read(t.Context(), migrations.SQL(db))
		assert.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(err), name)
		assert.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(plan.Up(t.Context(), migrations.SQL(db))), name)
		assert.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(plan.Down(t.Context(), migrations.SQL(db), 0)), name)
	}
}

func TestReadChangesNothing(t *testing.T) {
	db := open(t)
	backups := []int{}
	status, err := history(&backups).Read(t.Context(), migrations.SQL(db))
	require.NoError(t, err)
	require.Zero(t, status.Version)
	var tables int
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT count(*) FROM sqlite_schema`).Scan(&tables))
	require.Zero(t, tables)
}
