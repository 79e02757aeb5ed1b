package sightline

import (
	"path"
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
	// PathGlob is true when the glob matches the whole path of one of the image's files, or any run of whole trailing
	// path elements ("holiday/*" matches /photos/holiday/a.jpg). '*' crosses '/' in the last element of the pattern
	// only when it is the pattern's last character; matching ignores case.
	PathGlob string
	// NameGlob is true when the glob (path.Match syntax, case ignored) matches the base name of one of the files.
	NameGlob string
	// TakenIn is true when TakenAt is known and lies in [From, To). A zero bound is open.
	TakenIn struct{ From, To time.Time }
	// CameraHas is true when the camera contains the text, case ignored.
	CameraHas string
	// SizeIn is true when Width*Height lies in [MinPixels, MaxPixels]; MaxPixels 0 is open.
	SizeIn struct{ MinPixels, MaxPixels int64 }
	// FormatIs is true when the image's format equals the value ("jpeg").
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
		return anyFile(img, func(p string) bool { return matchPath(string(f), p) })
	case NameGlob:
		return anyFile(img, func(p string) bool { return matchFold(string(f), path.Base(p)) })
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
		for _, id := range f {
			if id == img.ID {
				return true
			}
		}
	}
	return false
}

func anyFile(img *Image, ok func(path string) bool) bool {
	for _, file := range img.Files {
		if ok(file.Path) {
			return true
		}
	}
	return false
}

// matchPath tries the pattern on the whole path and on every run of trailing elements.
func matchPath(pattern, p string) bool {
	if matchTail(pattern, p) {
		return true
	}
	for i := range len(p) {
		if p[i] == '/' && matchTail(pattern, p[i+1:]) {
			return true
		}
	}
	return false
}

// matchTail lets a pattern that ends in "/*" match everything below the folder, however deep.
func matchTail(pattern, p string) bool {
	if folder, below := strings.CutSuffix(pattern, "/*"); below {
		depth := strings.Count(folder, "/") + 1
		elements := strings.SplitN(p, "/", depth+1)
		return len(elements) == depth+1 && matchFold(folder, strings.Join(elements[:depth], "/"))
	}
	return matchFold(pattern, p)
}

func matchFold(pattern, s string) bool {
	ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(s))
	return err == nil && ok
}
