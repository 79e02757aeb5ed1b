package gloss

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/sightline-search/sightline"
)

const (
	maxLine  = 64 << 10 // bytes
	maxGloss = 1_000    // characters
)

// openFile reads lines of a name, a tab and a gloss. Empty lines and those that begin with # are left out.
func openFile(path string) (*Dictionary, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeUnreadable, "%s cannot be read: %w", path, err).WithParam(path)
	}
	defer f.Close()
	glosses := map[string]string{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		if err := takeLine(glosses, lines.Text()); err != nil {
			return nil, wrong(path, n, err)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, wrong(path, n+1, fmt.Errorf("it is longer than %d bytes", maxLine))
	} else if err != nil {
		return nil, sightline.Errorf(sightline.CodeUnreadable, "%s cannot be read: %w", path, err).WithParam(path)
	}
	lookup := func(name string) (string, bool) { text, ok := glosses[name]; return text, ok }
	return &Dictionary{Path: path, Kind: "glosses", lookup: lookup}, nil
}

func takeLine(glosses map[string]string, line string) error {
	if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
		return nil
	}
	if !utf8.ValidString(line) {
		return errors.New("it is not UTF-8")
	}
	name, text, ok := strings.Cut(line, "\t")
	text = strings.TrimRight(strings.TrimSpace(text), ". ")
	switch {
	case !ok:
		return errors.New("it has no tab between a name and its gloss")
	case fold(name) == "":
		return errors.New("it has no name before the tab")
	case text == "":
		return errors.New("it has no gloss behind the tab")
	case utf8.RuneCountInString(text) > maxGloss:
		return fmt.Errorf("the gloss has %d characters; at most %d are allowed", utf8.RuneCountInString(text), maxGloss)
	}
	if _, twice := glosses[fold(name)]; twice {
		return errors.New("its name is on a line before, too")
	}
	glosses[fold(name)] = text
	return nil
}

func wrong(path string, line int, err error) error {
	return sightline.Errorf(sightline.CodeInvalid, "%s, line %d: %w", path, line, err).WithParam(path).
		WithHint("a line is a name, a tab and a gloss, such as \"red panda\\ta small tree-dwelling mammal\"")
}
