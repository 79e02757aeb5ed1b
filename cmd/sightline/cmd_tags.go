package main

import "github.com/spf13/cobra"

func newTagsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tags",
		Short: "What tags are found by",
		Args:  needsCommand,
		RunE:  noCommand,

		SuggestionsMinimumDistance: 2,
	}
	cmd.AddCommand(newTagsDescribeCommand(a))
	return cmd
}
