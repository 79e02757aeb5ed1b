package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sightline-search/sightline/index"
)

// Steps compares searches that decode in two steps, as they do when nobody says how many candidates, with those that decode
// every candidate. Texts are in the cache: encoding them is the same work for both.
type Steps struct {
	Set         string  `json:"measured_on"` // images and queries
	Queries     int     `json:"queries"`
	Same        float64 `json:"same_answers"` // share of queries with the same matches, the same first page in the same order, the same nearest rejected
	SameTop20   float64 `json:"same_top_20"`  // share of queries whose first page has the same images
	Matched     float64 `json:"matched"`      // share of queries that something matches
	Decoded     float64 `json:"decoded"`      // mean of the queries
	DecodedAll  float64 `json:"decoded_all"`
	CPU         float64 `json:"cpu_ms"` // a search, mean of the queries' least of all rounds
	CPUAll      float64 `json:"cpu_all_ms"`
	Elapsed     float64 `json:"elapsed_ms"`
	ElapsedAll  float64 `json:"elapsed_all_ms"`
	MostDecoded int     `json:"most_decoded"` // of one query
}

func measureSteps(ctx context.Context, o Options, r *Report) error {
	if o.Bundle.Manifest.Text == nil {
		o.Note("the model has no text encoder: nothing to decode")
		return nil
	}
	files, texts, name, err := o.material()
	if err != nil {
		return err
	}
	if o.Dataset == "" { // the name of a label alone is answered from what is stored
		for i, label := range texts {
			texts[i] = "a photograph of " + label
		}
	}
	r.Steps = &Steps{Set: name, Queries: len(texts)}
	return inScratch(func(dir string) error {
		o.Note("indexing %d images", len(files))
		if err := o.indexFiles(ctx, dir, files); err != nil {
			return err
		}
		return o.askInSteps(ctx, dir, texts, r.Steps)
	})
}

func (o Options) indexFiles(ctx context.Context, dir string, files []string) (err error) {
	s, err := o.OpenSubject(dir, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	_, err = s.Index.Add(ctx, files, index.AddOptions{})
	return err
}

func (o Options) askInSteps(ctx context.Context, dir string, texts []string, f *Steps) (err error) {
	s, err := o.OpenSubject(dir, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Index.Warm(ctx); err != nil {
		return err
	}
	for i, text := range texts {
		if i%100 == 0 {
			o.Note("asking, %d of %d texts", i, len(texts))
		}
		if err := f.ask(ctx, s.Index, text, o.Repeat); err != nil {
			return err
		}
	}
	n := float64(len(texts))
	for _, sum := range []*float64{&f.Same, &f.SameTop20, &f.Matched, &f.Decoded, &f.DecodedAll, &f.CPU, &f.CPUAll, &f.Elapsed, &f.ElapsedAll} {
		*sum /= n
	}
	return nil
}

// ask adds one text's figures, which are divided by the number of texts in the end.
func (f *Steps) ask(ctx context.Context, x *index.Index, text string, repeat int) error {
	var steps, all *index.Result
	search := func(into **index.Result, candidates int) func(context.Context) error {
		return func(ctx context.Context) (err error) {
			*into, err = x.Search(ctx, index.Request{Query: text, Plain: true, Limit: top, Candidates: candidates})
			return err
		}
	}
	costs, err := cheapest(ctx, repeat, search(&steps, 0), search(&all, featureCandidates))
	if err != nil {
		return err
	}
	f.count(steps, all)
	f.CPU, f.CPUAll = f.CPU+msOf(costs[0].CPU), f.CPUAll+msOf(costs[1].CPU)
	f.Elapsed, f.ElapsedAll = f.Elapsed+msOf(costs[0].Wall), f.ElapsedAll+msOf(costs[1].Wall)
	return nil
}

func (f *Steps) count(steps, all *index.Result) {
	got, want := shown(steps), shown(all)
	if slices.Equal(got, want) && steps.Matches == all.Matches {
		f.Same++
	}
	slices.Sort(got)
	slices.Sort(want)
	if slices.Equal(got, want) {
		f.SameTop20++
	}
	if all.Matched {
		f.Matched++
	}
	f.Decoded, f.DecodedAll = f.Decoded+float64(steps.Searched.Decoded), f.DecodedAll+float64(all.Searched.Decoded)
	f.MostDecoded = max(f.MostDecoded, steps.Searched.Decoded)
}

// shown are the images that an answer shows: its first page, or the nearest that was rejected.
func shown(r *index.Result) (ids []string) {
	for _, hit := range r.Results {
		ids = append(ids, string(hit.ID))
	}
	if r.NearestRejected != nil {
		ids = append(ids, "not "+string(r.NearestRejected.ID))
	}
	return ids
}

func stepsRows(r *Report) [][]string {
	f := r.Steps
	if f == nil {
		return nil
	}
	return [][]string{
		{"decoding in two steps", "", fmt.Sprintf("%d queries of %s, against decoding %.0f candidates", f.Queries, f.Set, f.DecodedAll)},
		{"  same top 20", fmt.Sprintf("%.1f %%", 100*f.SameTop20), fmt.Sprintf("the same answer with all its pages %.1f %%; something matches %.0f %%", 100*f.Same, 100*f.Matched)},
		{"  decoded", fmt.Sprintf("%.1f", f.Decoded), fmt.Sprintf("mean; at most %d", f.MostDecoded)},
		{"  CPU time of a search", fmt.Sprintf("%.1f ms", f.CPU), fmt.Sprintf("%.1f ms when all are decoded, %.2f of it; text from the cache", f.CPUAll, f.CPU/f.CPUAll)},
		{"  time of a search", fmt.Sprintf("%.1f ms", f.Elapsed), fmt.Sprintf("%.1f ms when all are decoded, %.2f of it; text from the cache", f.ElapsedAll, f.Elapsed/f.ElapsedAll)},
	}
}
