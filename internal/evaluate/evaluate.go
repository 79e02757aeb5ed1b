// Package evaluate measures a model on labelled images: how well texts find their images, how well tags are ranked, how
// honest probabilities are. It must not know which store it works in, nor print anything.
package evaluate

import (
	"context"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
)

// Candidates is how many images the alignment decoder re-ranks for every caption.
const Candidates = 200

// Report is what was measured; the JSON form is that of `eval --json`. Figures are fractions 0..1, nil where the dataset
// or the bundle has none.
type Report struct {
	Images          int              `json:"images"`
	TextToImage     TextToImage      `json:"text_to_image"`
	Tagging         Tagging          `json:"tagging"`
	Calibration     Calibration      `json:"calibration"`
	ImagesPerSecond float64          `json:"images_per_second"` // of indexing
	Failed          []index.BadInput `json:"failed"`            // images that are left out of all figures
}

// TextToImage is the share of captions whose own image is among the first k: after re-ranking, and by the dot product of
// global vectors alone.
type TextToImage struct {
	Recall1        *float64 `json:"recall_at_1"`
	Recall5        *float64 `json:"recall_at_5"`
	Recall10       *float64 `json:"recall_at_10"`
	Stage1Recall1  *float64 `json:"stage1_recall_at_1"`
	Stage1Recall5  *float64 `json:"stage1_recall_at_5"`
	Stage1Recall10 *float64 `json:"stage1_recall_at_10"`
}

// Tagging is mean average precision over the tags that at least MinPositives images have.
type Tagging struct {
	MAP           *float64 `json:"map"`
	Tags          int      `json:"tags"`
	OpenTags      int      `json:"open_tags"`       // of Tags: not in the label set, scored as free text
	MAPGlobalOnly *float64 `json:"map_global_only"` // by the dot product of the tag's text and the global vector
	Unscored      []string `json:"unscored"`        // tags that a bundle without text cannot score
}

// Calibration is the expected calibration error.
type Calibration struct {
	Tags *float64 `json:"ece_tags"` // over all pairs of an image and a tag
	Text *float64 `json:"ece_text"` // over every caption's decoded candidates
}

// Progress is how far an evaluation is.
type Progress struct {
	Stage       string // "images", "captions" or "tags"
	Done, Total int
}

// Options steer Run.
type Options struct {
	Tags     []string       // the universe of tags; nil means all that occur in the dataset
	Progress func(Progress) // may be nil
}

// Run indexes the dataset's images into the parts' store, which must be empty and for this alone, and measures. The
// features of all images are held in memory.
func Run(ctx context.Context, parts index.Parts, d *Dataset, o Options) (*Report, error) {
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	e := &evaluation{parts: parts, options: o, report: &Report{Tagging: Tagging{Unscored: []string{}}, Failed: []index.BadInput{}}}
	if err := e.indexImages(ctx, d); err != nil {
		return nil, err
	}
	if err := e.measureCaptions(ctx); err != nil {
		return nil, err
	}
	if err := e.measureTags(ctx); err != nil {
		return nil, err
	}
	return e.report, nil
}

// evaluation is one run.
type evaluation struct {
	parts    index.Parts
	options  Options
	report   *Report
	images   []image // in the order of the dataset
	features []sightline.Features
}

// image is a distinct image of the dataset with everything that its rows say.
type image struct {
	id       sightline.ImageID
	captions []string
	tagged   bool
	tags     map[string]bool
}

// encodeBatch bounds the texts that are encoded at once.
const encodeBatch = 64

// queries makes texts ready for retrieval and the decoder.
func (e *evaluation) queries(ctx context.Context, texts []string) ([]sightline.TextQuery, error) {
	var out []sightline.TextQuery
	for len(texts) > 0 {
		n := min(encodeBatch, len(texts))
		encoded, err := e.parts.Texts.Encode(ctx, texts[:n])
		if err != nil {
			return nil, err
		}
		made, err := e.parts.Align.Queries(ctx, encoded)
		if err != nil {
			return nil, err
		}
		out = append(out, made...)
		texts = texts[n:]
	}
	return out, nil
}
