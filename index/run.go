package index

import (
	"maps"
	"sync"

	"github.com/sightline-search/sightline"
)

// run is the state of one Add: what it has counted, and what its stages know of each other's work.
type run struct {
	x       *Index
	options AddOptions
	stages  *Stages

	mu        sync.Mutex
	report    AddReport
	done      int
	verdicts  map[sightline.ImageID]*sightline.Error // content at work, with nil, and content that is bad, with why
	postponed []work                                 // for the next pass
	movedFrom map[string]bool                        // old paths of moved files
	lost      []string                               // files that vanished after they were found
}

// update changes the report and tells the progress; change gives the number of files that it finished.
func (r *run) update(change func(*AddReport) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += change(&r.report)
	r.options.Progress(AddProgress{Total: r.report.Seen, Done: r.done})
}

// found tells the progress how many files there are so far.
func (r *run) found(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Seen = n
	if n%1000 == 0 {
		r.options.Progress(AddProgress{Total: n})
	}
}

// settle counts what needs no reading.
func (r *run) settle(d *difference, folders []BadInput) {
	r.update(func(report *AddReport) int {
		report.Unchanged = d.unchanged
		return d.unchanged
	})
	for _, bad := range folders {
		r.fail(bad, 0)
	}
	for _, bad := range d.bad {
		r.fail(bad, 1)
	}
}

// fail lists a bad input that finishes n files.
func (r *run) fail(bad BadInput, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += n
	r.report.Failed = append(r.report.Failed, bad)
	r.options.Progress(AddProgress{Total: r.report.Seen, Done: r.done, Bad: &bad})
}

// reserve asks who looks after this content: the first to ask does. Another file with the same bytes shares the verdict
// when the content has turned out bad, and otherwise waits for the next pass, when the image is stored.
func (r *run) reserve(id sightline.ImageID, w work) (mine bool, verdict *sightline.Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	verdict, met := r.verdicts[id]
	if !met {
		r.verdicts[id] = nil
		return true, nil
	}
	if verdict == nil {
		r.postponed = append(r.postponed, w)
	}
	return false, verdict
}

// release ends the reservation of content that is stored. Who reserves it afterwards finds it there.
func (r *run) release(id sightline.ImageID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.verdicts, id)
}

// condemn remembers that content is bad, for other files with the same bytes.
func (r *run) condemn(id sightline.ImageID, why *sightline.Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.verdicts[id] = why
}

func (r *run) postpone(w work) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.postponed = append(r.postponed, w)
}

// next ends a pass: it gives what was postponed, and keeps only the bad verdicts.
func (r *run) next() []work {
	todo := r.postponed
	r.postponed = nil
	maps.DeleteFunc(r.verdicts, func(_ sightline.ImageID, why *sightline.Error) bool { return why == nil })
	return todo
}

// stored counts images that have been put.
func (r *run) stored(works []work) {
	r.update(func(report *AddReport) int {
		for _, w := range works {
			if w.known != "" {
				report.Updated++
			} else {
				report.Added++
			}
		}
		return len(works)
	})
}

// lose notes a file that vanished after it was found.
func (r *run) lose(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost = append(r.lost, path)
}
