package qdrant

import (
	"path"
	"slices"
	"strings"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
)

// A pattern without * ? [ \ in it is answered by the indexes of folders and names. Any other one is compared here: with
// the paths of the images that have all of its plain elements where those are few, else with the values of the index,
// which the server gives thirty times faster than the payloads of as many images.
const fewImages = 2000

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
	return c.values("names", mostPaths, f.Matches)
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
		return c.compared(hints(elements, foldersOnly), f)
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

// mostPaths is how many different paths are looked through: about what fits into one answer.
const mostPaths = 1_000_000

// compared finds the images of which one path matches.
func (c compiler) compared(hints *api.Filter, f sightline.PathGlob) (condition, error) {
	n := int(c.v.images)
	if len(hints.GetMust()) > 0 {
		var err error
		if n, err = c.v.s.count(c.ctx, c.v.s.search(c.g), and(visible(c.v.commit), hints)); err != nil {
			return condition{}, err
		}
	}
	if n > fewImages {
		return c.comparedValues(hints, f)
	}
	return c.comparedPayloads(hints, f)
}

func (c compiler) comparedPayloads(hints *api.Filter, f sightline.PathGlob) (condition, error) {
	return c.listed(hints, []string{"paths"}, func(p map[string]*api.Value) bool {
		return slices.ContainsFunc(texts(p["paths"]), func(place string) bool { return f.Matches(decodeText(place)) })
	})
}

// comparedValues compares the folders and the whole paths in the index. A folder that matches stands for all below it.
func (c compiler) comparedValues(hints *api.Filter, f sightline.PathGlob) (condition, error) {
	values, err := c.facet("within", mostPaths)
	if err != nil {
		return condition{}, err
	}
	if len(values) == mostPaths {
		return c.comparedPayloads(hints, f)
	}
	slices.Sort(values)
	var matching []string
	folder := "\x00" // the folder that matched last: no path begins so
	for _, value := range values {
		if strings.HasPrefix(value, folder) || !f.Matches(decodeText(value)) {
			continue
		}
		matching = append(matching, value)
		if strings.HasSuffix(value, "/") {
			folder = value
		}
	}
	return anyOf("within", matching), nil
}
