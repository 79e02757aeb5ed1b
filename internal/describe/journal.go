package describe

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"

	"github.com/gofrs/flock"

	"github.com/sightline-search/sightline"
)

// JournalSuffix makes the journal's name of the descriptions file's.
const JournalSuffix = ".part"

const journalFormat = 1

// header is a journal's first line: what its answers are answers to.
type header struct {
	Format int `json:"format"`
	Settings
	Templates []string `json:"prompts"`
	Anew      bool     `json:"anew"` // the descriptions file that is there will be replaced, not added to
}

// line is any other line: the answers to one prompt about one label.
type line struct {
	Label   string   `json:"label"`
	Prompt  int      `json:"prompt"` // position in the header's prompts
	Answers []string `json:"answers"`
}

// journal keeps what was answered until the descriptions file is complete. One process writes to it at a time; a line
// is on the disk before the next prompt of its label is asked. Safe for concurrent use.
type journal struct {
	path   string
	lock   *flock.Flock
	head   header
	mu     sync.Mutex
	file   *os.File
	failed error                 // of a write: what follows a torn line could not be read again
	done   map[string][][]string // label -> prompt -> answers; nil where there are none yet
}

func newJournal(path string, settings Settings, anew bool) *journal {
	return &journal{
		path: path, lock: flock.New(path), done: map[string][][]string{},
		head: header{Format: journalFormat, Settings: settings, Templates: templates(), Anew: anew},
	}
}

// openJournal opens or begins the journal at path. With anew, one that is there is thrown away.
func openJournal(path string, settings Settings, anew bool) (*journal, error) {
	j := newJournal(path, settings, anew)
	locked, err := j.lock.TryLock()
	if err != nil {
		return nil, j.broken(err)
	}
	if !locked {
		return nil, sightline.Errorf(sightline.CodeUnavailable, "another process is writing to %s", path).WithParam(path).WithHint("wait for it, or name another --out")
	}
	if err := j.open(anew); err != nil {
		return nil, errors.Join(err, j.release())
	}
	return j, nil
}

// open reads what is there and goes on behind it; without a line, it begins with the header.
func (j *journal) open(anew bool) (err error) {
	if j.file, err = os.OpenFile(j.path, os.O_RDWR, 0); err != nil {
		return j.broken(err)
	}
	var whole int64
	if !anew {
		if whole, err = j.load(j.file); err != nil {
			return err
		}
	}
	if err := j.file.Truncate(whole); err != nil {
		return j.broken(err)
	}
	if _, err := j.file.Seek(whole, io.SeekStart); err != nil {
		return j.broken(err)
	}
	if whole == 0 {
		return j.write(j.head)
	}
	return nil
}

// add keeps the answers to one prompt.
func (j *journal) add(l line) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed == nil {
		j.failed = j.write(l)
	}
	if j.failed == nil {
		j.remember(l)
	}
	return j.failed
}

func (j *journal) write(v any) error {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return err
	}
	if _, err := j.file.Write(out.Bytes()); err != nil {
		return j.broken(err)
	}
	if err := j.file.Sync(); err != nil {
		return j.broken(err)
	}
	return nil
}

func (j *journal) remember(l line) {
	if j.done[l.Label] == nil {
		j.done[l.Label] = make([][]string, len(j.head.Templates))
	}
	j.done[l.Label][l.Prompt] = l.Answers
}

// unanswered lists the prompts that need answers about a label.
func (j *journal) unanswered(label string) (prompts []int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := j.done[label]
	for i := range j.head.Templates {
		if all == nil || all[i] == nil {
			prompts = append(prompts, i)
		}
	}
	return prompts
}

// answers gives all that is known about a label, in the order of the prompts.
func (j *journal) answers(label string) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Concat(j.done[label]...)
}

func (j *journal) damaged(n int, err error) error {
	return sightline.Errorf(sightline.CodeInvalid, "%s, line %d is damaged: %w", j.path, n, err).WithParam(j.path).WithHint("start over with --restart")
}

func (j *journal) broken(err error) error {
	return sightline.Errorf(sightline.CodeUnreadable, "%s cannot be used: %w", j.path, err).WithParam(j.path)
}

// close ends the writing. A journal without answers is of no use to anybody and goes.
func (j *journal) close() error {
	var err error
	if len(j.done) == 0 {
		err = j.remove()
	}
	return errors.Join(err, j.release())
}

func (j *journal) release() error {
	var err error
	if j.file != nil {
		err = j.file.Close()
	}
	return errors.Join(err, j.lock.Unlock())
}

// remove takes the journal away once everything in it stands in the descriptions file.
func (j *journal) remove() error {
	if err := os.Remove(j.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
