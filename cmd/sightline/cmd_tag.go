package main

import (
	"context"
	"fmt"
	"image"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/descriptions"
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

// tagImageFlags are the flags of tag.
type tagImageFlags struct {
	all, logits bool
	labelFile   string
}

func newTagCommand(a *app) *cobra.Command {
	var f tagImageFlags
	cmd := &cobra.Command{
		Use:     "tag IMAGE...",
		Short:   "Tag image files, indexed or not",
		Long:    "Gives the tags of image files with their probabilities. The files need not be indexed and are not stored.",
		Example: "  sightline tag photo.jpg\n  sightline tag --all --logits --json *.jpg\n  sightline tag --label-file labels.json photo.jpg",
		Args:    atLeastOne("nothing to tag: name image files, for example: sightline tag photo.jpg"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runTag(cmd.Context(), args, f) },
	}
	cmd.Flags().BoolVar(&f.all, "all", false, "every label, not only those over their thresholds")
	cmd.Flags().BoolVar(&f.logits, "logits", false, "also the uncalibrated output of the decoder")
	cmd.Flags().StringVar(&f.labelFile, "label-file", "", "the labels of a descriptions `FILE` instead of the model's own")
	return cmd
}

func (a *app) runTag(ctx context.Context, paths []string, f tagImageFlags) error {
	var labels []descriptions.Label
	if f.labelFile != "" { // first: what is wrong with it is known before seconds go into the model
		var err error
		if labels, err = descriptions.Read(f.labelFile); err != nil {
			return fmt.Errorf("--label-file: %w", err)
		}
	}
	m, err := a.openModel(a.Threads)
	if err != nil {
		return err
	}
	defer m.Close()
	tagger, err := a.tagger(ctx, m, labels)
	if err != nil {
		return err
	}
	bad := 0
	for _, path := range paths {
		err := a.tagOne(ctx, tagger, m, path, f)
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

// tagger scores labels on an image: those of the model, or those of a file.
type tagger interface {
	TagImage(ctx context.Context, img image.Image) ([]index.TagScore, []index.LabelScore, error)
}

func (a *app) tagger(ctx context.Context, m *model, labels []descriptions.Label) (tagger, error) {
	x := index.New(index.Parts{Bundle: m.bundle, Images: m.images, Texts: m.texts, Align: m.align})
	if labels == nil {
		return x, nil
	}
	bar := a.progress("encoding", "labels")
	defer bar.Finish()
	bar.Total(len(labels))
	return x.OpenSet(ctx, labels, func() { bar.Done(1) })
}

func (a *app) tagOne(ctx context.Context, tagger tagger, m *model, path string, f tagImageFlags) error {
	img, err := m.openPicture(path)
	if err != nil {
		return err
	}
	tags, labels, err := tagger.TagImage(ctx, img)
	if err != nil {
		return err
	}
	line := tagLine{Path: path, Tags: tags}
	if f.all || f.logits {
		line.Labels = labelLines(labels, f.logits)
	}
	if a.JSON {
		if line.Tags == nil {
			line.Tags = []index.TagScore{}
		}
		return a.printJSON(line)
	}
	a.printf("%s\n", printable(path))
	if f.all {
		return a.printLabels(line.Labels)
	}
	return a.printLabels(only(tags, labels, f.logits))
}
