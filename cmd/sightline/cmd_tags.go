package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

func newTagsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tags",
		Short: "The model's labels and your own tags",
		Long: `A tag of your own is a name with any number of descriptions of what it stands for. Every indexed image is scored for it,
from stored features, and it is searched like a label of the model.`,
		Args: needsCommand,
		RunE: noCommand,

		SuggestionsMinimumDistance: 2,
	}
	cmd.AddCommand(newTagsList(a), newTagsAdd(a), newTagsPreview(a), newTagsSet(a), newTagsRemove(a), newTagsDescribeCommand(a))
	return cmd
}

func newTagsList(a *app) *cobra.Command {
	var onlyUser bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Your own tags and the labels of the model, with their thresholds",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.runTagsList(cmd.Context(), onlyUser) },
	}
	cmd.Flags().BoolVar(&onlyUser, "user", false, "your own tags only")
	return cmd
}

func newTagsRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Forget one of your tags",
		Args:  exactlyOne("name one tag, for example: sightline tags remove 'birthday party'"),
		RunE:  func(cmd *cobra.Command, args []string) error { return a.runTagsRemove(cmd.Context(), args[0]) },
	}
}

func (a *app) runTagsList(ctx context.Context, onlyUser bool) error {
	if err := a.needIndexDir(); err != nil {
		return err
	}
	e, err := a.openEngine(embedded.ReadOnly)
	if err != nil {
		return err
	}
	defer e.Close()
	tags, err := e.index.Tags(ctx, onlyUser)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(map[string]any{"tags": tags})
	}
	rows := [][]string{}
	for _, tag := range tags {
		rows = append(rows, tagRow(tag))
	}
	return a.printTable(rows)
}

func tagRow(tag index.TagInfo) []string {
	kind, images := "label", ""
	if tag.User {
		kind, images = "yours", count(*tag.Tagged, "image", "images")
		if s := tag.Scoring; !s.Complete {
			images += fmt.Sprintf(", %d of %d scored", s.Scored, s.Images)
		}
	}
	about := strings.Join(append(tag.Aliases, tag.Descriptions...), "; ")
	return []string{kind, fmt.Sprintf("%6s", percent(tag.Threshold)), printable(tag.Name), images, printable(about)}
}

func (a *app) runTagsRemove(ctx context.Context, name string) error {
	if err := a.needIndexDir(); err != nil {
		return err
	}
	e, err := a.openEngine(embedded.ReadWrite)
	if err != nil {
		return err
	}
	defer e.Close()
	if err := e.index.RemoveTag(ctx, name); err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(map[string]string{"removed": name})
	}
	a.say("removed %s", printable(name))
	return nil
}
