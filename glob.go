package sightline

import (
	"path"
	"strings"
)

// Matches reports whether the pattern matches a slash-separated path. The pattern's elements must match elements of
// the path one after another, each in path.Match syntax with case ignored; '*' never crosses a '/', "**" stands for any
// number of whole elements. A pattern that starts with '/' starts at the root, any other one anywhere. A match of a
// folder covers everything below it, so "holiday", "holiday/" and "holiday/*" all match /photos/holiday/beach/a.jpg;
// with a '/' at its end a pattern matches folders only. An empty or malformed pattern matches nothing.
func (g PathGlob) Matches(p string) bool {
	pattern := strings.ToLower(string(g))
	if pattern == "" {
		return false
	}
	want := elements(pattern)
	if !strings.HasPrefix(pattern, "/") {
		want = append([]string{anyElements}, want...)
	}
	if strings.HasSuffix(pattern, "/") {
		want = append(want, "*")
	}
	return matchElements(append(want, anyElements), elements(strings.ToLower(p)))
}

// Matches reports whether the pattern matches the last element of the path, case ignored.
func (g NameGlob) Matches(p string) bool {
	return matchElement(strings.ToLower(string(g)), path.Base(strings.ToLower(p)))
}

// anyElements stands for any number of path elements, none included.
const anyElements = "**"

// matchElements matches all of have. Only the latest anyElements is ever widened, so the work is at most the product
// of both lengths, however many there are.
func matchElements(want, have []string) bool {
	w, h := 0, 0
	retryWant, retryHave := -1, 0
	for h < len(have) {
		switch {
		case w < len(want) && want[w] == anyElements:
			w++
			retryWant, retryHave = w, h
		case w < len(want) && matchElement(want[w], have[h]):
			w++
			h++
		case retryWant >= 0:
			retryHave++
			w, h = retryWant, retryHave
		default:
			return false
		}
	}
	for w < len(want) && want[w] == anyElements {
		w++
	}
	return w == len(want)
}

func matchElement(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}

func elements(p string) []string {
	return strings.FieldsFunc(p, func(c rune) bool { return c == '/' })
}
