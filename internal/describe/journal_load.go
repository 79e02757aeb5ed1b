package describe

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/descriptions"
)

// peek reads a journal without touching it, whoever may be writing to it. There need not be one.
func peek(path string, settings Settings) (*journal, error) {
	j := newJournal(path, settings, false)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	if err != nil {
		return nil, j.broken(err)
	}
	defer f.Close()
	_, err = j.load(f)
	return j, err
}

// load reads the lines that are whole and gives their length: a kill may have torn the last one.
func (j *journal) load(from io.Reader) (whole int64, err error) {
	lines := bufio.NewReader(from)
	for n := 1; ; n++ {
		raw, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return whole, nil
		}
		if err != nil {
			return whole, j.broken(err)
		}
		if err := j.take(n, raw); err != nil {
			return whole, err
		}
		whole += int64(len(raw))
	}
}

func (j *journal) take(n int, raw []byte) error {
	if n == 1 {
		return j.takeHeader(raw)
	}
	var l line
	if err := json.Unmarshal(raw, &l); err != nil {
		return j.damaged(n, err)
	}
	if l.Prompt < 0 || l.Prompt >= len(j.head.Templates) || len(l.Answers) != j.head.Answers {
		return j.damaged(n, fmt.Errorf("prompt %d with %d answers; there are prompts 0 to %d with %d each", l.Prompt, len(l.Answers), len(j.head.Templates)-1, j.head.Answers))
	}
	j.remember(l)
	return nil
}

func (j *journal) takeHeader(raw []byte) error {
	var got header
	if err := json.Unmarshal(raw, &got); err != nil {
		return j.damaged(1, err)
	}
	var differ string
	switch want := j.head; {
	case got.Format != want.Format:
		differ = fmt.Sprintf("format %d and not %d", got.Format, want.Format)
	case got.Model != want.Model && want.Model != "": // a dry run need not name one
		differ = fmt.Sprintf("--model %s and not %s", descriptions.Cut(got.Model), descriptions.Cut(want.Model))
	case got.Answers != want.Answers:
		differ = fmt.Sprintf("--answers %d and not %d", got.Answers, want.Answers)
	case got.Temperature != want.Temperature:
		differ = fmt.Sprintf("--temperature %g and not %g", got.Temperature, want.Temperature)
	case got.MaxTokens != want.MaxTokens:
		differ = fmt.Sprintf("--max-tokens %d and not %d", got.MaxTokens, want.MaxTokens)
	case !slices.Equal(got.Templates, want.Templates):
		differ = "other prompts than this version's"
	}
	if differ != "" {
		return sightline.Errorf(sightline.CodeInvalid, "%s was begun with %s", j.path, differ).WithParam(j.path).
			WithHint("go on as it was begun, or start over with --restart")
	}
	j.head.Anew = got.Anew
	return nil
}
