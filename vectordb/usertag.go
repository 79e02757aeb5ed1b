package vectordb

import (
	"github.com/sightline-search/sightline"
)

// UserTag is a tag that a user has added, and how far the stored images have been scored for it. Its probabilities are
// stored among those of the labels, under its name.
type UserTag struct {
	Name         string
	Descriptions []string // at least one
	Threshold    *float64 // nil: the model's own

	// Scoring is the scoring fingerprint that the stored probabilities were made with.
	Scoring sightline.Fingerprint
	// Scored is the last image that has been scored: images are scored in the order of their ids. "" is none so far.
	Scored sightline.ImageID
	// Complete says that all images have been scored.
	Complete bool
}

// CheckUserTag says what is wrong with a user's tag or with its probabilities, so that every driver refuses the same ones
// with the same words.
func CheckUserTag(tag UserTag, probabilities map[sightline.ImageID]float64) error {
	switch {
	case tag.Name == "":
		return sightline.Errorf(sightline.CodeInvalid, "a user's tag has no name")
	case len(tag.Descriptions) == 0:
		return sightline.Errorf(sightline.CodeInvalid, "the user's tag %q has no descriptions", tag.Name)
	case tag.Threshold != nil && !(*tag.Threshold >= 0 && *tag.Threshold <= 1):
		return sightline.Errorf(sightline.CodeInvalid, "the user's tag %q has the threshold %v, outside 0..1", tag.Name, *tag.Threshold)
	}
	for id, p := range probabilities {
		if err := CheckTags(id, []sightline.Tag{{Name: tag.Name, Probability: p}}); err != nil {
			return err
		}
	}
	return nil
}
