package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/bench"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
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
	cmd.Flags().StringVar(&o.Images, "images", "", "take the images of this `FOLDER` (default: the sample gallery beside the program)")
	cmd.Flags().StringVar(&o.Dataset, "dataset", "", "features and steps: take the images and captions of this `FILE`, as eval reads it")
	cmd.Flags().IntVar(&o.MaxImages, "max-images", 10_000, "leave indexes of more than `N` images out; 100,000 take 5 GB of disk, 1,000,000 (retrieval only) 6")
	cmd.Flags().StringVar(&o.Python, "python", "", "compare with a pipeline in Python, run by this interpreter `FILE`")
	cmd.Flags().IntVar(&o.Repeat, "repeat", 5, "runs of everything that is compared")
	return cmd
}

// benchAnswer is bench --json: the figures, and the same as the table shows them.
type benchAnswer struct {
	*bench.Report
	Rows [][]string `json:"rows"`
}

func (a *app) runBench(ctx context.Context, o bench.Options) (err error) {
	o.Note, o.Library, o.OpenSubject = a.say, a.ORTLibrary, a.benchSubject
	o.Device, o.OnCard = a.Device, index.AddOptions{Encoders: cudaEncoders, Batch: cudaBatch}
	o.OpenStore = func(dir string) (vectordb.Store, error) { return embedded.Open(dir, embedded.ReadWrite) }
	if o.Program, err = executablePath(); err != nil {
		return err
	}
	if o.Bundle, err = a.findBundle(); err != nil {
		return err
	}
	if o.Images == "" {
		o.Images = filepath.Join(filepath.Dir(o.Program), "..", "gallery")
	}
	if o.Images, err = filepath.Abs(o.Images); err != nil {
		return err
	}
	before := loadBefore()
	report, err := bench.Run(ctx, o)
	if err != nil {
		return err
	}
	rows := slices.Concat(before, report.Rows(o))
	if a.JSON {
		return a.printJSON(benchAnswer{report, rows})
	}
	return a.printTable(rows)
}

// loadBefore tells how busy others keep the machine, where the system says.
func loadBefore() [][]string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return nil
	}
	load, _, _ := strings.Cut(string(text), " ")
	return [][]string{{"load average before", load, "of a quiet machine under 0.5; times are worth little over 1"}}
}
