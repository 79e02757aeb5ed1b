package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
)

// tagLine is one line of tag --json.
type tagLine struct {
	Path   string           `json:"path"`
	Tags   []index.TagScore `json:"tags"`
	Labels []labelLine      `json:"labels,omitempty"` // with --all or --logits
}

type labelLine struct {
	Name        string   `json:"name"`
	Logit       *float64 `json:"logit,omitempty"` // with --logits
	Probability float64  `json:"probability"`
}

// tagFailure is the line of an image that could not be tagged.
type tagFailure struct {
	Path   string         `json:"path"`
	Code   sightline.Code `json:"code"`
	Reason string         `json:"reason"`
}

func newTagCommand(a *app) *cobra.Command {
	var all, logits bool
	cmd := &cobra.Command{
		Use:     "tag IMAGE...",
		Short:   "Tag image files, indexed or not",
		Long:    "Gives the tags of image files with their probabilities. The files need not be indexed and are not stored.",
		Example: "  sightline tag photo.jpg\n  sightline tag --all --logits --json *.jpg",
		Args:    atLeastOne("nothing to tag: name image files, for example: sightline tag photo.jpg"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runTag(cmd.Context(), args, all, logits) },
	}
	cmd.Flags().BoolVar(&all, "all", false, "every label of the model, not only those over their thresholds")
	cmd.Flags().BoolVar(&logits, "logits", false, "also the uncalibrated output of the decoder")
	return cmd
}

func (a *app) runTag(ctx context.Context, paths []string, all, logits bool) error {
	m, err := a.openModel()
	if err != nil {
		return err
	}
	defer m.Close()
	tagger := index.New(index.Parts{Bundle: m.bundle, Images: m.images, Align: m.align})
	bad := 0
	for _, path := range paths {
		err := a.tagOne(ctx, tagger, m, path, all, logits)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			continue
		}
		bad++
		a.warn(badLine(index.BadInput{Path: path, Code: sightline.CodeOf(err), Reason: err.Error()}))
		if a.JSON {
			if err := a.printJSON(tagFailure{path, sightline.CodeOf(err), err.Error()}); err != nil {
				return err
			}
		}
	}
	switch bad {
	case 0:
		return nil
	case len(paths):
		return errReported
	default:
		return partialError{bad, len(paths)}
	}
}

func (a *app) tagOne(ctx context.Context, tagger *index.Index, m *model, path string, all, logits bool) error {
	img, err := m.openPicture(path)
	if err != nil {
		return err
	}
	tags, labels, err := tagger.TagImage(ctx, img)
	if err != nil {
		return err
	}
	line := tagLine{Path: path, Tags: tags}
	if all || logits {
		line.Labels = labelLines(labels, logits)
	}
	if a.JSON {
		if line.Tags == nil {
			line.Tags = []index.TagScore{}
		}
		return a.printJSON(line)
	}
	a.printf("%s\n", printable(path))
	if all {
		return a.printLabels(line.Labels)
	}
	return a.printLabels(only(tags, labels, logits))
}

func labelLines(labels []index.LabelScore, logits bool) []labelLine {
	lines := make([]labelLine, len(labels))
	for i, l := range labels {
		lines[i] = labelLine{Name: l.Name, Probability: l.Probability}
		if logits {
			lines[i].Logit = &labels[i].Logit
		}
	}
	return lines
}

// only gives the lines of the tags, in their order.
func only(tags []index.TagScore, labels []index.LabelScore, logits bool) []labelLine {
	byName := make(map[string]labelLine, len(labels))
	for _, line := range labelLines(labels, logits) {
		byName[line.Name] = line
	}
	lines := make([]labelLine, len(tags))
	for i, tag := range tags {
		lines[i] = byName[tag.Name]
	}
	return lines
}

func (a *app) printLabels(lines []labelLine) error {
	if len(lines) == 0 {
		a.printf("  no label is likely enough\n")
	}
	rows := make([][]string, len(lines))
	for i, l := range lines {
		rows[i] = []string{fmt.Sprintf("%7s", percent(l.Probability))}
		if l.Logit != nil {
			rows[i] = append(rows[i], fmt.Sprintf("%8.3f", *l.Logit))
		}
		rows[i] = append(rows[i], l.Name)
	}
	return a.printTable(rows)
}
