package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

func newReindexList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "The generations that the index holds, and which one answers",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.runReindexList(cmd.Context()) },
	}
}

func newReindexSwitch(a *app) *cobra.Command {
	var partial bool
	cmd := &cobra.Command{
		Use:   "switch GENERATION",
		Short: "Let another generation answer: a new one, or back to an old one",
		Long: `Lets a generation of 'reindex list' answer from now on; what served before is kept. The programs that search need the bundle
that it was made with. Your own tags are scored there by the next 'sightline index', 'reindex' or 'serve' with that bundle.`,
		Args: exactlyOne("name one generation of 'sightline reindex list'"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runReindexSwitch(cmd.Context(), args[0], partial)
		},
	}
	cmd.Flags().BoolVar(&partial, "partial", false, "switch although it lacks images that can be searched now")
	return cmd
}

func newReindexDrop(a *app) *cobra.Command {
	var retired bool
	cmd := &cobra.Command{
		Use:   "drop GENERATION...",
		Short: "Delete generations that do not serve",
		Args: func(_ *cobra.Command, args []string) error {
			if retired == (len(args) > 0) {
				return errors.New("name generations of 'sightline reindex list', or give --retired")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.runReindexDrop(cmd.Context(), args, retired) },
	}
	cmd.Flags().BoolVar(&retired, "retired", false, "all that have served before")
	return cmd
}

// generationInfo is one generation in reindex list --json.
type generationInfo struct {
	ID      string                   `json:"id"`
	State   vectordb.GenerationState `json:"state"`
	Model   string                   `json:"model"`
	Feature sightline.Fingerprint    `json:"feature_fingerprint"`
	Scoring sightline.Fingerprint    `json:"scoring_fingerprint"`
	Images  int                      `json:"images"`
	Bytes   int64                    `json:"bytes"`
}

func (a *app) runReindexList(ctx context.Context) error {
	return a.withStore(embedded.ReadOnly, func(s vectordb.Store) error {
		list, err := s.Generations(ctx)
		if err != nil {
			return err
		}
		infos := make([]generationInfo, len(list))
		for i, g := range list {
			infos[i] = generationInfo{g.ID, g.State, g.Model.Name, g.Model.Feature, g.Model.Scoring, g.Images, g.Bytes}
		}
		return a.printGenerations(infos)
	})
}

func (a *app) printGenerations(infos []generationInfo) error {
	if a.JSON {
		return a.printJSON(map[string]any{"generations": infos})
	}
	rows := [][]string{{"GENERATION", "STATE", "MODEL", "IMAGES", "SIZE"}}
	for _, g := range infos {
		rows = append(rows, []string{g.ID, string(g.State), g.Model, count(g.Images, "image", "images"), bytesText(g.Bytes)})
	}
	return a.printTable(rows)
}

func (a *app) runReindexSwitch(ctx context.Context, id string, partial bool) error {
	return a.withStore(embedded.ReadWrite, func(s vectordb.Store) error {
		err := s.Switch(ctx, id, partial)
		if sightline.CodeOf(err) == sightline.CodeIndexMismatch {
			a.warn("nothing was changed; complete it with 'sightline reindex' and its bundle, or give --partial")
		}
		if err != nil {
			return err
		}
		a.say("generation %s answers now; search with the bundle that it was made with", printable(id))
		return nil
	})
}

func (a *app) runReindexDrop(ctx context.Context, ids []string, retired bool) error {
	return a.withStore(embedded.ReadWrite, func(s vectordb.Store) error {
		if retired {
			list, err := s.Generations(ctx)
			if err != nil {
				return err
			}
			for _, g := range list {
				if g.State == vectordb.Retired {
					ids = append(ids, g.ID)
				}
			}
		}
		for _, id := range ids {
			if err := s.Drop(ctx, id); err != nil {
				return err
			}
		}
		a.say("%s dropped", count(len(ids), "generation", "generations"))
		return nil
	})
}

// withStore opens an index that is there, without a model.
func (a *app) withStore(mode embedded.Mode, work func(vectordb.Store) error) error {
	if err := a.needIndexDir(); err != nil {
		return err
	}
	store, err := a.openStore(mode)
	if err != nil {
		return err
	}
	return errors.Join(work(store), store.Close())
}
