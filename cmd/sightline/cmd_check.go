package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline/vectordb/embedded"
)

func newCheckCommand(a *app) *cobra.Command {
	var repair bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Look for damage in everything that is stored",
		Long: `Reads the whole index: whether the database file is whole, whether every image has a file, every set of features an image, its
length and its size, every probability a value, every file name its words. The exit code is 1 when something is wrong. With
--repair what does not belong together is taken out or made anew; images whose features are taken out stay known, and
'sightline reindex' encodes them again.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runCheck(cmd.Context(), repair) },
	}
	cmd.Flags().BoolVar(&repair, "repair", false, "repair what can be repaired")
	return cmd
}

// checkAnswer is check --json.
type checkAnswer struct {
	OK       bool               `json:"ok"` // nothing is wrong, or not any more
	Problems []embedded.Problem `json:"problems"`
}

func (a *app) runCheck(ctx context.Context, repair bool) error {
	if err := a.needEmbedded("its own tools check it"); err != nil {
		return err
	}
	if err := a.needIndex(); err != nil {
		return err
	}
	problems, err := embedded.Check(ctx, a.IndexDir(), repair)
	if err != nil {
		return err
	}
	answer := checkAnswer{OK: true, Problems: append([]embedded.Problem{}, problems...)}
	for _, p := range problems {
		answer.OK = answer.OK && p.Repaired
	}
	if err := a.printCheck(answer); err != nil {
		return err
	}
	if !answer.OK {
		return errReported
	}
	return nil
}

func (a *app) printCheck(r checkAnswer) error {
	if a.JSON {
		return a.printJSON(r)
	}
	for _, p := range r.Problems {
		mark := markFail
		if p.Repaired {
			mark = "repaired"
		}
		a.printf("%-8s  %s: %d, for example %s\n", mark, p.What, p.Count, printable(p.Example))
		if p.Hint != "" {
			a.printf("%10s-> %s\n", "", p.Hint)
		}
	}
	if len(r.Problems) == 0 {
		a.printf("nothing is wrong\n")
	}
	return nil
}
