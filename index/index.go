// Package index holds the use cases: add folders, search, tag. The pipeline of a query and of indexing is spelled out
// here and nowhere else. It must not know which store, which transport or which command calls it.
package index

import (
	"context"
	"image"
	"time"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/cache"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/vectordb"
)

// Index joins a model, a store and a cache. Safe for concurrent use.
type Index struct {
	bundle *bundle.Bundle
	images *encoder.Images
	texts  *encoder.Texts // nil when the bundle serves its labels only
	align  *align.Aligner
	store  vectordb.Store
	cache  cache.Cache
}

// Parts is what an Index is made of. The Index does not close them.
type Parts struct {
	Bundle *bundle.Bundle
	Images *encoder.Images
	Texts  *encoder.Texts
	Align  *align.Aligner
	Store  vectordb.Store
	Cache  cache.Cache
}

// New joins the parts.
func New(p Parts) *Index { panic("not built yet") }

// AddOptions steer Add.
type AddOptions struct {
	Workers int // files decoded at the same time; 0 means one a core
	Batch   int // images a run of the encoder; 0 means 8
	// Progress receives the state now and then; may be nil.
	Progress func(AddProgress)
}

// AddProgress is how far Add is.
type AddProgress struct {
	Total int // files found so far
	Done  int
	Bad   *BadInput // a file that has just failed; nil otherwise
}

// BadInput is a file that could not be indexed.
type BadInput struct {
	Path   string         `json:"path"`
	Code   sightline.Code `json:"code"`
	Reason string         `json:"reason"`
}

// AddReport is what Add did; the JSON form is that of `index --json`.
type AddReport struct {
	Seen            int        `json:"seen"`
	Added           int        `json:"added"`
	Updated         int        `json:"updated"`
	Moved           int        `json:"moved"`
	Duplicates      int        `json:"duplicates"`
	Unchanged       int        `json:"unchanged"`
	Removed         int        `json:"removed"`
	Failed          []BadInput `json:"failed"`
	Seconds         float64    `json:"seconds"`
	ImagesPerSecond float64    `json:"images_per_second"`
}

// Add brings the index up to date with the paths (folders or files): adds new files, updates changed ones, re-finds moved
// ones, drops vanished ones below the paths. It may be interrupted and killed at any moment and resumed; work that was
// done is not done again. A bad file is listed once and never stops the run. The report is valid also on error.
func (x *Index) Add(ctx context.Context, paths []string, o AddOptions) (AddReport, error) {
	panic("not built yet")
}

// Sort is the order of results.
type Sort string

// The orders of results.
const (
	Relevance Sort = "relevance"
	Newest    Sort = "newest"
	Oldest    Sort = "oldest"
)

// Request is a search. Exactly one of Query, Like and Image is set.
type Request struct {
	Query string
	Plain bool // Query is one sentence without operators
	Like  sightline.ImageID
	Image image.Image

	Filter         string   // facts only, in the query language
	Limit          int      // 0 means 20; at most 1000
	MinProbability *float64 // nil means the bundle's fitted threshold
	Sort           Sort     // "" means relevance
	Candidates     int      // images decoded per term; 0 means 200
	Exhaustive     bool     // decode everything
	Cursor         string   // from NextCursor
}

// TermScore is one term of the query and its probability for an image.
type TermScore struct {
	Text        string  `json:"text"`
	Probability float64 `json:"probability"`
}

// TagScore is a tag as results show it.
type TagScore struct {
	Name        string  `json:"name"`
	Probability float64 `json:"probability"`
}

// Hit is one result.
type Hit struct {
	ID          sightline.ImageID `json:"id"`
	Path        string            `json:"path"`
	Probability float64           `json:"probability"`
	Terms       []TermScore       `json:"terms"`
	Tags        []TagScore        `json:"tags"` // over their thresholds, likeliest first
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

// Timing is where the time went, in milliseconds.
type Timing struct {
	Text     float64 `json:"text"`
	Retrieve float64 `json:"retrieve"`
	Fetch    float64 `json:"fetch"`
	Decode   float64 `json:"decode"`
	Total    float64 `json:"total"`
}

// Result is the answer to a search; the JSON form is that of `search --json` and POST /v1/search.
type Result struct {
	Query           string    `json:"query"`
	Matched         bool      `json:"matched"`
	Results         []Hit     `json:"results"`
	NearestRejected *Rejected `json:"nearest_rejected"`
	Searched        Searched  `json:"searched"`
	NextCursor      *string   `json:"next_cursor"`
	Took            Timing    `json:"took_ms"`
}

// Search answers a request. An answer without results is an answer, not an error.
func (x *Index) Search(ctx context.Context, r Request) (*Result, error) { panic("not built yet") }

// LabelScore is one label of an image with both of its figures.
type LabelScore struct {
	Name        string  `json:"name"`
	Logit       float64 `json:"logit"`
	Probability float64 `json:"probability"`
}

// TagImage scores all labels of a decoded image: tags are those over their thresholds, likeliest first; labels are
// all of them in the bundle's order.
func (x *Index) TagImage(ctx context.Context, img image.Image) (tags []TagScore, labels []LabelScore, err error) {
	panic("not built yet")
}

// Details is everything known of one indexed image.
type Details struct {
	Image sightline.Image
	Tags  []TagScore
}

// Get gives one image; CodeNotFound when it is not indexed.
func (x *Index) Get(ctx context.Context, id sightline.ImageID) (*Details, error) {
	panic("not built yet")
}

// List gives one page of images in the order of Sort (relevance lists by id), and the cursor of the next one.
func (x *Index) List(ctx context.Context, filter string, sort Sort, limit int, cursor string) ([]*Details, *string, error) {
	panic("not built yet")
}

// Stats summarises the index and its parts.
type Stats struct {
	Store vectordb.Stats
	Cache cache.Stats
	Model bundle.Manifest
}

// Stats summarises the index.
func (x *Index) Stats(ctx context.Context) (Stats, error) { panic("not built yet") }
