package descriptions

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sightline-search/sightline"
)

// CheckName tells why a text cannot be a label's name.
func CheckName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return sightline.Errorf(sightline.CodeInvalid, "a label's name is empty")
	case utf8.RuneCountInString(name) > MaxName:
		return sightline.Errorf(sightline.CodeInvalid, "the name %s has %d characters; at most %d are allowed", Cut(name), utf8.RuneCountInString(name), MaxName)
	case !utf8.ValidString(name):
		return sightline.Errorf(sightline.CodeInvalid, "the name %s is not UTF-8", Cut(name))
	case strings.ContainsFunc(name, unicode.IsControl):
		return sightline.Errorf(sightline.CodeInvalid, "the name %s has control characters, such as a line break", Cut(name))
	}
	return nil
}

// CheckDescription tells why a text cannot be a description.
func CheckDescription(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return sightline.Errorf(sightline.CodeInvalid, "it is empty")
	case utf8.RuneCountInString(text) > MaxDescription:
		return sightline.Errorf(sightline.CodeInvalid, "%s has %d characters; at most %d are allowed", Cut(text), utf8.RuneCountInString(text), MaxDescription)
	case !utf8.ValidString(text):
		return sightline.Errorf(sightline.CodeInvalid, "%s is not UTF-8", Cut(text))
	}
	return nil
}

// check holds labels against the limits and against each other.
func check(labels []Label) error {
	switch n := len(labels); {
	case n == 0:
		return errors.New("it has no labels")
	case n > MaxLabels:
		return fmt.Errorf("it has more than %d labels", MaxLabels)
	}
	seen := make(map[string]int, len(labels)) // folded name -> entry, counted from 1
	for i, label := range labels {
		place := fmt.Sprintf("entry %d", i+1)
		if err := label.check(place); err != nil {
			return err
		}
		if at, twice := seen[Fold(label.Name)]; twice {
			return sightline.Errorf(sightline.CodeInvalid, "%s: the label %s is there already, as entry %d (%s)", place, Cut(label.Name), at, Cut(labels[at-1].Name)).
				WithHint("names must differ in more than upper and lower case; join the two lists of descriptions or remove one")
		}
		seen[Fold(label.Name)] = i + 1
	}
	return nil
}

// check holds one label against the limits; place names it in errors.
func (l Label) check(place string) error {
	if err := CheckName(l.Name); err != nil {
		return sightline.Errorf(sightline.CodeInvalid, "%s: %w", place, err)
	}
	place = fmt.Sprintf("%s, label %s", place, Cut(l.Name))
	switch n := len(l.Descriptions); {
	case n == 0:
		return sightline.Errorf(sightline.CodeInvalid, "%s has no descriptions", place).WithHint("at least one is needed, such as \"a photo of a %s.\"", l.Name)
	case n > MaxDescriptions:
		return sightline.Errorf(sightline.CodeInvalid, "%s has %d descriptions; at most %d are allowed", place, n, MaxDescriptions)
	}
	for i, text := range l.Descriptions {
		if err := CheckDescription(text); err != nil {
			return sightline.Errorf(sightline.CodeInvalid, "%s, description %d: %w", place, i+1, err)
		}
	}
	return nil
}
