package migrations_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/migrations"
)

// collections is a store without transactions: names of collections, and the record of steps in a document of one.
type collections struct {
	names  map[string]bool
	record []byte
	broken error // of the next Save
}

func (c *collections) Load(context.Context) ([]byte, error) { return c.record, nil }

func (c *collections) Save(_ context.Context, data []byte) error {
	if err := c.broken; err != nil {
		c.broken = nil
		return err
	}
	c.record = data
	return nil
}

func (c *collections) list() []string { return slices.Sorted(maps.Keys(c.names)) }

// changes is a layout that has changed twice. Its steps can be made again.
func changes(backups *[]int) migrations.PlanFor[*collections] {
	return migrations.PlanFor[*collections]{
		Steps: []migrations.StepFor[*collections]{
			{
				Name: "images", Up: func(_ context.Context, c *collections) error { c.names["images"] = true; return nil },
				Down: func(_ context.Context, c *collections) error { delete(c.names, "images"); return nil },
			},
			{Name: "images by generation", Up: func(_ context.Context, c *collections) error {
				delete(c.names, "images")
				c.names["images-1"] = true
				return nil
			}},
		},
		Backup: func(_ context.Context, version int) error {
			*backups = append(*backups, version)
			return nil
		},
	}
}

func TestStoresWithoutTransactions(t *testing.T) {
	var backups []int
	c, plan := &collections{names: map[string]bool{}}, changes(&backups)
	ledger := migrations.Documented(c, c)
	status, err := plan.Read(t.Context(), ledger)
	require.NoError(t, err)
	assert.Zero(t, status.Version)
	require.NoError(t, plan.UpTo(t.Context(), ledger, 1))
	assert.Equal(t, []string{"images"}, c.list())
	assert.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(plan.UpUnasked(t.Context(), ledger)), "not without a backup")
	assert.Empty(t, backups)

	c.broken = errors.New("the power went between the step and its record")
	require.Error(t, plan.Up(t.Context(), ledger))
	status, err = plan.Read(t.Context(), ledger)
	require.NoError(t, err)
	assert.Equal(t, []string{"images by generation"}, status.Pending)
	require.NoError(t, plan.Up(t.Context(), ledger), "the step is made again")
	assert.Equal(t, []string{"images-1"}, c.list())
	assert.Equal(t, []int{1, 1}, backups)
	require.NoError(t, plan.UpUnasked(t.Context(), ledger), "nothing is left to do")

	assert.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(plan.Down(t.Context(), ledger, 0)))
	assert.Equal(t, []string{"images-1"}, c.list(), "nothing is taken back when not all can be")
	older := plan
	older.Steps = plan.Steps[:1]
	_, err = older.Read(t.Context(), ledger)
	assert.Equal(t, sightline.CodeIndexVersion, sightline.CodeOf(err), "a newer layout than the program knows")

	c.record = []byte("noise")
	_, err = plan.Read(t.Context(), ledger)
	assert.Equal(t, sightline.CodeIndexCorrupt, sightline.CodeOf(err))
}

func TestTakingBackIsBackedUp(t *testing.T) {
	var backups []int
	c, plan := &collections{names: map[string]bool{}}, changes(&backups)
	ledger := migrations.Documented(c, c)
	require.NoError(t, plan.UpTo(t.Context(), ledger, 1))
	require.NoError(t, plan.Down(t.Context(), ledger, 1), "nothing to do")
	assert.Empty(t, backups)
	require.NoError(t, plan.Down(t.Context(), ledger, 0))
	assert.Equal(t, []int{1}, backups)
	assert.Empty(t, c.list())
	status, err := plan.Read(t.Context(), ledger)
	require.NoError(t, err)
	assert.Zero(t, status.Version)
}
