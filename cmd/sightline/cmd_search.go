package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/query"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// searchFlags are the flags of search as they were written.
type searchFlags struct {
	limit, candidates int
	minProbability    float64
	filter, sort      string
	cursor            string
	exhaustive, plain bool
	image, like       string
}

func newSearchCommand(a *app) *cobra.Command {
	var f searchFlags
	cmd := &cobra.Command{
		Use:   "search QUERY",
		Short: "Find images by a query, by an image file or by an indexed image",
		Long: `Finds indexed images. A query is a word, a sentence, or a boolean of both: dog, a dog on the beach, dog AND beach,
cat OR dog, dog NOT person, path:holiday/*, taken:2024-05..2024-08. Every hit carries a calibrated probability; when
none reaches the threshold, nothing matches.`,
		Example: "  sightline search a yellow flower\n  sightline search 'dog AND beach NOT person' --limit 5\n  sightline search --image photo.jpg",
		Args:    cobra.ArbitraryArgs, // with --image or --like there is no query
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runSearch(cmd, args, f) },
	}
	flags := cmd.Flags()
	flags.IntVar(&f.limit, "limit", 20, "at most `N` results on a page, 1..1000")
	flags.Float64Var(&f.minProbability, "min-probability", 0, "cut at probability `P`, 0..1 (default: the model's fitted threshold)")
	flags.StringVar(&f.filter, "filter", "", "only images for which `EXPR` holds, for example 'type:png size:>2mp'")
	flags.StringVar(&f.sort, "sort", string(index.Relevance), "sort by `ORDER`: relevance, newest or oldest")
	flags.StringVar(&f.cursor, "cursor", "", "go on at `CURSOR`, the next_cursor of the page before")
	flags.IntVar(&f.candidates, "candidates", 0, "let the decoder look at `N` images per term (0: 200, or --limit where that is more, without those that cannot match)")
	flags.BoolVar(&f.exhaustive, "exhaustive", false, "decode every image")
	flags.BoolVar(&f.plain, "plain", false, "the query is one sentence; no operators")
	flags.StringVar(&f.image, "image", "", "search with the image in `FILE`")
	flags.StringVar(&f.like, "like", "", "search with the indexed image `ID`")
	return cmd
}

func (a *app) runSearch(cmd *cobra.Command, args []string, f searchFlags) error {
	request, err := f.request(args)
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("min-probability") {
		request.MinProbability = &f.minProbability
	}
	if err := a.needIndexDir(); err != nil {
		return err
	}
	e, err := a.openEngine(embedded.ReadOnly)
	if err != nil {
		return err
	}
	defer e.Close()
	if f.image != "" {
		if request.Image, err = e.openPicture(f.image); err != nil {
			return fmt.Errorf("--image %s: %w", printable(f.image), err)
		}
	}
	result, err := e.index.Search(cmd.Context(), request)
	if err != nil {
		return err
	}
	if a.JSON {
		err = a.printJSON(result)
	} else {
		err = a.printResult(result)
	}
	for _, tag := range result.Unfinished {
		a.warn(fmt.Sprintf("sightline: the tag %s is scored on %d of %d images so far; the others count as not tagged", printable(tag.Name), tag.Scored, tag.Images))
	}
	if err != nil || result.Searched.Images > 0 {
		return err
	}
	return a.explainNone(cmd.Context(), e.index)
}

// needIndexDir refuses an index folder that is not there: a mistyped --data must not look like an empty answer. A folder
// that holds nothing yet is an index without images.
func (a *app) needIndexDir() error {
	if a.Qdrant() {
		return nil // that it is there is known when it is opened
	}
	if _, err := os.Stat(a.IndexDir()); errors.Is(err, fs.ErrNotExist) {
		return sightline.Errorf(sightline.CodeNotFound, "there is no index in %s", printable(a.IndexDir())).
			WithParam("data").WithHint("run sightline index PATH, or name another index folder with --data")
	}
	return nil
}

// needIndex is needIndexDir for what needs the index's file, too.
func (a *app) needIndex() error {
	if !a.embedded() {
		return nil // that it is there is known when it is opened
	}
	if _, err := os.Stat(filepath.Join(a.IndexDir(), embedded.FileName)); errors.Is(err, fs.ErrNotExist) {
		return sightline.Errorf(sightline.CodeNotFound, "there is no index in %s", printable(a.IndexDir())).
			WithParam("data").WithHint("run sightline index PATH, or name another index folder with --data")
	}
	return nil
}

// explainNone tells why no image was searched. That nothing is indexed at all is told under --quiet, too.
func (a *app) explainNone(ctx context.Context, x *index.Index) error {
	stats, err := x.Stats(ctx)
	if err != nil {
		return err
	}
	if stats.Store.Images == 0 {
		a.warn(fmt.Sprintf("sightline: nothing is indexed in %s yet; run sightline index PATH", printable(a.StoreName())))
		return nil
	}
	a.say("no image was searched: none of the %d that are indexed has what the filter asks for", stats.Store.Images)
	return nil
}

// request checks what can be judged without the index.
func (f searchFlags) request(args []string) (index.Request, error) {
	r := index.Request{
		Query: strings.Join(args, " "), Plain: f.plain, Like: sightline.ImageID(f.like), Filter: f.filter, Limit: f.limit,
		Sort: index.Sort(f.sort), Candidates: f.candidates, Exhaustive: f.exhaustive, Cursor: f.cursor,
	}
	byImage := 0
	for _, given := range []bool{f.image != "", f.like != ""} {
		if given {
			byImage++
		}
	}
	switch {
	case byImage > 1, byImage == 1 && len(args) > 0:
		return r, sightline.Errorf(sightline.CodeInvalid, "QUERY, --image and --like exclude each other")
	case f.like != "" && !r.Like.Valid():
		return r, sightline.Errorf(sightline.CodeInvalid, "--like %q is not an image id", f.like).
			WithHint("an id is 64 hexadecimal digits, as search --json gives it")
	case f.limit < 1 || f.limit > 1000:
		return r, sightline.Errorf(sightline.CodeInvalid, "--limit is %d, outside 1..1000", f.limit)
	case f.candidates < 0:
		return r, sightline.Errorf(sightline.CodeInvalid, "--candidates is %d, it must be 0 or more", f.candidates)
	case !(f.minProbability >= 0 && f.minProbability <= 1): // so that NaN is refused
		return r, sightline.Errorf(sightline.CodeInvalid, "--min-probability is %g, outside 0..1", f.minProbability)
	case r.Sort != index.Relevance && r.Sort != index.Newest && r.Sort != index.Oldest:
		return r, sightline.Errorf(sightline.CodeInvalid, "--sort is %q, not relevance, newest or oldest", f.sort)
	}
	return r, f.checkLanguage(r.Query)
}

// checkLanguage reads the query and the filter before seconds go into the model: a typing mistake is told at once.
func (f searchFlags) checkLanguage(text string) error {
	if f.filter != "" {
		if _, err := query.ParseFilter(f.filter); err != nil {
			return fmt.Errorf("--filter: %w", err)
		}
	}
	if f.image != "" || f.like != "" {
		return nil
	}
	parse := query.Parse
	if f.plain {
		parse = query.Plain
	}
	_, err := parse(text)
	return err
}

func (a *app) printResult(r *index.Result) error {
	if !r.Matched {
		a.printf("nothing matches\n")
		if near := r.NearestRejected; near != nil {
			a.printf("nearest, but rejected: %s  %s\n", percent(near.Probability), printable(near.Path))
		}
	}
	rows := make([][]string, len(r.Results))
	for i, hit := range r.Results {
		rows[i] = []string{printable(hit.Path), tagList(hit.Tags)}
		if !factsOnly(r) {
			rows[i] = append([]string{fmt.Sprintf("%5s", percent(hit.Probability))}, rows[i]...)
		}
	}
	if err := a.printTable(rows); err != nil {
		return err
	}
	a.summarise(r)
	return nil
}

func (a *app) summarise(r *index.Result) {
	switch {
	case r.Searched.Images == 0:
		return
	case factsOnly(r):
		a.say("%s; %.0f ms", count(r.Matches, "image", "images"), r.Took.Total)
	default:
		a.say("%d of %s match with %s or more; %d decoded, %.0f ms", r.Matches, count(r.Searched.Images, "image", "images"),
			percent(r.MinProbability), r.Searched.Decoded, r.Took.Total)
	}
	if r.NextCursor != nil {
		a.say("there is more: --cursor %s", *r.NextCursor)
	}
}

// factsOnly reports whether the query asks for facts alone (type:png): they hold or they do not, so a probability would
// say nothing.
func factsOnly(r *index.Result) bool {
	return r.Query != "" && len(r.Results) > 0 && len(r.Results[0].Terms) == 0
}

// shownTags is how many tags fit beside a path.
const shownTags = 5

func tagList(tags []index.TagScore) string {
	names := make([]string, 0, shownTags)
	for _, tag := range tags[:min(len(tags), shownTags)] {
		names = append(names, tag.Name)
	}
	return strings.Join(names, ", ")
}
