package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline/internal/transfer"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

func newCopyCommand(a *app) *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use:   "copy",
		Short: "Copy an index from one store to another, and prove that the copy is one",
		Long: `Copies the model, all images with their features, tags and files, the bad files and your own tags, of the generation that
answers. It may be interrupted or killed at any moment; running it again goes on from there, and brings an older copy up to
date. At the end both stores are read and compared by counts and a checksum over everything. No image file and no model is
needed.`,
		Example: "  sightline copy --from sqlite:///home/me/index --to sqlite:///mnt/disk/index",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runCopy(cmd.Context(), from, to) },
	}
	cmd.Flags().StringVar(&from, "from", "", "store `URL` to read (default: the store of the settings)")
	cmd.Flags().StringVar(&to, "to", "", "store `URL` to write, as in --store")
	return cmd
}

// copyAnswer is copy --json.
type copyAnswer struct {
	transfer.Report
	From string `json:"from"`
	To   string `json:"to"`
}

func (a *app) runCopy(ctx context.Context, from, to string) error {
	source, target, err := a.copyEnds(from, to)
	if err != nil {
		return err
	}
	if err := source.needIndex(); err != nil {
		return err
	}
	original, err := source.openStore(embedded.ReadOnly)
	if err != nil {
		return err
	}
	defer original.Close()
	copied, err := target.openStore(embedded.ReadWrite)
	if err != nil {
		return err
	}
	defer copied.Close()
	report, err := transfer.Copy(ctx, original, copied, a.progress)
	if err != nil {
		return err
	}
	return a.printCopy(copyAnswer{report, source.Store, target.Store})
}

// copyEnds gives the program with the settings of both stores.
func (a *app) copyEnds(from, to string) (source, target *app, err error) {
	if to == "" {
		return nil, nil, usageError{errors.New("name the store to copy to: --to URL")}
	}
	s, t := *a, *a
	if from != "" {
		if s.Config, err = a.WithStore(from); err != nil {
			return nil, nil, usageError{fmt.Errorf("--from: %w", err)}
		}
	}
	if t.Config, err = a.WithStore(to); err != nil {
		return nil, nil, usageError{fmt.Errorf("--to: %w", err)}
	}
	if s.Store == t.Store || s.embedded() && t.embedded() && s.IndexDir() == t.IndexDir() {
		return nil, nil, usageError{fmt.Errorf("--from and --to are the same store, %s", t.Store)}
	}
	return &s, &t, nil
}

// embedded says that the store is an index folder.
func (a *app) embedded() bool { return strings.HasPrefix(a.Store, "sqlite") }

func (a *app) printCopy(r copyAnswer) error {
	for _, id := range r.Left {
		a.warn("not copied, because it has no features: " + id)
	}
	if a.JSON {
		if err := a.printJSON(r); err != nil {
			return err
		}
	} else {
		a.printf("%s at %s, %s, %s; %d copied, %d there already\nboth stores hold the same: %s\n",
			count(r.Images, "image", "images"), count(r.Files, "place", "places"), count(r.BadFiles, "bad file", "bad files"),
			count(r.UserTags, "tag of your own", "tags of your own"), r.Copied, r.Unchanged, r.Checksum)
	}
	if len(r.Left) > 0 {
		return partialError{len(r.Left), r.Images + len(r.Left)}
	}
	return nil
}
