// Package describe writes what things look like: it asks a language model five questions about every label, as RAM++'s authors did, and
// puts the answers, or templates and dictionary glosses where there is no model, into a descriptions file. It must not
// know where the names come from nor which model of images will read the texts.
package describe

import (
	"fmt"
	"strings"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/descriptions"
)

// Settings decide what the answers are. A journal belongs to one of them.
type Settings struct {
	Model       string  `json:"model"`
	Answers     int     `json:"answers"` // to each prompt
	Temperature float64 `json:"temperature"`
	MaxTokens   int     `json:"max_tokens"` // of one answer
}

// DefaultSettings are those of RAM++: ten answers that differ, as long as a text encoder can read.
func DefaultSettings() Settings { return Settings{Answers: 10, Temperature: 0.99, MaxTokens: 77} }

// MaxAnswers is the most that can be asked of one prompt.
const MaxAnswers = 100

// templates are the five questions; {} is the name with its article. The second half keeps chat models from greeting,
// listing and explaining.
func templates() []string {
	const style = " Reply with one or two plain sentences and nothing else."
	return []string{
		"Describe briefly what {} looks like." + style,
		"By which visible features can one tell that a picture shows {}?" + style,
		"What does one see when looking at {}?" + style,
		"Which shape, colours and materials are typical of {}?" + style,
		"Write a short caption for a photograph of {}. Reply with the caption and nothing else.",
	}
}

// Prompts are the questions about a label, in the order of the answers in the file.
func Prompts(name string) []string {
	prompts := templates()
	for i := range prompts {
		prompts[i] = strings.Replace(prompts[i], "{}", article(name)+" "+name, 1)
	}
	return prompts
}

// article goes by the letter: a model understands "an unicorn", too.
func article(name string) string {
	if strings.ContainsAny(name[:1], "aeiouAEIOU") {
		return "an"
	}
	return "a"
}

// first is every label's first description, in RAM++'s words: its article does not depend on the name.
func first(name string) string { return fmt.Sprintf("a photo of a %s.", name) }

// CheckNames tells which name cannot be a label, or is the same label as one before.
func CheckNames(names []string) error {
	if len(names) == 0 {
		return sightline.Errorf(sightline.CodeInvalid, "there are no labels to describe")
	}
	seen := make(map[string]int, len(names))
	for i, name := range names {
		if err := descriptions.CheckName(name); err != nil {
			return sightline.Errorf(sightline.CodeInvalid, "name %d: %w", i+1, err)
		}
		if at, twice := seen[descriptions.Fold(name)]; twice {
			return sightline.Errorf(sightline.CodeInvalid, "name %d, %s, is there already as name %d", i+1, descriptions.Cut(name), at)
		}
		seen[descriptions.Fold(name)] = i + 1
	}
	return nil
}
