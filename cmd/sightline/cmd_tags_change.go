package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// tagFlags are the flags of tags add and set.
type tagFlags struct {
	describe         []string
	threshold        float64
	defaultThreshold bool
}

func newTagsAdd(a *app) *cobra.Command {
	var f tagFlags
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a tag and score all indexed images for it",
		Long: `Adds a tag and scores all indexed images for it, without reading any of them. It may be interrupted or killed at any
moment; adding the tag again goes on from there, and so do 'sightline index' and 'sightline serve'.`,
		Example: "  sightline tags add 'birthday party' --describe 'people around a cake with candles' --describe 'a room with balloons'",
		Args:    exactlyOne("name one tag, in quotes where it has spaces, for example: sightline tags add 'birthday party'"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.changeTags(cmd.Context(), func(ctx context.Context, x *index.Index) (*index.TagInfo, error) {
				return x.AddTag(ctx, f.spec(cmd.Flags(), args[0]))
			})
		},
	}
	f.describing(cmd.Flags())
	cmd.Flags().Float64Var(&f.threshold, "threshold", 0, "the tag holds over probability `P`, 0..1 (default: the model's own)")
	return cmd
}

func newTagsSet(a *app) *cobra.Command {
	var f tagFlags
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Change the threshold or the descriptions of one of your tags",
		Long: `Changes one of your tags. Another threshold holds at once. Other descriptions replace all that the tag has, and have all
indexed images scored again; interrupted, this goes on as with 'tags add'.`,
		Example: "  sightline tags set 'birthday party' --threshold 0.4",
		Args:    exactlyOne("name one tag, for example: sightline tags set 'birthday party' --threshold 0.4"),
		RunE: func(cmd *cobra.Command, args []string) error {
			change, err := f.change(cmd.Flags())
			if err != nil {
				return err
			}
			return a.changeTags(cmd.Context(), func(ctx context.Context, x *index.Index) (*index.TagInfo, error) {
				return x.SetTag(ctx, args[0], change)
			})
		},
	}
	f.describing(cmd.Flags())
	cmd.Flags().Float64Var(&f.threshold, "threshold", 0, "the tag holds over probability `P`, 0..1")
	cmd.Flags().BoolVar(&f.defaultThreshold, "default-threshold", false, "back to the model's own threshold")
	return cmd
}

func (f *tagFlags) describing(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.describe, "describe", nil, "what the tag stands for, as a `TEXT`; may be given many times (default: the name)")
}

func (f *tagFlags) spec(flags *pflag.FlagSet, name string) index.TagSpec {
	spec := index.TagSpec{Name: name, Descriptions: f.describe}
	if flags.Changed("threshold") {
		spec.Threshold = &f.threshold
	}
	return spec
}

func (f *tagFlags) change(flags *pflag.FlagSet) (index.TagChange, error) {
	c := index.TagChange{Descriptions: f.describe, DefaultThreshold: f.defaultThreshold}
	if flags.Changed("threshold") {
		c.Threshold = &f.threshold
	}
	if c.Descriptions == nil && c.Threshold == nil && !c.DefaultThreshold {
		return c, usageError{errors.New("nothing to change: give --threshold, --default-threshold or --describe")}
	}
	return c, nil
}

// changeTags changes a tag and scores what is unfinished then. The writer's lock is held throughout, as by index.
func (a *app) changeTags(ctx context.Context, change func(context.Context, *index.Index) (*index.TagInfo, error)) error {
	if err := a.needIndexDir(); err != nil {
		return err
	}
	e, err := a.openEngine(embedded.ReadWrite)
	if err != nil {
		return err
	}
	defer e.Close()
	tag, err := change(ctx, e.index)
	if err != nil {
		return err
	}
	if err := a.scoreTags(ctx, e.index); err != nil {
		return err
	}
	if tag, err = e.index.Tag(ctx, tag.Name); err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(tag)
	}
	a.printf("%s: %s of %d over %s\n", printable(tag.Name), count(*tag.Tagged, "image", "images"), tag.Scoring.Images, percent(tag.Threshold))
	return nil
}

// scoreTags scores the unfinished tags, one bar for each.
func (a *app) scoreTags(ctx context.Context, x *index.Index) error {
	bar, name, started, done := a.progress("scoring", "images"), "", 0, 0
	defer func() { bar.Finish() }()
	return x.ScoreTags(ctx, func(p index.TagProgress) {
		if p.Name != name {
			if name != "" {
				bar.Finish()
				bar = a.progress("scoring", "images")
			}
			name, started, done = p.Name, p.Done, p.Done
		}
		bar.Total(p.Images - started)
		bar.Done(p.Done - done)
		done = p.Done
	})
}
