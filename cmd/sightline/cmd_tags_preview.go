package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

func newTagsPreview(a *app) *cobra.Command {
	var f tagFlags
	var o index.PreviewOptions
	cmd := &cobra.Command{
		Use:   "preview NAME",
		Short: "What a tag would do: the likeliest images, and how many pass each threshold",
		Long: `Scores the indexed images for a tag and stores nothing, so that you can choose descriptions and a threshold. For one of
your tags without --describe it takes the descriptions that the tag has.`,
		Example: "  sightline tags preview 'birthday party' --describe 'people around a cake with candles'",
		Args:    exactlyOne("name one tag, in quotes where it has spaces, for example: sightline tags preview 'birthday party'"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runTagsPreview(cmd.Context(), f.spec(cmd.Flags(), args[0]), o)
		},
	}
	f.describing(cmd.Flags())
	cmd.Flags().Float64Var(&f.threshold, "threshold", 0, "mark what is over probability `P`, 0..1 (default: the tag's or the model's own)")
	cmd.Flags().IntVar(&o.Limit, "limit", 20, "show the `N` likeliest images, 1..1000")
	cmd.Flags().IntVar(&o.Decode, "decode", 0, "decode only the `N` images nearest to the descriptions (0: all)")
	return cmd
}

func (a *app) runTagsPreview(ctx context.Context, spec index.TagSpec, o index.PreviewOptions) error {
	if o.Limit < 1 || o.Limit > 1000 {
		return sightline.Errorf(sightline.CodeInvalid, "--limit is %d, outside 1..1000", o.Limit)
	}
	if err := a.needIndexDir(); err != nil {
		return err
	}
	e, err := a.openEngine(embedded.ReadOnly)
	if err != nil {
		return err
	}
	defer e.Close()
	bar := a.progress("decoding", "images")
	defer bar.Finish()
	done := 0
	o.Progress = func(p index.TagProgress) {
		bar.Total(p.Images)
		bar.Done(p.Done - done)
		done = p.Done
	}
	preview, err := e.index.PreviewTag(ctx, spec, o)
	bar.Finish()
	if err != nil {
		return err
	}
	if a.JSON {
		return a.printJSON(preview)
	}
	return a.printPreview(preview)
}

func (a *app) printPreview(p *index.Preview) error {
	rows := make([][]string, len(p.Results))
	for i, hit := range p.Results {
		mark := " "
		if hit.Probability > p.Threshold {
			mark = "*"
		}
		rows[i] = []string{mark, fmt.Sprintf("%6s", percent(hit.Probability)), printable(hit.Path)}
	}
	if err := a.printTable(rows); err != nil {
		return err
	}
	a.printf("\nover probability  images\n")
	for _, passing := range p.Passing {
		a.printf("%16s  %6d\n", percent(passing.Threshold), passing.Images)
	}
	a.printf("\nprobability       images\n")
	for _, bar := range p.Histogram {
		a.printf("%4.0f to %3.0f %%  %8d  %s\n", 100*bar.From, 100*bar.To, bar.Images, blocks(bar.Images, p.Decoded))
	}
	a.printf("\n%s of %d decoded over %s; %d in the index\n", count(p.Tagged, "image", "images"), p.Decoded, percent(p.Threshold), p.Images)
	return nil
}

// blocks draws a share as a bar of at most forty characters; what is not nothing shows.
func blocks(n, of int) string {
	if n == 0 {
		return ""
	}
	return strings.Repeat("█", max(1, 40*n/max(of, 1)))
}
