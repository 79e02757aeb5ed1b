package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline/index"
)

// reindexFlags are those of reindex.
type reindexFlags struct {
	workers  string // a number, or "redis"
	batch    int
	noSwitch bool
	partial  bool
}

func newReindexCommand(a *app) *cobra.Command {
	var f reindexFlags
	cmd := &cobra.Command{
		Use:   "reindex",
		Short: "Build the index anew with the current model, beside the old one, and switch",
		Long: `Encodes all indexed images with the current bundle into a new generation beside the one that serves, and lets the new one
answer when it is complete. Searches go on with the old one until then; it is kept until 'reindex drop'. It may be
interrupted or killed at any moment; running it again goes on from there. Images whose files are gone, unreadable or
changed are listed; then nothing is switched without --partial.`,
		Example: "  sightline reindex --bundle models/new\n  sightline reindex list\n  sightline reindex drop --retired",
		Args:    needsReindexCommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runReindex(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.workers, "workers", "0", "decode `N` files at the same time (0: one a core); redis shares the work with every machine that runs this command")
	cmd.Flags().IntVar(&f.batch, "batch", 0, "encode `N` images in one run of the model (0: 4)")
	cmd.Flags().BoolVar(&f.noSwitch, "no-switch", false, "build only; 'sightline reindex switch' or the next 'sightline reindex' switches")
	cmd.Flags().BoolVar(&f.partial, "partial", false, "switch although some images could not be encoded")
	cmd.AddCommand(newReindexList(a), newReindexSwitch(a), newReindexDrop(a))
	return cmd
}

// needsReindexCommand refuses words that are no command of reindex, which is one by itself, too.
func needsReindexCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return needsCommand(cmd, args)
}

// options reads the flags.
func (f reindexFlags) options() (o index.RebuildOptions, redis bool, err error) {
	o.Batch = f.batch
	if f.workers != "redis" {
		o.Workers, err = strconv.Atoi(f.workers)
	}
	switch {
	case err != nil || o.Workers < 0:
		return o, false, usageError{fmt.Errorf("--workers is %q: it must be a whole number of 0 or more, or redis", f.workers)}
	case o.Batch < 0:
		return o, false, usageError{errors.New("--batch must be 0 or more")}
	case f.partial && f.noSwitch:
		return o, false, usageError{errors.New("--partial says how to switch and --no-switch not to: give one of them")}
	}
	return o, f.workers == "redis", nil
}
