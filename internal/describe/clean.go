package describe

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sightline-search/sightline/internal/descriptions"
)

const (
	maxAnswer  = 300 // characters: some more than a text encoder reads
	minLetters = 5   // "Yes." describes nothing
)

var (
	thoughts = regexp.MustCompile(`(?s)^\s*<think>.*?(?:</think>|$)`)
	marker   = regexp.MustCompile(`^\s*(?:[-*•]|\(?\d{1,2}[.):])\s+`) // of a list
	sentence = regexp.MustCompile(`[.!?]["'”’)]*\s`)                  // the end of one that is not the last
)

// clean makes one description of an answer: no thoughts, lists, headings, quotes or line breaks, whole sentences up to
// the limit. Its error says why it is none.
func clean(a answer) (string, error) {
	text := thoughts.ReplaceAllString(strings.ToValidUTF8(a.text, ""), "")
	text = shorten(unquote(oneLine(strings.Split(text, "\n"))), a.torn)
	switch {
	case text == "":
		return "", errors.New("an empty answer; a model that thinks first needs a larger --max-tokens")
	case strings.HasPrefix(text, "<"):
		return "", fmt.Errorf("markup: %s", descriptions.Cut(text))
	case strings.HasPrefix(text, "{"), strings.HasPrefix(text, "["):
		return "", fmt.Errorf("no sentence: %s", descriptions.Cut(text))
	case refusal(text):
		return "", fmt.Errorf("a refusal: %s", descriptions.Cut(text))
	case letters(text) < minLetters:
		return "", fmt.Errorf("too short: %s", descriptions.Cut(text))
	}
	return text, nil
}

// oneLine joins lines. A first line that ends with a colon only announces the answer.
func oneLine(lines []string) string {
	var kept []string
	for _, line := range lines {
		line = marker.ReplaceAllString(line, "")
		line = strings.Join(strings.FieldsFunc(line, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
		if line = strings.TrimSpace(strings.NewReplacer("**", "", "__", "", "`", "").Replace(strings.TrimLeft(line, "# "))); line != "" {
			kept = append(kept, line)
		}
	}
	if len(kept) > 1 && strings.HasSuffix(kept[0], ":") {
		kept = kept[1:]
	}
	return strings.Join(kept, " ")
}

// unquote takes off quotes around the whole.
func unquote(text string) string {
	for _, pair := range []string{`""`, "''", "“”", "‘’", "«»"} {
		open, width := utf8.DecodeRuneInString(pair)
		closing := pair[width:]
		inner, opened := strings.CutPrefix(text, string(open))
		inner, closed := strings.CutSuffix(inner, closing)
		if opened && closed && !strings.Contains(inner, closing) {
			return strings.TrimSpace(inner)
		}
	}
	return text
}

// shorten keeps whole sentences up to the limit, and of a torn text those that are whole; at least the words of the first.
func shorten(text string, torn bool) string {
	limited := text
	if characters := []rune(text); len(characters) > maxAnswer {
		limited, torn = string(characters[:maxAnswer]), true
	}
	if !torn {
		return text
	}
	if ends := sentence.FindAllStringIndex(limited+" ", -1); len(ends) > 0 {
		return strings.TrimSpace(limited[:min(ends[len(ends)-1][1], len(limited))])
	}
	if space := strings.LastIndex(limited, " "); space > 0 {
		return limited[:space] // the last word may be torn, too
	}
	return limited
}

func letters(text string) (n int) {
	for _, r := range text {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}

// refusal tells whether a text begins as those do with which a chat model declines.
func refusal(text string) bool {
	text = strings.ToLower(strings.ReplaceAll(text, "’", "'"))
	for _, beginning := range []string{
		"sorry", "i'm sorry", "i am sorry", "i apologi", "my apologies", "i cannot", "i can't", "i can not", "i'm unable", "i am unable",
		"i'm not able", "i am not able", "i don't", "i do not", "as an ai", "as a language model", "unfortunately, i", "i won't", "i will not",
	} {
		if strings.HasPrefix(text, beginning) {
			return true
		}
	}
	return false
}
