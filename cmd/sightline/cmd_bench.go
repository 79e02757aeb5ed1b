package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline/internal/bench"
)

func newBenchCommand(a *app) *cobra.Command {
	var o bench.Options
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure this machine's speed, as ratios taken side by side",
		Long: `Measures how fast this machine is at what Sightline does, and beside each figure what it is compared with: ratios carry
over to other machines, milliseconds do not. Forms that are compared run in turn, and the cheapest run of each counts.
It works in a temporary folder and leaves your index alone.`,
		Example: "  sightline bench --only decoder,features --repeat 10\n  sightline bench --json",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runBench(cmd.Context(), o) },
	}
	cmd.Flags().StringSliceVar(&o.Only, "only", nil, "measure these `SECTIONS` only, with commas between them: "+strings.Join(bench.Names(), ", "))
	cmd.Flags().IntVar(&o.Repeat, "repeat", 5, "runs of everything that is compared")
	return cmd
}

func (a *app) runBench(ctx context.Context, o bench.Options) (err error) {
	o.Note, o.Library = a.say, a.ORTLibrary
	if o.Program, err = executablePath(); err != nil {
		return err
	}
	if o.Bundle, err = a.findBundle(); err != nil {
		return err
	}
	report, err := bench.Run(ctx, o)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(report)
	}
	return a.printTable(report.Rows(o))
}
