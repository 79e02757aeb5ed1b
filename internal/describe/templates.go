package describe

import (
	"strings"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/descriptions"
)

// Entry is a label with what is known about it without a language model.
type Entry struct {
	Name    string
	Aliases []string
	Gloss   string // what a dictionary says; may be empty
}

// FromTemplates writes the descriptions file without a language model: of each label that the file at out lacks, or of
// all of them anew, its name, its aliases and its gloss put into sentences. There is nothing to wait for, so it needs no
// journal; with anew, one that was begun is thrown away.
func FromTemplates(entries []Entry, out string, anew bool) (Report, error) {
	report := Report{Labels: len(entries)}
	if Begun(out) && !anew {
		return report, sightline.Errorf(sightline.CodeInvalid, "%s%s has answers of a language model", out, JournalSuffix).
			WithParam("endpoint").WithHint("go on with --endpoint, or start over with --restart")
	}
	var old []descriptions.Label
	if !anew {
		var err error
		if old, err = existing(out); err != nil {
			return report, err
		}
	}
	names := make([]string, len(entries))
	all := make([]descriptions.Label, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name
		all[i] = descriptions.Label{Name: entry.Name, Descriptions: sentences(entry)}
	}
	report.Asked = len(descriptions.Missing(old, names))
	report.Kept = report.Labels - report.Asked
	if report.Asked > 0 {
		if err := descriptions.Write(out, join(names, all, old)); err != nil {
			return report, err
		}
	}
	report.Complete = true
	if !Begun(out) {
		return report, nil
	}
	begun, err := openJournal(out+JournalSuffix, Settings{}, true)
	if err != nil {
		return report, err
	}
	return report, begun.close()
}

// sentences begin as RAM++'s do.
func sentences(e Entry) []string {
	texts := []string{first(e.Name)}
	for _, template := range []string{"a close-up photo of a {}.", "a photo of a {} in its usual surroundings."} {
		texts = append(texts, strings.Replace(template, "{}", e.Name, 1))
	}
	for _, alias := range e.Aliases {
		texts = append(texts, first(alias))
	}
	if e.Gloss != "" {
		texts = append(texts, e.Name+": "+e.Gloss+".", "a photo of a "+e.Name+", "+e.Gloss+".")
	}
	return texts
}
