package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/migrations"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
	"github.com/sightline-search/sightline/vectordb/qdrant"
)

func newMigrateCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "The layout of the stored index: where it stands, up to date, back",
		Long: `The layout of an index has a version, and named steps lead from each version to the next. Commands that write bring an older
index up to date by themselves where that can be taken back; 'migrate up' does it alone, and makes a backup before a step
that cannot. 'migrate down' is for going back to an older Sightline; it always makes a backup.`,
		Args: needsCommand,
		RunE: noCommand,

		SuggestionsMinimumDistance: 2,
	}
	cmd.AddCommand(newMigrateStatus(a), newMigrateUp(a), newMigrateDown(a))
	return cmd
}

func newMigrateStatus(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "The layout version, and the steps that are still to come",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.runMigrateStatus(cmd.Context()) },
	}
}

func newMigrateUp(a *app) *cobra.Command {
	var to int
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Bring the layout up to date",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.runMigrate(cmd.Context(), layout.Up, to, true) },
	}
	cmd.Flags().IntVar(&to, "to", 0, "stop at version `N` (0: the newest)")
	return cmd
}

func newMigrateDown(a *app) *cobra.Command {
	var to int
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Take steps back, for an older Sightline",
		Long: `Takes the last step back, or all down to --to, after a backup. What a step has added is lost by that; the backup has it. The
next command of this version that writes brings the index up to date again.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runMigrate(cmd.Context(), layout.Down, to, false) },
	}
	cmd.Flags().IntVar(&to, "to", 0, "go back to version `N` (0: one step)")
	return cmd
}

// layout is the stored layout of an index, whatever keeps it.
type layout interface {
	Status(ctx context.Context) (migrations.Status, error)
	Newest() int
	Up(ctx context.Context, to int) (backup string, err error)
	Down(ctx context.Context, to int) (backup string, err error)
	Close() error
}

// withLayout opens the layout of an index that is there.
func (a *app) withLayout(ctx context.Context, mode vectordb.Mode, work func(layout) error) error {
	l, err := a.openLayout(ctx, mode)
	if err != nil {
		return err
	}
	return errors.Join(work(l), l.Close())
}

func (a *app) openLayout(ctx context.Context, mode vectordb.Mode) (layout, error) {
	if err := a.needIndex(); err != nil {
		return nil, err
	}
	if !a.Qdrant() {
		return opened(embedded.OpenLayout(ctx, a.IndexDir(), mode))
	}
	options, err := a.qdrantOptions(mode)
	if err != nil {
		return nil, err
	}
	return opened(qdrant.OpenLayout(ctx, options))
}

// opened keeps a nil pointer from becoming a layout that is not nil.
func opened[L layout](l L, err error) (layout, error) {
	if err != nil {
		return nil, err
	}
	return l, nil
}

// migrateAnswer is migrate --json.
type migrateAnswer struct {
	Version int                  `json:"version"`
	Newest  int                  `json:"newest"` // that this program knows
	Applied []migrations.Applied `json:"applied"`
	Pending []string             `json:"pending"`
	Backup  string               `json:"backup,omitempty"` // the copy that was made first
}

func (a *app) runMigrateStatus(ctx context.Context) error {
	return a.withLayout(ctx, vectordb.ReadOnly, func(l layout) error { return a.printLayout(ctx, l, "") })
}

// runMigrate changes the layout and tells where it stands then.
func (a *app) runMigrate(ctx context.Context, move func(l layout, ctx context.Context, to int) (string, error), to int, up bool) error {
	return a.withLayout(ctx, vectordb.ReadWrite, func(l layout) error {
		status, err := l.Status(ctx)
		if err != nil {
			return err
		}
		switch {
		case to == 0 && up:
			to = l.Newest()
		case to == 0:
			to = max(1, status.Version-1)
		}
		if to < 1 || to > l.Newest() {
			return sightline.Errorf(sightline.CodeInvalid, "--to is %d: it must be a version from 1 to %d", to, l.Newest()).WithParam("to")
		}
		backup, err := move(l, ctx, to)
		if backup != "" {
			a.say("a backup of what was there is in %s", printable(backup))
		}
		if err != nil {
			return err
		}
		return a.printLayout(ctx, l, backup)
	})
}

func (a *app) printLayout(ctx context.Context, l layout, backup string) error {
	status, err := l.Status(ctx)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(migrateAnswer{status.Version, l.Newest(), status.Applied, append([]string{}, status.Pending...), backup})
	}
	rows := [][]string{}
	for _, s := range status.Applied {
		rows = append(rows, []string{fmt.Sprint(s.Version), s.Name, applied(s.At)})
	}
	for i, name := range status.Pending {
		rows = append(rows, []string{fmt.Sprint(status.Version + i + 1), name, "pending"})
	}
	return a.printTable(rows)
}

// applied tells when a step was made; of an index from before steps were recorded that is not known.
func applied(at time.Time) string {
	if at.IsZero() {
		return "applied"
	}
	return "applied " + at.Format("2006-01-02 15:04:05 MST")
}
