package qdrant

import (
	"path"
	"slices"
	"strings"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
)

// A pattern without * ? [ ] \ in it is answered by the indexes of folders and names. Any other one is compared here with
// the paths of the images that have all of its plain elements.

func plain(element string) bool { return !strings.ContainsAny(element, `*?[\`) }

func (c compiler) nameGlob(f sightline.NameGlob) (condition, error) {
	pattern := strings.ToLower(string(f))
	switch {
	case pattern == "*":
		return always(true), nil
	case pattern == "" || malformed(pattern):
		return always(false), nil
	case plain(pattern):
		return anyOf("names", []string{encodeText(pattern)}), nil
	}
	return c.compared(nil, f.Matches)
}

func malformed(pattern string) bool {
	_, err := path.Match(pattern, "")
	return err != nil
}

func (c compiler) pathGlob(f sightline.PathGlob) (condition, error) {
	pattern := strings.ToLower(string(f))
	elements := strings.FieldsFunc(pattern, func(r rune) bool { return r == '/' })
	rooted, foldersOnly := strings.HasPrefix(pattern, "/"), strings.HasSuffix(pattern, "/")
	if pattern == "" || slices.ContainsFunc(elements, malformed) {
		return always(false), nil
	}
	if n := len(elements); n > 0 && !foldersOnly && (elements[n-1] == "*" || elements[n-1] == "**") {
		foldersOnly = elements[n-1] == "*" // something has to lie in what comes before
		elements = elements[:n-1]
	}
	if len(elements) == 0 {
		return always(true), nil
	}
	if slices.ContainsFunc(elements, func(e string) bool { return !plain(e) }) || !rooted && len(elements) > 1 {
		return c.compared(hints(elements, foldersOnly), f.Matches)
	}
	if rooted {
		whole := "/" + strings.Join(elements, "/")
		places := []string{encodeText(whole + "/")}
		if !foldersOnly {
			places = append(places, encodeText(whole))
		}
		return anyOf("within", places), nil
	}
	return condition{sent: element(elements[0], foldersOnly), height: 1}, nil
}

// element is the condition that a path has an element.
func element(name string, foldersOnly bool) *api.Condition {
	asked := []*api.Condition{api.NewMatchKeyword("folders", encodeText(name))}
	if !foldersOnly {
		asked = append(asked, api.NewMatchKeyword("names", encodeText(name)))
	}
	return api.NewFilterAsCondition(&api.Filter{Should: asked})
}

// hints are conditions that every match meets.
func hints(elements []string, foldersOnly bool) *api.Filter {
	filter := &api.Filter{}
	for i, e := range elements {
		if plain(e) {
			filter.Must = append(filter.Must, element(e, foldersOnly || i < len(elements)-1))
		}
	}
	return filter
}

// compared lists the points under the hints of which one path matches.
func (c compiler) compared(hints *api.Filter, matches func(path string) bool) (condition, error) {
	return c.listed(hints, []string{"paths"}, func(p map[string]*api.Value) bool {
		return slices.ContainsFunc(texts(p["paths"]), func(place string) bool { return matches(decodeText(place)) })
	})
}
