package vectordb

import (
	"slices"

	"github.com/sightline-search/sightline"
)

// maxFilterDepth is how deep a filter may nest: SQLite limits the depth of expressions, Qdrant that of messages.
const maxFilterDepth = 64

// CheckFilter refuses a filter that nests deeper than every store can evaluate, so that all refuse the same ones.
func CheckFilter(f sightline.Filter) error {
	if tooDeep(f, maxFilterDepth) {
		return sightline.Errorf(sightline.CodeInvalid, "the filter nests deeper than %d levels", maxFilterDepth).WithParam("filter")
	}
	return nil
}

// tooDeep reports whether a filter nests deeper than that many levels.
func tooDeep(f sightline.Filter, levels int) bool {
	if levels < 0 {
		return true
	}
	deeper := func(part sightline.Filter) bool { return tooDeep(part, levels-1) }
	switch f := f.(type) {
	case sightline.And:
		return slices.ContainsFunc(f, deeper)
	case sightline.Or:
		return slices.ContainsFunc(f, deeper)
	case sightline.Not:
		return deeper(f.Of)
	default:
		return false
	}
}

// AsksTags reports whether a filter needs probabilities.
func AsksTags(f sightline.Filter) bool {
	switch f := f.(type) {
	case sightline.And:
		return slices.ContainsFunc(f, AsksTags)
	case sightline.Or:
		return slices.ContainsFunc(f, AsksTags)
	case sightline.Not:
		return AsksTags(f.Of)
	case sightline.TagOver:
		return true
	default:
		return false
	}
}
