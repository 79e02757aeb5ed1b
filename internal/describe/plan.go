package describe

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/descriptions"
)

// Question is a label with the prompts that need answers.
type Question struct {
	Label   string   `json:"label"`
	Prompts []string `json:"prompts"`
}

// Plan tells what Run would ask, and touches nothing. Without a place for the file, that is everything.
func Plan(settings Settings, job Job) ([]Question, error) {
	known := newJournal(job.Out, settings, true)
	missing := job.Names
	if job.Out != "" && !job.Anew {
		var err error
		if known, err = peek(job.Out+JournalSuffix, settings); err != nil {
			return nil, err
		}
		if !known.head.Anew {
			old, err := existing(job.Out)
			if err != nil {
				return nil, err
			}
			missing = descriptions.Missing(old, job.Names)
		}
	}
	questions := []Question{}
	for _, name := range missing {
		q := Question{Label: name}
		for _, i := range known.unanswered(name) {
			q.Prompts = append(q.Prompts, Prompts(name)[i])
		}
		if len(q.Prompts) > 0 {
			questions = append(questions, q)
		}
	}
	return questions, nil
}

// existing reads the descriptions file that will be added to; none is no error, one that is none of ours is.
func existing(path string) ([]descriptions.Label, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // reading a terminal or a pipe would wait for ever
		return nil, sightline.Errorf(sightline.CodeUnreadable, "%s is there and is not a file", path).WithParam("out")
	}
	labels, err := descriptions.Read(path)
	if sightline.CodeOf(err) == sightline.CodeNotFound {
		return nil, nil
	}
	return labels, err
}

// Begun tells whether a run was begun whose answers are not yet in the file at path.
func Begun(path string) bool {
	_, err := os.Stat(path + JournalSuffix)
	return !errors.Is(err, fs.ErrNotExist)
}

// join puts labels into the order of names; what the old file had besides follows in its own order, and what it had of
// them stays as it was.
func join(names []string, fresh, old []descriptions.Label) []descriptions.Label {
	byName := map[string]descriptions.Label{}
	for _, label := range slices.Concat(fresh, old) {
		byName[descriptions.Fold(label.Name)] = label
	}
	var all []descriptions.Label
	take := func(name string) {
		if label, ok := byName[descriptions.Fold(name)]; ok {
			all = append(all, label)
			delete(byName, descriptions.Fold(name))
		}
	}
	for _, name := range names {
		take(name)
	}
	for _, label := range old {
		take(label.Name)
	}
	return all
}
