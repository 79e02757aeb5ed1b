// Package bundle opens, verifies and describes model bundles (docs/bundle.md). It must not run them: it knows files,
// sizes and checksums, not tensors.
package bundle

import "github.com/sightline-search/sightline"

// Bundle is an opened, verified bundle.
type Bundle struct {
	Dir      string
	Manifest Manifest
	Labels   []Label
	Calibration
	byName map[string]int // folded names and aliases -> position in Labels
}

// Manifest is bundle.json.
type Manifest struct {
	Format             int                   `json:"format"`
	Name               string                `json:"name"`
	Version            string                `json:"version"`
	Licence            string                `json:"licence"`
	Description        string                `json:"description"`
	Image              ImageSpec             `json:"image"`
	Features           FeatureSpec           `json:"features"`
	Text               *TextSpec             `json:"text"` // nil: labels only
	Decoder            DecoderSpec           `json:"decoder"`
	LabelCount         int                   `json:"labels"`
	Half               *HalfSpec             `json:"half,omitempty"` // nil: the bundle has no graphs that compute in f16
	Files              map[string]FileSpec   `json:"files"`
	FeatureFingerprint sightline.Fingerprint `json:"feature_fingerprint"`
	ScoringFingerprint sightline.Fingerprint `json:"scoring_fingerprint"`
	Checksum           string                `json:"checksum"`
}

// ImageSpec says how pixels are made of an image file.
type ImageSpec struct {
	Width  int        `json:"width"`
	Height int        `json:"height"`
	Resize string     `json:"resize"` // "stretch"
	Filter string     `json:"filter"` // "bilinear-antialias"
	Mean   [3]float32 `json:"mean"`   // of channels scaled to 0..1
	Std    [3]float32 `json:"std"`
	Alpha  string     `json:"alpha"`  // "white" or "drop"
	Orient bool       `json:"orient"` // apply the EXIF orientation
}

// FeatureSpec gives the sizes of stored features.
type FeatureSpec struct {
	Tokens int    `json:"tokens"` // T, as stored
	Dim    int    `json:"dim"`    // D
	DType  string `json:"dtype"`  // "f16", "f32" or "i8"
	Grid   [2]int `json:"grid"`   // rows, columns
	Token0 string `json:"token0"` // "none", "mean" or "stored"

	// Appended is how many of the Tokens rows lie after the grid: they are for the label scorer, and no text attends to
	// them.
	Appended int `json:"appended"`
	Global   int `json:"global"` // E
}

// PatchBytes is the size of one image's patch features.
func (f FeatureSpec) PatchBytes() int {
	switch f.DType {
	case "i8":
		return f.Tokens * (f.Dim + 4) // a byte a value, and each token's scale
	case "f16":
		return f.Tokens * f.Dim * 2
	default:
		return f.Tokens * f.Dim * 4
	}
}

// TextSpec gives the sizes of the text encoder.
type TextSpec struct {
	MaxTokens int `json:"max_tokens"` // longer texts are cut, special tokens kept
	Dim       int `json:"dim"`        // E'
}

// DecoderSpec describes the alignment decoder.
type DecoderSpec struct {
	State     int      `json:"state"` // S
	Form      string   `json:"form"`  // "single" or "words": one query a text or several; the graphs carry it, readers show it
	Layers    int      `json:"layers"`
	Hidden    int      `json:"hidden"`
	Heads     int      `json:"heads"`
	Attention bool     `json:"attention"` // decoder.onnx can give attention maps
	Residual  Residual `json:"residual"`
	Weights   string   `json:"weights,omitempty"`  // "f32" or "int8": what free text's decoder multiplies with; "" is f32
	Reweight  float64  `json:"reweight,omitempty"` // how sharply the descriptions of a tag are weighted by image; 0 means 10
}

// defaultReweight is the sharpness of bundles that name none.
const defaultReweight = 10

// Sharpness is the factor of the cosines in the softmax over a tag's descriptions (docs/tags.md).
func (d DecoderSpec) Sharpness() float64 {
	if d.Reweight == 0 {
		return defaultReweight
	}
	return d.Reweight
}

// Residual is added to the decoder's logit for free text: scale * (vector . global) + bias.
type Residual struct {
	Scale float64 `json:"scale"`
	Bias  float64 `json:"bias"`
}

// FileSpec pins one file of the bundle.
type FileSpec struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Label is one line of labels.jsonl, at its position in the label scorer's output.
type Label struct {
	Name         string   `json:"name"`
	Aliases      []string `json:"aliases"`
	Descriptions int      `json:"descriptions"`
	Threshold    float64  `json:"threshold"` // the label holds when its probability is over this
}

// Calibration is calibration.json.
type Calibration struct {
	LabelScale     Scale   `json:"labels"`
	TextScale      Scale   `json:"text"`
	MatchThreshold float64 `json:"match_threshold"` // the default cut of search, 0..1

	// Sentence is the default cut of longer free text; nil: MatchThreshold. A sentence shares its probability among all
	// images that come close to it.
	Sentence *SentenceCut `json:"sentence"`
}

// SentenceCut is the default cut of a query that is one free text of at least so many words.
type SentenceCut struct {
	Words          int     `json:"words"`
	MatchThreshold float64 `json:"match_threshold"` // 0..1
}

// Scale turns a logit into a probability: sigmoid(Scale * logit + Bias).
type Scale struct {
	Scale    float64  `json:"scale"`
	Bias     float64  `json:"bias"`
	FittedOn string   `json:"fitted_on"`
	Pairs    int      `json:"pairs"`
	ECE      *float64 `json:"ece"` // expected calibration error on rows not fitted on; nil when not measured
}
