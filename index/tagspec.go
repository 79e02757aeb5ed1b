package index

import (
	"slices"
	"strings"
	"unicode"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/descriptions"
)

// maxTagDescriptions is the most descriptions of a user's tag: RAM++ gives a label 51.
const maxTagDescriptions = 100

// TagSpec is a user's tag as it is asked for.
type TagSpec struct {
	Name         string
	Descriptions []string // none: the name describes itself
	Threshold    *float64 // nil: the model's own
}

// checkSpec refuses what cannot be a tag and puts the rest into the form in which it is stored.
func (x *Index) checkSpec(spec TagSpec) (TagSpec, error) {
	if x.texts == nil {
		return spec, x.noTagTexts(spec.Name)
	}
	var err error
	if spec.Name, err = checkTagName(spec.Name); err != nil {
		return spec, err
	}
	if len(spec.Descriptions) == 0 {
		spec.Descriptions = []string{spec.Name}
	}
	if err := x.checkDescriptions(spec.Descriptions); err != nil {
		return spec, err
	}
	return spec, checkThreshold(spec.Threshold)
}

func (x *Index) noTagTexts(name string) error {
	return sightline.Errorf(sightline.CodeBundleNoText, "this model has no text encoder, which the tag %s needs", descriptions.Cut(name)).
		WithHint("use a bundle with a text encoder")
}

// checkTagName gives the name as queries write it: words separated by single spaces.
func checkTagName(name string) (string, error) {
	if strings.ContainsFunc(name, unicode.IsControl) {
		return "", invalid("name", "the name %s has control characters, such as a line break", descriptions.Cut(name))
	}
	joined := strings.Join(strings.Fields(name), " ")
	if joined == "" {
		return "", invalid("name", "the tag's name is empty")
	}
	if err := descriptions.CheckName(joined); err != nil {
		return "", invalid("name", "%w", err)
	}
	return joined, nil
}

func (x *Index) checkDescriptions(texts []string) error {
	if len(texts) > maxTagDescriptions {
		return invalid("descriptions", "a tag has at most %d descriptions, not %d", maxTagDescriptions, len(texts))
	}
	for i, text := range texts {
		if err := descriptions.CheckDescription(text); err != nil {
			return invalid("descriptions", "description %d: %w", i+1, err)
		}
		if x.texts.Empty(text) {
			return invalid("descriptions", "description %d: the model reads no word in %s", i+1, descriptions.Cut(text))
		}
		if first := slices.Index(texts, text); first < i {
			return invalid("descriptions", "descriptions %d and %d are the same: %s", first+1, i+1, descriptions.Cut(text))
		}
	}
	return nil
}

func checkThreshold(threshold *float64) error {
	if threshold != nil && !(*threshold >= 0 && *threshold <= 1) { // so that NaN is refused
		return invalid("threshold", "the threshold is %v, it must be 0 to 1", *threshold)
	}
	return nil
}
