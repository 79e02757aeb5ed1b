package describe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/descriptions"
	"github.com/sightline-search/sightline/internal/progress"
)

// maxInARow is how many labels may fail one after the other before the endpoint counts as unfit.
const maxInARow = 10

// Job is a descriptions file to be written.
type Job struct {
	Names    []string // the labels in the file's order, checked by CheckNames
	Out      string   // the file; one that is there is added to
	Anew     bool     // instead, everything is asked anew, and the file replaced at the end
	Progress progress.Reporter
}

// Failure is a label that could not be described.
type Failure struct {
	Label  string         `json:"label"`
	Prompt string         `json:"prompt"` // the first that failed
	Code   sightline.Code `json:"code"`
	Reason string         `json:"reason"`
}

// String is a line for people.
func (f Failure) String() string {
	return fmt.Sprintf("no descriptions of %s: asked %q, %s [%s]", descriptions.Cut(f.Label), f.Prompt, f.Reason, f.Code)
}

// Report says what a run did.
type Report struct {
	Labels   int       // wanted
	Kept     int       // were in the file already
	Asked    int       // needed answers in this run
	Requests int       // sent in this run
	Complete bool      // the file is written, with every label
	Failed   []Failure // in the order of names
}

// Run asks about every label that the file lacks. Answers are kept in a journal beside the file, so that an interrupted
// run goes on where it was; the file itself is written when nothing is missing. A label that fails does not stop the run
// and is in the report; an error is what stopped it.
func Run(ctx context.Context, client *Client, job Job) (report Report, err error) {
	r := &run{client: client, job: job, report: Report{Labels: len(job.Names)}}
	defer func() { report = r.finished() }()
	missing, err := r.prepare()
	if err != nil || r.report.Complete {
		return report, err
	}
	defer func() { err = errors.Join(err, r.journal.close()) }()
	if err := r.ask(ctx, missing); err != nil {
		return report, err
	}
	return report, r.write(missing)
}

// prepare finds out which labels are missing and opens the journal, unless there is nothing to do.
func (r *run) prepare() (missing []string, err error) {
	if !r.job.Anew && !Begun(r.job.Out) {
		old, err := existing(r.job.Out)
		if err != nil {
			return nil, err
		}
		if len(descriptions.Missing(old, r.job.Names)) == 0 {
			r.report.Kept, r.report.Complete = len(r.job.Names), true
			return nil, nil
		}
	}
	if r.journal, err = openJournal(r.job.Out+JournalSuffix, r.client.settings, r.job.Anew); err != nil {
		return nil, err
	}
	if !r.journal.head.Anew {
		if r.old, err = existing(r.job.Out); err != nil {
			return nil, errors.Join(err, r.journal.close())
		}
	}
	missing = descriptions.Missing(r.old, r.job.Names)
	r.report.Kept = len(r.job.Names) - len(missing)
	return missing, nil
}

type run struct {
	client  *Client
	job     Job
	old     []descriptions.Label
	journal *journal

	mu     sync.Mutex
	report Report
	inARow int // labels that failed since the last that did not
}

// ask fills the journal, some labels at the same time.
func (r *run) ask(ctx context.Context, names []string) error {
	var open []string
	prompts := 0
	for _, name := range names {
		if n := len(r.journal.unanswered(name)); n > 0 {
			open = append(open, name)
			prompts += n
		}
	}
	r.report.Asked = len(open)
	r.job.Progress.Total(prompts)
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(r.client.limits.Parallel)
	for _, name := range open {
		if inner.Err() != nil {
			break
		}
		group.Go(func() error { return r.label(inner, name) })
	}
	err := group.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// label asks what is not known about one label. Its error stops the run.
func (r *run) label(ctx context.Context, name string) error {
	prompts := Prompts(name)
	for _, i := range r.journal.unanswered(name) {
		answers, err := r.client.answers(ctx, prompts[i])
		if err != nil {
			return r.failed(ctx, name, prompts[i], err)
		}
		if err := r.journal.add(line{Label: name, Prompt: i, Answers: answers}); err != nil {
			return err
		}
		r.job.Progress.Done(1)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inARow = 0
	return nil
}

// failed records a label's failure. It gives it back where asking on makes no sense.
func (r *run) failed(ctx context.Context, name, prompt string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e, ok := errors.AsType[*requestError](err); ok && e.stop {
		return e.reason
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f := Failure{Label: name, Prompt: prompt, Code: sightline.CodeOf(err), Reason: err.Error()}
	r.report.Failed = append(r.report.Failed, f)
	r.job.Progress.Note(f.String())
	if r.inARow++; r.inARow == maxInARow {
		return sightline.Errorf(sightline.CodeUnavailable, "stopped, because %d labels in a row failed", maxInARow).
			WithHint("once the endpoint works, the same command goes on where it was")
	}
	return nil
}

// write makes the file when nothing is missing any more.
func (r *run) write(names []string) error {
	if len(r.report.Failed) > 0 {
		return nil
	}
	fresh := make([]descriptions.Label, len(names))
	for i, name := range names {
		fresh[i] = descriptions.Label{Name: name, Descriptions: append([]string{first(name)}, r.journal.answers(name)...)}
	}
	if err := descriptions.Write(r.job.Out, join(r.job.Names, fresh, r.old)); err != nil {
		return err
	}
	r.report.Complete = true
	return r.journal.remove()
}

func (r *run) finished() Report {
	at := make(map[string]int, len(r.job.Names))
	for i, name := range r.job.Names {
		at[name] = i
	}
	slices.SortFunc(r.report.Failed, func(a, b Failure) int { return at[a.Label] - at[b.Label] })
	r.report.Requests = r.client.Requests()
	return r.report
}
