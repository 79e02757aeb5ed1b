package sightline

import (
	"slices"
	"strings"
	"time"
)

// Filter is a condition on stored facts of an image: a tree of And, Or and Not over the leaves below. Stores evaluate
// it themselves (MatchFilter says what it means, the conformance suite holds them to it). A nil Filter is always true.
type Filter interface{ isFilter() }

// The inner nodes. And{} is true, Or{} is false.
type (
	And []Filter
	Or  []Filter
	Not struct{ Of Filter }
)

// The leaves.
type (
	// PathGlob is true when the pattern matches the path of one of the image's files; Matches says how.
	PathGlob string
	// NameGlob is true when the pattern (path.Match syntax, case ignored) matches the base name of one of the files.
	NameGlob string
	// TakenIn is true when TakenAt is known and lies in [From, To). A zero bound is open.
	TakenIn struct{ From, To time.Time }
	// CameraHas is true when the camera contains the text, case ignored.
	CameraHas string
	// SizeIn is true when Width*Height lies in [MinPixels, MaxPixels]; MaxPixels 0 is open.
	SizeIn struct{ MinPixels, MaxPixels int64 }
	// FormatIs is true when the image's format equals the value ("jpeg"), case ignored.
	FormatIs string
	// TagOver is true when the stored probability of the label is over P. An image without a stored probability has 0.
	TagOver struct {
		Name string
		P    float64
	}
	// IDIn is true when the image is one of these.
	IDIn []ImageID
)

func (And) isFilter()       {}
func (Or) isFilter()        {}
func (Not) isFilter()       {}
func (PathGlob) isFilter()  {}
func (NameGlob) isFilter()  {}
func (TakenIn) isFilter()   {}
func (CameraHas) isFilter() {}
func (SizeIn) isFilter()    {}
func (FormatIs) isFilter()  {}
func (TagOver) isFilter()   {}
func (IDIn) isFilter()      {}

// MatchFilter is the meaning of a filter. tag gives the stored probability of a label for this image (0 when absent).
func MatchFilter(f Filter, img *Image, tag func(name string) float64) bool {
	switch f := f.(type) {
	case nil:
		return true
	case And:
		for _, g := range f {
			if !MatchFilter(g, img, tag) {
				return false
			}
		}
		return true
	case Or:
		for _, g := range f {
			if MatchFilter(g, img, tag) {
				return true
			}
		}
		return false
	case Not:
		return !MatchFilter(f.Of, img, tag)
	case TagOver:
		return tag(f.Name) > f.P
	default:
		return matchLeaf(f, img)
	}
}

func matchLeaf(f Filter, img *Image) bool {
	switch f := f.(type) {
	case PathGlob:
		return anyFile(img, f.Matches)
	case NameGlob:
		return anyFile(img, f.Matches)
	case TakenIn:
		t := img.TakenAt
		return !t.IsZero() && !t.Before(f.From) && (f.To.IsZero() || t.Before(f.To))
	case CameraHas:
		return strings.Contains(strings.ToLower(img.Camera), strings.ToLower(string(f)))
	case SizeIn:
		n := int64(img.Width) * int64(img.Height)
		return n >= f.MinPixels && (f.MaxPixels == 0 || n <= f.MaxPixels)
	case FormatIs:
		return strings.EqualFold(img.Format, string(f))
	case IDIn:
		return slices.Contains(f, img.ID)
	}
	return false
}

func anyFile(img *Image, ok func(path string) bool) bool {
	return slices.ContainsFunc(img.Files, func(file File) bool { return ok(file.Path) })
}
