package main

import (
	"strings"

	"github.com/sightline-search/sightline/internal/describe"
	"github.com/sightline-search/sightline/internal/gloss"
)

// printPrompts is the dry run.
func (a *app) printPrompts(f *describeFlags, job describe.Job) error {
	questions, err := describe.Plan(f.Settings, job)
	if err != nil {
		return err
	}
	prompts := 0
	for _, q := range questions {
		prompts += len(q.Prompts)
	}
	if a.JSON {
		return a.printJSON(map[string]any{
			"labels": questions, "requests": prompts, "answers": prompts * f.Answers,
			"temperature": f.Temperature, "max_tokens": f.MaxTokens,
		})
	}
	for _, q := range questions {
		a.printf("%s\n  %s\n", printable(q.Label), strings.Join(q.Prompts, "\n  "))
	}
	a.say("%s, %s of %s each at temperature %g (%d requests where the endpoint gives one answer at a time)",
		count(len(questions), "label", "labels"), count(prompts, "request", "requests"), count(f.Answers, "answer", "answers"), f.Temperature, prompts*f.Answers)
	return nil
}

// describeFromTemplates needs no endpoint.
func (a *app) describeFromTemplates(f *describeFlags, entries []describe.Entry) error {
	dictionary, err := findDictionary(f.glosses)
	if err != nil {
		return err
	}
	var used *glossesAnswer
	if dictionary != nil {
		used = &glossesAnswer{Path: dictionary.Path}
		for i := range entries {
			if text, ok := dictionary.Lookup(entries[i].Name); ok {
				entries[i].Gloss = text
				used.Found++
			}
		}
	}
	report, err := describe.FromTemplates(entries, f.out, f.restart)
	if err != nil {
		return err
	}
	if used == nil {
		a.say("no endpoint and no dictionary: these are templates only; for glosses, install WordNet (Debian: wordnet-base) or give --glosses")
	} else {
		a.say("no endpoint: these are templates and glosses of %s (%d of %s)", printable(used.Path), used.Found, count(len(entries), "label", "labels"))
	}
	return a.printDescribed(f.out, report, used)
}

func findDictionary(path string) (*gloss.Dictionary, error) {
	if path != "" {
		return gloss.Open(path)
	}
	return gloss.Find(gloss.Usual())
}

func (a *app) printDescribed(out string, r describe.Report, used *glossesAnswer) error {
	if a.JSON {
		failed := r.Failed
		if failed == nil {
			failed = []describe.Failure{}
		}
		return a.printJSON(describeAnswer{
			Out: out, Complete: r.Complete, Labels: r.Labels, Kept: r.Kept, Asked: r.Asked, Requests: r.Requests, Glosses: used, Failed: failed,
		})
	}
	switch {
	case r.Complete && r.Kept == r.Labels:
		a.printf("%s has descriptions of all %s already\n", printable(out), count(r.Labels, "label", "labels"))
	case r.Complete:
		a.printf("%s: descriptions of %s, %d of them new\n", printable(out), count(r.Labels, "label", "labels"), r.Labels-r.Kept)
	default:
		a.printf("%s is not written yet: %s could not be described; the same command asks for them again\n", printable(out), count(len(r.Failed), "label", "labels"))
	}
	return nil
}
