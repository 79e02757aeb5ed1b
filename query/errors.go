package query

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sightline-search/sightline"
)

// window is how many characters of a long query a syntax error shows on either side of the place.
const window = 40

// syntaxError says what is wrong, and shows the place with a caret under the query:
//
//	AND needs a term after it
//	  dog AND
//	         ^
func syntaxError(src string, at int, format string, args ...any) error {
	before, after := []rune(printable(src[:at])), []rune(printable(src[at:]))
	lead, tail := "", ""
	if len(before) > window {
		before, lead = before[len(before)-window:], "…"
	}
	if len(after) > window {
		after, tail = after[:window], "…"
	}
	pad := strings.Repeat(" ", utf8.RuneCountInString(lead)+len(before))
	return sightline.Errorf(sightline.CodeQuerySyntax, "%s\n  %s%s%s%s\n  %s^",
		fmt.Sprintf(format, args...), lead, string(before), string(after), tail, pad)
}

// printable replaces what would break the picture of the query: each by one character, so that the caret stays right.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r):
			return utf8.RuneError
		}
		return r
	}, s)
}

// check refuses what no query may be, before any of it is read.
func check(s string) error {
	if len(s) > MaxLength {
		return sightline.Errorf(sightline.CodeQueryTooLong, "the query has %d bytes, the limit is %d", len(s), MaxLength).
			WithHint("shorten it; to find images like a long description, use its most telling sentence")
	}
	if strings.TrimSpace(s) == "" {
		return sightline.Errorf(sightline.CodeQueryEmpty, "the query is empty").
			WithHint(`say what to find, for example: dog on a beach`)
	}
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return syntaxError(strings.ToValidUTF8(s[:i], "")+"\uFFFD", i, "the query is not valid UTF-8 here")
			}
		}
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return syntaxError(s, i, "the query has a control character here (U+%04X)", r)
		}
	}
	return nil
}

// inParam names the flag or field that an error is about.
func inParam(err error, name string) error {
	if e, ok := errors.AsType[*sightline.Error](err); ok {
		return e.WithParam(name)
	}
	return err
}
