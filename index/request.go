package index

import (
	"image"
	"math"

	"github.com/sightline-search/sightline"
)

// Sort is the order of results.
type Sort string

// The orders of results. Images without a date are placed by when they were indexed.
const (
	Relevance Sort = "relevance"
	Newest    Sort = "newest"
	Oldest    Sort = "oldest"
)

// The sizes of a request.
const (
	defaultLimit      = 20
	maxLimit          = 1000
	defaultCandidates = 200
	maxCandidates     = 100_000
)

// Request is a search. Exactly one of Query, Like and Image is set.
type Request struct {
	Query string
	Plain bool // Query is one sentence without operators
	Like  sightline.ImageID
	Image image.Image

	Filter         string   // facts only, in the query language
	Limit          int      // 0 means 20; at most 1000
	MinProbability *float64 // nil means the bundle's fitted threshold, and 0 for image queries
	Sort           Sort     // "" means relevance
	Candidates     int      // images decoded per term, at most 100,000; 0 means 200, or Limit where that is more, without those that cannot be in the answer
	Exhaustive     bool     // decode everything
	Cursor         string   // from NextCursor
}

// check refuses what is not allowed and fills in the defaults.
func (r *Request) check() error {
	if err := r.checkSubject(); err != nil {
		return err
	}
	if r.Limit < 0 || r.Limit > maxLimit {
		return invalid("limit", "limit is %d, it must be 1 to %d", r.Limit, maxLimit)
	}
	if r.Candidates < 0 || r.Candidates > maxCandidates {
		return invalid("candidates", "candidates is %d, it must be 1 to %d", r.Candidates, maxCandidates)
	}
	if p := r.MinProbability; p != nil && (math.IsNaN(*p) || *p < 0 || *p > 1) {
		return invalid("min_probability", "min_probability is %v, it must be 0 to 1", *p)
	}
	switch r.Sort {
	case Relevance, Newest, Oldest:
	case "":
		r.Sort = Relevance
	default:
		return invalid("sort", "sort is %q, it must be relevance, newest or oldest", string(r.Sort))
	}
	if r.Limit == 0 {
		r.Limit = defaultLimit
	}
	if r.Candidates == 0 {
		r.Candidates = max(defaultCandidates, r.Limit)
	}
	return nil
}

// checkSubject wants exactly one thing to look for.
func (r *Request) checkSubject() error {
	subjects := 0
	for _, given := range []bool{r.Query != "", r.Like != "", r.Image != nil} {
		if given {
			subjects++
		}
	}
	switch {
	case subjects == 0:
		return sightline.Errorf(sightline.CodeQueryEmpty, "the query is empty").WithParam("query").
			WithHint("say what to find, for example: dog on a beach")
	case subjects > 1:
		return invalid("query", "a search is for a text, for images like an indexed one, or for images like a given one: only one of them")
	case r.Like != "" && !r.Like.Valid():
		return invalid("image_id", "%q is not an image id: 64 hexadecimal digits", string(r.Like))
	}
	return nil
}

func invalid(param, format string, args ...any) error {
	return sightline.Errorf(sightline.CodeInvalid, format, args...).WithParam(param)
}
