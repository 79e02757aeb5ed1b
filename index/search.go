package index

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/internal/descriptions"
)

// search is one request on its way through the stages.
type search struct {
	x       *Index
	words   vocabulary
	request Request
	filter  sightline.Filter // what Searched.Images counts
	terms   []planTerm
	tags    []string // all labels and tags that the query names
	cut     float64  // unless the request says otherwise
	subject []byte   // what is looked for, for the cursor
	all     bool     // every candidate is decoded, whether it can be in the answer or not
	decoded int
	took    Timing
}

// scored is an image with its probability and that of each term.
type scored struct {
	id          sightline.ImageID
	probability float64
	terms       []align.Score // in the order of search.terms; those of labels have no logit
}

// Search answers a request. An answer without results is an answer, not an error.
//
// A query is read into terms and facts (plan), every term is made ready (texts), the images that can match are found
// (shortlist), scored (scoreInSteps), cut and sorted (page). docs/search.md says which images those are.
func (x *Index) Search(ctx context.Context, r Request) (*Result, error) {
	started := time.Now()
	all := r.Candidates > 0 || r.Exhaustive // as the request says
	if err := r.check(); err != nil {
		return nil, err
	}
	stats, err := x.readable(ctx)
	if err != nil {
		return nil, err
	}
	words, err := x.vocabulary(ctx)
	if err != nil {
		return nil, err
	}
	s := &search{x: x, words: words, request: r, all: all}
	ranked, err := s.rank(ctx)
	if err != nil {
		return nil, err
	}
	var result *Result
	err = timed(&s.took.Fetch, func() (err error) {
		if result, err = s.page(ctx, ranked); err != nil {
			return err
		}
		if result.Searched, err = s.searched(ctx, stats.Images); err != nil {
			return err
		}
		result.Unfinished, err = s.unfinished(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.took.Total = milliseconds(time.Since(started))
	result.Took = s.took
	return result, nil
}

func (s *search) rank(ctx context.Context) ([]scored, error) {
	if s.request.Query == "" {
		return s.rankSimilar(ctx)
	}
	p, err := s.words.plan(&s.request)
	if err != nil {
		return nil, err
	}
	s.filter, s.terms, s.subject = p.filter, p.terms, []byte(s.request.Query)
	s.tags = p.tags()
	s.cut = s.words.cut(p)
	texts, list, err := s.prepare(ctx, p)
	if err != nil {
		return nil, err
	}
	return s.scoreInSteps(ctx, p, texts, list)
}

// prepare makes the texts ready and finds what is to be scored. Queries of labels compute next to nothing and do not
// wait for those that do.
func (s *search) prepare(ctx context.Context, p *plan) (texts []sightline.TextQuery, list *shortlist, err error) {
	find := func() error {
		return timed(&s.took.Retrieve, func() (err error) { list, err = s.shortlist(ctx, p, texts); return err })
	}
	if len(p.texts) == 0 {
		return nil, list, find()
	}
	err = s.x.gate.do(ctx, &s.took.Wait, func() error {
		err := timed(&s.took.Text, func() (err error) { texts, err = s.x.textQueries(ctx, p.texts); return err })
		if err != nil {
			return err
		}
		return find()
	})
	return texts, list, err
}

// searched counts the images under the filter.
func (s *search) searched(ctx context.Context, all int) (Searched, error) {
	if s.filter == nil {
		return Searched{Images: all, Decoded: s.decoded}, nil
	}
	images, err := s.x.store.Count(ctx, s.filter)
	return Searched{Images: images, Decoded: s.decoded}, err
}

// unfinished gives the user's tags in the query that are still being scored.
func (s *search) unfinished(ctx context.Context) (tags []UnfinishedTag, err error) {
	for fold, tag := range s.words.own {
		if s.x.finished(tag) || !slices.ContainsFunc(s.tags, func(name string) bool { return descriptions.Fold(name) == fold }) {
			continue
		}
		scoring, err := s.x.scoring(ctx, tag)
		if err != nil {
			return nil, err
		}
		tags = append(tags, UnfinishedTag{Name: tag.Name, Scoring: *scoring})
	}
	slices.SortFunc(tags, func(a, b UnfinishedTag) int { return cmp.Compare(a.Name, b.Name) })
	return tags, nil
}
