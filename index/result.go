package index

import (
	"time"

	"github.com/sightline-search/sightline"
)

// TermScore is one term of the query and its probability for an image.
type TermScore struct {
	Text        string  `json:"text"`
	Probability float64 `json:"probability"`
}

// Hit is one result.
type Hit struct {
	ID          sightline.ImageID `json:"id"`
	Path        string            `json:"path"`
	Probability float64           `json:"probability"`
	Terms       []TermScore       `json:"terms"` // as written in the query; for a negated one the probability without NOT
	Tags        []TagScore        `json:"tags"`  // over their thresholds, likeliest first, at most ten
	Width       int               `json:"width"`
	Height      int               `json:"height"`
	TakenAt     *time.Time        `json:"taken_at"`
}

// Rejected is the image that came nearest without reaching the cut.
type Rejected struct {
	ID          sightline.ImageID `json:"id"`
	Path        string            `json:"path"`
	Probability float64           `json:"probability"`
}

// Searched says how much was looked at.
type Searched struct {
	Images  int `json:"images"`  // in the index under the filter
	Decoded int `json:"decoded"` // through the alignment decoder
}

// UnfinishedTag is a user's tag that is still being scored.
type UnfinishedTag struct {
	Name string `json:"name"`
	Scoring
}

// Timing is where the time went, in milliseconds.
type Timing struct {
	Wait     float64 `json:"wait"`     // until other searches had left a place
	Text     float64 `json:"text"`     // encoding what is looked for: texts, or the query image
	Retrieve float64 `json:"retrieve"` // finding candidates
	Fetch    float64 `json:"fetch"`    // reading their features, and what the page of results shows
	Decode   float64 `json:"decode"`   // scoring them
	Total    float64 `json:"total"`
}

// Result is the answer to a search; the JSON form is that of `search --json` and POST /v1/search.
type Result struct {
	Query           string    `json:"query"`
	Matched         bool      `json:"matched"`
	Matches         int       `json:"matches"`         // images that reach the cut; Results is a page of them
	MinProbability  float64   `json:"min_probability"` // the cut that was used
	Results         []Hit     `json:"results"`
	NearestRejected *Rejected `json:"nearest_rejected"` // only where nothing matched
	Searched        Searched  `json:"searched"`
	NextCursor      *string   `json:"next_cursor"`
	Took            Timing    `json:"took_ms"`
	// Unfinished are the user's tags in the query that are not scored on all images yet: images that they have not
	// reached count as not tagged.
	Unfinished []UnfinishedTag `json:"unfinished_tags,omitempty"`
}

// timed adds the time that f takes to one part of a Timing.
func timed(ms *float64, f func() error) error {
	started := time.Now()
	err := f()
	*ms += milliseconds(time.Since(started))
	return err
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
