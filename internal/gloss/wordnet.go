package gloss

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sightline-search/sightline"
)

// WordNet's files, in the format of its manual page wndb(5WN).
const (
	indexFile = "index.noun" // word -> offsets of its senses in dataFile, the most frequent first
	dataFile  = "data.noun"  // a line a sense
)

// wordNet is WordNet's nouns.
type wordNet struct {
	senses map[string][]int // folded word -> offsets
	data   []byte
}

func openWordNet(folder string) (*Dictionary, error) {
	index, err := os.ReadFile(filepath.Join(folder, indexFile))
	if err != nil {
		return nil, noWordNet(folder, err)
	}
	data, err := os.ReadFile(filepath.Join(folder, dataFile))
	if err != nil {
		return nil, noWordNet(folder, err)
	}
	w := &wordNet{senses: map[string][]int{}, data: data}
	n := 0
	for line := range strings.Lines(string(index)) {
		n++
		if strings.HasPrefix(line, "  ") { // its licence
			continue
		}
		if err := w.take(strings.Fields(line)); err != nil {
			return nil, noWordNet(folder, fmt.Errorf("%s, line %d: %w", indexFile, n, err))
		}
	}
	return &Dictionary{Path: folder, Kind: "WordNet", lookup: w.lookup}, nil
}

// take reads: word, part of speech, number of senses, number of pointers, pointers, two more numbers, offsets.
func (w *wordNet) take(fields []string) error {
	if len(fields) < 3 {
		return errors.New("too few fields")
	}
	count, err := strconv.Atoi(fields[2])
	if err != nil || count < 1 || count > len(fields)-3 {
		return fmt.Errorf("a wrong number of senses, %q", fields[2])
	}
	offsets := make([]int, count)
	for i, field := range fields[len(fields)-count:] {
		offset, err := strconv.Atoi(field)
		if err != nil || offset < 0 || offset >= len(w.data) || !bytes.HasPrefix(w.data[offset:], []byte(field+" ")) {
			return fmt.Errorf("no sense at offset %q of %s", field, dataFile)
		}
		offsets[i] = offset
	}
	if _, there := w.senses[fold(fields[0])]; !there {
		w.senses[fold(fields[0])] = offsets
	}
	return nil
}

// lookup gives the first sense that is a kind of thing; persons, places and the like who bear the name come after all
// kinds. A plural that WordNet does not have is looked up as its singular.
func (w *wordNet) lookup(name string) (string, bool) {
	for _, word := range forms(name) {
		offsets := w.senses[word]
		for _, offset := range offsets {
			if text, instance := w.sense(offset); text != "" && !instance {
				return text, true
			}
		}
		if len(offsets) > 0 {
			text, _ := w.sense(offsets[0])
			return text, text != ""
		}
	}
	return "", false
}

// sense reads "offset … pointers … | gloss". Pointer @i says that the sense is one individual, such as a person.
func (w *wordNet) sense(offset int) (text string, instance bool) {
	line, _, _ := bytes.Cut(w.data[offset:], []byte("\n"))
	facts, gloss, _ := strings.Cut(string(line), " | ")
	return definition(gloss), strings.Contains(facts, " @i ")
}

// definition is a gloss without the examples, which stand in quotes.
func definition(gloss string) string {
	var parts []string
	for part := range strings.SplitSeq(gloss, ";") {
		if part = strings.TrimSpace(part); strings.HasPrefix(part, `"`) {
			break
		}
		parts = append(parts, part)
	}
	return strings.TrimRight(strings.Join(parts, "; "), ". ")
}

// forms are a word and what it may be the plural of.
func forms(word string) []string {
	words := []string{word}
	for _, ending := range [][2]string{{"ies", "y"}, {"men", "man"}, {"ches", "ch"}, {"shes", "sh"}, {"ses", "s"}, {"xes", "x"}, {"s", ""}} {
		if stem, ok := strings.CutSuffix(word, ending[0]); ok && stem != "" {
			words = append(words, stem+ending[1])
		}
	}
	return words
}

func noWordNet(folder string, err error) error {
	return sightline.Errorf(sightline.CodeInvalid, "%s is not WordNet's folder: %w", folder, err).WithParam(folder).
		WithHint("it must have " + indexFile + " and " + dataFile + ", as Debian's package wordnet-base installs them in /usr/share/wordnet")
}
