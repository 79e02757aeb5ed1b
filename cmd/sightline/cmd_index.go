package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/progress"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

func newIndexCommand(a *app) *cobra.Command {
	var o index.AddOptions
	cmd := &cobra.Command{
		Use:   "index PATH...",
		Short: "Add, update, re-find moved and drop vanished images below the paths",
		Long: `Brings the index up to date with the paths (folders or image files): adds new images, updates changed ones, re-finds
moved ones, drops vanished ones. Unchanged files are not read again. It may be interrupted or killed at any moment;
running it again goes on from there. A bad file is listed with its reason and never stops the run.`,
		Example: "  sightline index ~/Pictures",
		Args:    atLeastOne("nothing to index: name folders or image files, for example: sightline index ~/Pictures"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runIndex(cmd, args, o) },
	}
	cmd.Flags().IntVar(&o.Workers, "workers", 0, "decode `N` files at the same time (0: one a core)")
	cmd.Flags().IntVar(&o.Batch, "batch", 0, "encode `N` images in one run of the model (0: 4)")
	return cmd
}

func (a *app) runIndex(cmd *cobra.Command, paths []string, o index.AddOptions) error {
	if o.Workers < 0 || o.Batch < 0 {
		return usageError{errors.New("--workers and --batch must be 0 or more")}
	}
	bar := a.progress("indexing", "files") // first: loading the model takes seconds
	defer bar.Finish()
	e, err := a.openEngine(embedded.ReadWrite)
	if err != nil {
		return err
	}
	defer e.Close()
	told := map[string]bool{}
	o.Encoders, o.Progress = a.Threads, follow(bar, told)
	report, err := e.index.Add(cmd.Context(), paths, o)
	bar.Finish()
	for _, bad := range report.Failed {
		if !told[bad.Path] {
			a.warn(badLine(bad))
		}
	}
	if err != nil {
		return err
	}
	if err := a.printReport(report); err != nil {
		return err
	}
	a.log.Debug("peak memory", slog.Int64("bytes", peakMemory()))
	if len(report.Failed) > 0 {
		return partialError{len(report.Failed), report.Seen}
	}
	return nil
}

// follow passes Add's state on to a reporter and notes which bad files it has told. Add calls it from one goroutine at
// a time.
func follow(bar progress.Reporter, told map[string]bool) func(index.AddProgress) {
	done := 0
	return func(p index.AddProgress) {
		bar.Total(p.Total)
		bar.Done(p.Done - done)
		done = p.Done
		if p.Bad != nil {
			told[p.Bad.Path] = true
			bar.Note(badLine(*p.Bad))
		}
	}
}

// indexAnswer is index --json.
type indexAnswer struct {
	index.AddReport
	PeakMemoryBytes int64 `json:"peak_memory_bytes"` // 0 where the system does not tell
}

func badLine(bad index.BadInput) string {
	return fmt.Sprintf("bad file %s: %s [%s]", printable(bad.Path), bad.Reason, bad.Code)
}

func (a *app) printReport(r index.AddReport) error {
	if a.JSON {
		return a.printJSON(indexAnswer{r, peakMemory()})
	}
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{
		{r.Added, "added"},
		{r.Updated, "updated"},
		{r.Moved, "moved"},
		{r.Duplicates, "duplicates"},
		{r.Unchanged, "unchanged"},
		{r.Removed, "removed"},
		{len(r.Failed), "failed"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing to do"}
	}
	a.printf("%s: %s; %.1f s", count(r.Seen, "file", "files"), strings.Join(parts, ", "), r.Seconds)
	if encoded := r.Added + r.Updated; encoded > 0 {
		a.printf(", %.1f images/s", float64(encoded)/max(r.Seconds, 1e-9))
	}
	a.printf("\n")
	return nil
}
