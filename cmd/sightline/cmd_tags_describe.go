package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline/internal/config"
	"github.com/sightline-search/sightline/internal/describe"
)

// describeFlags are the flags of tags describe.
type describeFlags struct {
	labels, out, endpoint, glosses string
	dryRun, restart                bool

	describe.Settings
	describe.Limits
}

// describeAnswer is tags describe --json.
type describeAnswer struct {
	Out      string             `json:"out"`
	Complete bool               `json:"complete"` // whether the file is written
	Labels   int                `json:"labels"`
	Kept     int                `json:"kept"`     // labels that the file had already
	Asked    int                `json:"asked"`    // labels that needed descriptions
	Requests int                `json:"requests"` // sent to the endpoint
	Glosses  *glossesAnswer     `json:"glosses"`  // null with an endpoint or without a dictionary
	Failed   []describe.Failure `json:"failed"`
}

// glossesAnswer says which dictionary was used.
type glossesAnswer struct {
	Path  string `json:"path"`
	Found int    `json:"found"` // labels that it has
}

func newTagsDescribeCommand(a *app) *cobra.Command {
	f := describeFlags{Settings: describe.DefaultSettings(), Limits: describe.DefaultLimits()}
	cmd := &cobra.Command{
		Use:   "describe [LABEL...]",
		Short: "Write a descriptions file with a language model, or with templates and a dictionary",
		Long: `Writes RAM++'s descriptions file: for each label "a photo of a …." and ten answers of a language model to each of five
questions about how it looks. Any OpenAI-compatible endpoint will do, such as a model server on this machine. It may be
interrupted at any moment; the next run asks only for what is missing, and the file appears when it is complete. Without
--endpoint, templates and a dictionary's glosses take the place of answers. The labels are the arguments, those of
--labels, or the model bundle's.`,
		Example: `  sightline tags describe --dry-run "red panda" lighthouse
  sightline tags describe --labels names.txt --out labels.json --endpoint http://127.0.0.1:8000/v1 --model qwen2.5-7b-instruct
  sightline tags describe --labels names.txt --out labels.json --glosses glosses.tsv`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.runTagsDescribe(cmd.Context(), &f, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.labels, "labels", "", "describe the labels in `FILE`, one a line (default: the model bundle's)")
	flags.StringVar(&f.out, "out", "", "the descriptions `FILE` to write; one that is there is added to")
	flags.StringVar(&f.endpoint, "endpoint", "", "base `URL` of an OpenAI-compatible endpoint, such as http://127.0.0.1:8000/v1")
	flags.StringVar(&f.Model, "model", "", "`NAME` of the language model at the endpoint")
	flags.IntVar(&f.Answers, "answers", f.Answers, "answers to each prompt")
	flags.Float64Var(&f.Temperature, "temperature", f.Temperature, "how much answers vary, 0..2")
	flags.IntVar(&f.MaxTokens, "max-tokens", f.MaxTokens, "most tokens of an answer")
	flags.IntVar(&f.Parallel, "parallel", f.Parallel, "labels that are asked about at the same time")
	flags.DurationVar(&f.Timeout, "timeout", f.Timeout, "longest time for one request")
	flags.IntVar(&f.Retries, "retries", f.Retries, "more attempts after one that failed or gave nothing usable")
	flags.StringVar(&f.glosses, "glosses", "", "without an endpoint: glosses from `PATH`, a file of NAME<tab>GLOSS lines or WordNet's folder (default: WordNet where it is installed)")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the prompts and ask nobody")
	flags.BoolVar(&f.restart, "restart", false, "throw away what an earlier run has answered, and replace the file")
	config.RegisterFor(flags, "tags describe")
	return cmd
}

// check refuses flags that are out of range or make no sense together.
func (f *describeFlags) check() error {
	switch {
	case f.out == "" && !f.dryRun:
		return errors.New("--out is missing: name the descriptions file to write, or see the prompts with --dry-run")
	case f.Answers < 1 || f.Answers > describe.MaxAnswers:
		return fmt.Errorf("--answers is %d: it must be from 1 to %d", f.Answers, describe.MaxAnswers)
	case !(f.Temperature >= 0 && f.Temperature <= 2):
		return fmt.Errorf("--temperature is %g: it must be from 0 to 2", f.Temperature)
	case f.MaxTokens < 1 || f.MaxTokens > 4096:
		return fmt.Errorf("--max-tokens is %d: it must be from 1 to 4096", f.MaxTokens)
	case f.Parallel < 1 || f.Parallel > 64:
		return fmt.Errorf("--parallel is %d: it must be from 1 to 64", f.Parallel)
	case f.Timeout <= 0:
		return fmt.Errorf("--timeout is %s: it must be more than 0s", f.Timeout)
	case f.Retries < 0 || f.Retries > 20:
		return fmt.Errorf("--retries is %d: it must be from 0 to 20", f.Retries)
	case f.endpoint != "" && f.Model == "" && !f.dryRun:
		return errors.New("--model is missing: name the language model that the endpoint is to use")
	case f.endpoint == "" && f.Model != "" && !f.dryRun:
		return errors.New("--model needs --endpoint, the address of the server that has the model")
	case f.endpoint != "" && f.glosses != "":
		return errors.New("--glosses is for descriptions without --endpoint")
	}
	return nil
}

func (a *app) runTagsDescribe(ctx context.Context, f *describeFlags, args []string) error {
	if err := f.check(); err != nil {
		return usageError{err}
	}
	entries, err := a.labelsToDescribe(f.labels, args)
	if err != nil {
		return err
	}
	job := describe.Job{Out: f.out, Anew: f.restart}
	for _, entry := range entries {
		job.Names = append(job.Names, entry.Name)
	}
	switch {
	case f.dryRun:
		return a.printPrompts(f, job)
	case f.endpoint == "":
		return a.describeFromTemplates(f, entries)
	default:
		return a.describeByEndpoint(ctx, f, job)
	}
}

func (a *app) describeByEndpoint(ctx context.Context, f *describeFlags, job describe.Job) error {
	client, err := describe.NewClient(f.endpoint, a.DescribeKey, f.Settings, f.Limits)
	if err != nil {
		return err
	}
	job.Progress = a.progress("describing", "prompts")
	report, err := describe.Run(ctx, client, job)
	job.Progress.Finish()
	if err != nil {
		return err
	}
	if err := a.printDescribed(f.out, report, nil); err != nil {
		return err
	}
	switch failed := len(report.Failed); failed {
	case 0:
		return nil
	case report.Asked:
		return errReported
	default:
		return partialError{failed, report.Labels}
	}
}
