package embedded

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/vectordb"
)

// TestInterruptedWrite cuts a write off between two of its statements: whatever the database then says in its own words
// (that a statement is closed, that the transaction is over), the caller hears that it was interrupted.
func TestInterruptedWrite(t *testing.T) {
	opened, err := Open(filepath.Join(t.TempDir(), "index"), ReadWrite)
	require.NoError(t, err)
	s := opened.(*Store)
	defer s.Close()
	require.NoError(t, s.SetModel(t.Context(), vectordb.Model{Name: "m", Feature: "f"}))
	said := map[string]bool{}
	for range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		err := s.change(ctx, "store images", func(c *change) error {
			cancel()
			for {
				if _, err := c.tx.ExecContext(t.Context(), `UPDATE images SET id = id`); err != nil {
					said[err.Error()] = true
					return err
				}
			}
		})
		require.ErrorIs(t, err, context.Canceled)
	}
	require.Contains(t, said, sql.ErrTxDone.Error(), "the database said something else than this test is for")
	require.NoError(t, s.SetModel(t.Context(), vectordb.Model{Name: "m", Feature: "f"}), "the next write works")
}
