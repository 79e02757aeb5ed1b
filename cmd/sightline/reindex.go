package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/bulk"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/progress"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// reindexAnswer is reindex --json.
type reindexAnswer struct {
	Generation      string          `json:"generation"`
	Model           string          `json:"model"`
	Images          int             `json:"images"`  // that the index knows
	Built           int             `json:"built"`   // that the generation has features of
	Encoded         int             `json:"encoded"` // since this command began, by all machines
	Failed          []index.Failure `json:"failed"`
	Serving         bool            `json:"serving"` // the generation answers now
	Seconds         float64         `json:"seconds"`
	ImagesPerSecond float64         `json:"images_per_second"`
}

func (a *app) runReindex(ctx context.Context, f reindexFlags) error {
	o, redis, err := f.options()
	if err != nil {
		return err
	}
	if err := a.needIndexDir(); err != nil {
		return err
	}
	bar := a.progress("reindexing", "images") // first: loading the model takes seconds
	defer bar.Finish()
	e, err := a.openEngine(a.buildMode())
	if err != nil {
		return err
	}
	defer e.Close()
	rebuild, err := e.index.Rebuild(ctx, o)
	if err != nil {
		return err
	}
	defer rebuild.Close()
	queue, beat, err := a.openQueue(redis)
	if err != nil {
		return err
	}
	defer queue.Close()
	r := &reindex{Rebuild: rebuild, flags: f, store: e.store, bar: bar}
	answer, err := r.run(ctx, queue, bulk.Options{Batch: encodersABatch * rebuild.BatchSize(), Beat: beat, Progress: bar, End: r.end})
	bar.Finish()
	if err != nil {
		return err
	}
	r.tellRest(a, answer.Failed)
	if answer.Serving {
		if err := a.scoreAfterSwitch(ctx, e); err != nil {
			return err
		}
	}
	return a.printReindex(answer, f)
}

// buildMode is how a store is opened to build a generation: an index folder has one writer, and reindex is it. A store of
// many machines is written to by all that build, and opened as its writer for the switch alone.
func (a *app) buildMode() embedded.Mode {
	if a.embedded() {
		return embedded.ReadWrite
	}
	return embedded.ReadOnly
}

// encodersABatch is how many runs of the encoder a batch of work is: enough to keep reading and encoding beside each
// other, few enough that a kill loses seconds.
const encodersABatch = 16

// localBeat is how often the one process of a local job looks how far it is.
const localBeat = 100 * time.Millisecond

// openQueue opens what hands out the work, and says how often its processes show that they are alive.
func (a *app) openQueue(redis bool) (bulk.Queue, time.Duration, error) {
	if !redis {
		return bulk.Local(), localBeat, nil
	}
	return nil, 0, sightline.Errorf(sightline.CodeInvalid, "--workers redis needs a store that many machines can write to; %s is one machine's", a.Store).
		WithParam("workers").WithHint("leave --workers out: reindex then uses all cores of this machine")
}

// scoreAfterSwitch makes sure that the user's tags are scored in the generation that answers now.
func (a *app) scoreAfterSwitch(ctx context.Context, e *engine) error {
	if e.texts == nil {
		return nil
	}
	bar := a.progress("scoring your tags", "images")
	defer bar.Finish()
	before := index.TagProgress{}
	return e.index.ScoreTags(ctx, func(p index.TagProgress) {
		if p.Name != before.Name {
			before = index.TagProgress{Name: p.Name}
		}
		bar.Total(p.Images)
		bar.Done(p.Done - before.Done)
		before = p
	})
}

// reindex is one run of the command. As bulk.Work it tells at once about the images that this process could not encode.
type reindex struct {
	*index.Rebuild
	flags reindexFlags
	store vectordb.Store
	bar   progress.Reporter
	told  sync.Map // ids of those images

	waiting sync.Once // told why it does not switch yet
}

// Encode implements bulk.Work.
func (r *reindex) Encode(ctx context.Context, items []bulk.Item) ([]bulk.Failure, error) {
	failed, err := r.Rebuild.Encode(ctx, items)
	for _, f := range failed {
		if _, told := r.told.LoadOrStore(f.ID, true); !told {
			r.bar.Note(notEncoded(f))
		}
	}
	return failed, err
}

// tellRest tells about the images that other machines could not encode.
func (r *reindex) tellRest(a *app, failed []index.Failure) {
	for _, f := range failed {
		if _, told := r.told.Load(f.ID); !told {
			a.warn(notEncoded(f))
		}
	}
}

func notEncoded(f index.Failure) string {
	return fmt.Sprintf("not encoded %s: %s [%s]", printable(f.Path), f.Reason, f.Code)
}

func (r *reindex) run(ctx context.Context, queue bulk.Queue, o bulk.Options) (answer reindexAnswer, err error) {
	began := time.Now()
	before, _, err := r.Count(ctx)
	if err != nil {
		return answer, err
	}
	failed, err := bulk.Run(ctx, r, queue, o)
	if err != nil {
		return answer, err
	}
	answer = reindexAnswer{Generation: r.Generation(), Failed: append([]index.Failure{}, failed...), Seconds: time.Since(began).Seconds()}
	if answer.Built, answer.Images, err = r.Count(ctx); err != nil {
		return answer, err
	}
	answer.Encoded = answer.Built - before
	answer.ImagesPerSecond = float64(answer.Encoded) / max(answer.Seconds, 1e-9)
	return answer, r.look(ctx, &answer)
}

// end switches when everything is done, unless that would lose images that nobody has agreed to lose.
func (r *reindex) end(ctx context.Context, _ []index.Failure) error {
	built, all, err := r.Count(ctx)
	switch {
	case err != nil:
		return err
	case r.flags.noSwitch, built == 0, built < all && !r.flags.partial:
		return nil
	}
	err = r.Switch(ctx, r.flags.partial)
	if code := sightline.CodeOf(err); code == sightline.CodeIndexLocked || code == sightline.CodeIndexMismatch {
		// Another process writes, or has just added an image.
		r.waiting.Do(func() { r.bar.Note("waiting to switch: " + err.Error()) })
		return bulk.ErrNotYet
	}
	return err
}

// look finds the generation among the store's: another machine can have let it serve.
func (r *reindex) look(ctx context.Context, answer *reindexAnswer) error {
	list, err := r.store.Generations(ctx)
	for _, g := range list {
		if g.ID == answer.Generation {
			answer.Model, answer.Serving = g.Model.Name, g.State == vectordb.Serving
		}
	}
	return err
}

// printReindex tells what was done, and what to do about what was not.
func (a *app) printReindex(r reindexAnswer, f reindexFlags) error {
	if a.JSON {
		if err := a.printJSON(r); err != nil {
			return err
		}
	} else {
		a.printf("generation %s (%s): %s of %d encoded, %d of them now", r.Generation, r.Model, count(r.Built, "image", "images"), r.Images, r.Encoded)
		if r.Encoded > 0 {
			a.printf("; %.1f s, %.1f images/s", r.Seconds, r.ImagesPerSecond)
		}
		a.printf("\n%s\n", r.outcome(f))
	}
	if len(r.Failed) > 0 {
		return partialError{len(r.Failed), r.Images}
	}
	return nil
}

// outcome says which generation answers now, and why.
func (r reindexAnswer) outcome(f reindexFlags) string {
	switch {
	case r.Serving:
		return "it answers searches; what served before is kept: sightline reindex list"
	case f.noSwitch:
		return "it does not serve yet: sightline reindex switch " + r.Generation
	case r.Built == 0:
		return "it does not serve: there is nothing in it"
	default:
		return fmt.Sprintf("it does not serve, because %s would be lost for searches: put the files back and run the command again, "+
			"or give --partial; what is gone for good, sightline index forgets", count(r.Images-r.Built, "image", "images"))
	}
}
