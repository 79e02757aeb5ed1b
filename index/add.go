package index

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/sightline-search/sightline"
)

// AddOptions steer Add.
type AddOptions struct {
	Workers  int // files decoded at the same time; 0 means one a core
	Encoders int // batches encoded at the same time, each on one thread; 0 means one a core
	Batch    int // images a run of the encoder; 0 means 4
	// Progress receives the state now and then, one call at a time; may be nil.
	Progress func(AddProgress)
}

// AddProgress is how far Add is. Where the model's scoring has changed it first counts the stored images that are scored
// again, then the files.
type AddProgress struct {
	Total int // files found so far
	Done  int
	Bad   *BadInput // a file that has just failed; nil otherwise
}

// BadInput is a file that could not be indexed, or a folder that could not be read.
type BadInput struct {
	Path   string         `json:"path"`
	Code   sightline.Code `json:"code"`
	Reason string         `json:"reason"`
}

// AddReport is what Add did; the JSON form is that of `index --json`. Every file seen is counted in exactly one of Added,
// Updated, Moved, Duplicates, Unchanged and Failed, once Add has run to its end. Folders that could not be read are in Failed, too.
type AddReport struct {
	Seen            int        `json:"seen"`       // files with an image extension below the paths
	Added           int        `json:"added"`      // new content at a new path
	Updated         int        `json:"updated"`    // new content at a known path
	Moved           int        `json:"moved"`      // known content at a new path, gone from the old one
	Duplicates      int        `json:"duplicates"` // known content at one more path
	Unchanged       int        `json:"unchanged"`
	Removed         int        `json:"removed"` // paths that are gone, other than by a move
	Failed          []BadInput `json:"failed"`
	Seconds         float64    `json:"seconds"`
	ImagesPerSecond float64    `json:"images_per_second"` // files seen a second
}

// Add brings the index up to date with the paths (folders or files): adds new files, updates changed ones, re-finds moved
// ones, drops vanished ones below the paths. It may be interrupted and killed at any moment and resumed; work that was
// done is not done again. A bad file is listed once and never stops the run. The report is valid also on error.
//
// A path that does not exist is CodeNotFound and nothing is done; no images below any of the paths is CodeNoImages.
func (x *Index) Add(ctx context.Context, paths []string, o AddOptions) (AddReport, error) {
	r := newRun(x, o)
	started := time.Now()
	err := r.add(ctx, paths)
	report := r.report
	slices.SortFunc(report.Failed, func(a, b BadInput) int { return strings.Compare(a.Path, b.Path) })
	report.Seconds = time.Since(started).Seconds()
	report.ImagesPerSecond = float64(report.Seen) / max(report.Seconds, 1e-9)
	return report, err
}

// DefaultBatch is where larger batches have nothing more to give on one thread: an image of the default model costs 10 %
// less in a batch of 4 than alone, and more again from 16.
const DefaultBatch = 4

// fillIn puts in the sizes of the stages that nobody has chosen.
func fillIn(workers, encoders, batch *int) {
	if *workers <= 0 {
		*workers = runtime.GOMAXPROCS(0)
	}
	if *encoders <= 0 {
		*encoders = runtime.GOMAXPROCS(0)
	}
	if *batch <= 0 {
		*batch = DefaultBatch
	}
}

func newRun(x *Index, o AddOptions) *run {
	fillIn(&o.Workers, &o.Encoders, &o.Batch)
	if o.Progress == nil {
		o.Progress = func(AddProgress) {}
	}
	return &run{
		x: x, options: o, report: AddReport{Failed: []BadInput{}},
		verdicts: map[sightline.ImageID]*sightline.Error{}, movedFrom: map[string]bool{},
	}
}

// add walks, compares, reads what is new and forgets what is gone, in this order: a moved image is met at its new place
// before its old one is forgotten, and keeps its features.
func (r *run) add(ctx context.Context, paths []string) error {
	roots, err := roots(paths)
	if err != nil {
		return err
	}
	if err := r.x.takeTurn(ctx); err != nil {
		return err
	}
	defer r.x.endTurn()
	if err := r.prepare(ctx); err != nil {
		return err
	}
	w := &walk{found: r.found}
	for _, root := range roots {
		if err := w.root(ctx, root); err != nil {
			return err
		}
	}
	files := w.sorted()
	seen := len(files)
	r.found(seen)
	d, err := r.x.reconcile(ctx, roots, files)
	if err != nil {
		return err
	}
	if seen+len(w.bad)+len(d.vanished)+len(d.forgotten) == 0 {
		return noImages(paths)
	}
	r.settle(d, w.bad)
	r.stages = r.x.Stages(ctx, len(d.todo))
	defer r.stages.Close()
	for todo := d.todo; len(todo) > 0; {
		if todo, err = r.pass(ctx, todo); err != nil {
			return err
		}
	}
	return r.sweep(ctx, d)
}

// prepare makes what is stored ready for more of this model.
func (r *run) prepare(ctx context.Context) error {
	if err := r.x.claim(ctx, r.options.Progress); err != nil || r.x.texts == nil {
		return err
	}
	return r.x.scoreTags(ctx, r.x.changeOwn, func(p TagProgress) { r.options.Progress(AddProgress{Total: p.Images, Done: p.Done}) })
}

func noImages(paths []string) error {
	return sightline.Errorf(sightline.CodeNoImages, "there are no images in %s", strings.Join(paths, ", ")).
		WithHint("images are files named .jpg, .jpeg, .png, .gif, .webp, .bmp, .tif or .tiff; names that begin with a dot are passed over")
}

// sweep forgets the paths that are gone.
func (r *run) sweep(ctx context.Context, d *difference) error {
	gone := slices.Concat(d.vanished, d.forgotten, r.lost)
	if len(gone) == 0 {
		return nil
	}
	if err := r.x.store.RemoveFiles(ctx, gone); err != nil {
		return err
	}
	r.update(func(report *AddReport) int {
		for _, path := range d.vanished {
			if !r.movedFrom[path] {
				report.Removed++
			}
		}
		return 0
	})
	return nil
}
