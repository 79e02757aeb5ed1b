package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline/cache"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/evaluate"
	"github.com/sightline-search/sightline/internal/progress"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

func newEvalCommand(a *app) *cobra.Command {
	var tags string
	cmd := &cobra.Command{
		Use:   "eval DATASET.jsonl",
		Short: "Measure retrieval and tagging on labelled images",
		Long: `Measures the model on labelled images. Each line of the dataset is one image, its file relative to the dataset:
{"file": "a.jpg", "captions": ["a dog on a beach"], "tags": ["dog", "beach"]}. Every caption is one plain query over all
images of the set. It works on a scratch index and leaves yours alone.`,
		Args: exactlyOne("name one dataset file, for example: sightline eval dataset.jsonl"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runEval(cmd.Context(), args[0], tags) },
	}
	cmd.Flags().StringVar(&tags, "tags", "", "score the tags in `FILE`, one a line (default: all that occur)")
	return cmd
}

func (a *app) runEval(ctx context.Context, path, tagsPath string) (err error) {
	dataset, err := evaluate.Read(path)
	if err != nil {
		return err
	}
	var o evaluate.Options
	if tagsPath != "" {
		if o.Tags, err = evaluate.ReadTags(tagsPath); err != nil {
			return err
		}
	}
	scratch, err := os.MkdirTemp("", "sightline-eval-")
	if err != nil {
		return fmt.Errorf("make a scratch folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	report, err := a.evaluate(ctx, scratch, dataset, o)
	if err != nil {
		return err
	}
	for _, bad := range report.Failed {
		a.warn(badLine(bad))
	}
	if err := a.printEvaluation(report); err != nil {
		return err
	}
	if len(report.Failed) > 0 {
		return partialError{len(report.Failed), len(dataset.Rows)}
	}
	return nil
}

func (a *app) evaluate(ctx context.Context, scratch string, dataset *evaluate.Dataset, o evaluate.Options) (*evaluate.Report, error) {
	m, err := a.openModel(a.Threads)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	store, err := embedded.Open(scratch, embedded.ReadWrite)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	stages := &stages{a: a}
	defer stages.finish()
	o.Progress = stages.follow
	parts := index.Parts{
		Bundle: m.bundle, Images: m.images, Texts: m.texts, Align: m.align, Store: store, Cache: cache.NewLRU(a.CacheSize),
		Places: m.places(a.Threads),
	}
	return evaluate.Run(ctx, parts, dataset, o)
}

// stages shows one bar after the other.
type stages struct {
	a    *app
	name string
	done int
	bar  progress.Reporter
}

func (s *stages) follow(p evaluate.Progress) {
	if p.Stage != s.name {
		s.finish()
		s.name, s.done, s.bar = p.Stage, 0, s.a.progress("measuring", p.Stage)
	}
	s.bar.Total(p.Total)
	s.bar.Done(p.Done - s.done)
	s.done = p.Done
}

func (s *stages) finish() {
	if s.bar != nil {
		s.bar.Finish()
	}
}

func (a *app) printEvaluation(r *evaluate.Report) error {
	if a.JSON {
		return a.printJSON(r)
	}
	return a.printTable([][]string{
		{"images", strconv.Itoa(r.Images), fmt.Sprintf("(%.1f a second)", r.ImagesPerSecond)},
		{"text to image, recall at 1", figure(r.TextToImage.Recall1)},
		{"text to image, recall at 5", figure(r.TextToImage.Recall5)},
		{"text to image, recall at 10", figure(r.TextToImage.Recall10)},
		{"before re-ranking, recall at 1", figure(r.TextToImage.Stage1Recall1)},
		{"before re-ranking, recall at 10", figure(r.TextToImage.Stage1Recall10)},
		{"tagging, mean average precision", figure(r.Tagging.MAP)},
		{"tagging by global vectors alone", figure(r.Tagging.MAPGlobalOnly)},
		{"tags measured", strconv.Itoa(r.Tagging.Tags), fmt.Sprintf("(%d of them as free text)", r.Tagging.OpenTags)},
		{"calibration error, tags", figure(r.Calibration.Tags)},
		{"calibration error, text", figure(r.Calibration.Text)},
	})
}

func figure(value *float64) string {
	if value == nil {
		return "-"
	}
	return fmt.Sprintf("%.3f", *value)
}
