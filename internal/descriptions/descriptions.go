// Package descriptions reads and writes descriptions files: what texts stand for each label of an open set, in RAM++'s
// format, a JSON list of one-key objects {label: [texts]}. It must not know where descriptions come from or what a
// model makes of them.
package descriptions

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Label is a label with the texts that describe it, in the file's order.
type Label struct {
	Name         string
	Descriptions []string
}

// The limits. RAM++'s own file is far below all of them: 4,585 labels of 51 descriptions, 20 MB.
const (
	MaxFileBytes    = 256 << 20
	MaxLabels       = 100_000
	MaxDescriptions = 1_000 // of one label
	MaxName         = 100   // characters
	MaxDescription  = 2_000 // characters; text encoders read 64 to 77 tokens of them
)

// Fold is what names are compared by: two names with the same one cannot be told apart.
func Fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// cutAt is how many characters of a value an error shows.
const cutAt = 60

// Cut quotes the beginning of a text, so that an error can show what came without repeating megabytes of it.
func Cut(text string) string { return CutTo(text, cutAt) }

// CutTo is Cut after so many characters.
func CutTo(text string, characters int) string {
	end := 0
	for range characters {
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
	}
	if end == len(text) {
		return fmt.Sprintf("%q", text)
	}
	return fmt.Sprintf("%q…", text[:end])
}
