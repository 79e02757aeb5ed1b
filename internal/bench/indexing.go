package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/cache"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/imagefile"
	"github.com/sightline-search/sightline/internal/ort"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// Indexing compares the pipeline of `index` with what its stages cost alone, for images as galleries hold them and for
// photographs of 12 megapixels.
type Indexing struct {
	Pipeline
	Large       Pipeline `json:"large"`
	JPEGDecoder string   `json:"jpeg_decoder"`
}

// Pipeline is the speed of indexing images of one size, in one run: its bound is the number of cores over the summed CPU
// time of an image in all stages measured alone, each on one thread.
type Pipeline struct {
	Images          int              `json:"images"`
	Width           int              `json:"width"`
	Height          int              `json:"height"`
	BytesEach       int              `json:"bytes_each"`
	OverBound       float64          `json:"pipeline_over_bound"` // cpu_efficiency * cores_busy, but for rounding and the best of each
	ImagesPerSecond float64          `json:"images_per_second"`   // of a run of index from its beginning to its end
	Bound           float64          `json:"bound_images_per_second"`
	CPUEfficiency   float64          `json:"cpu_efficiency"` // CPU time of the stages alone over that of the pipeline
	CoresBusy       float64          `json:"cores_busy"`     // CPU time of the pipeline over its seconds times the cores
	Stages          map[string]Stage `json:"stages"`
}

// Stage is what one image costs in one stage.
type Stage struct {
	CPUMs float64 `json:"cpu_ms"`
	Share float64 `json:"share"` // of all stages, 0..1
}

// The images are synthetic, see writePhotographs. There are enough of them that loading the model, which every run of
// index does, is about a hundredth of it.
var indexingSizes = []struct {
	images, width, height int
}{{256, 500, 375}, {96, 4000, 3000}}

func measureIndexing(ctx context.Context, o Options, r *Report) (err error) {
	scratch, err := os.MkdirTemp("", "sightline-bench-")
	if err != nil {
		return fmt.Errorf("make a scratch folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	parts, closeParts, err := indexParts(o)
	if err != nil {
		return err
	}
	defer closeParts()
	r.Indexing = &Indexing{JPEGDecoder: imagefile.JPEGDecoder()}
	for i, into := range []*Pipeline{&r.Indexing.Pipeline, &r.Indexing.Large} {
		size := indexingSizes[i]
		o.Note("indexing %d synthetic images of %d x %d pixels", size.images, size.width, size.height)
		folder := filepath.Join(scratch, fmt.Sprintf("%dx%d", size.width, size.height))
		*into = Pipeline{Images: size.images, Width: size.width, Height: size.height}
		if into.BytesEach, err = writePhotographs(folder, size.images, size.width, size.height); err != nil {
			return err
		}
		if err := measurePipeline(ctx, parts, folder, o.Repeat, into); err != nil {
			return err
		}
	}
	return nil
}

// indexParts loads the model; the store is each run's own.
func indexParts(o Options) (parts index.Parts, closeParts func(), err error) {
	rt, err := ort.Open(ort.Options{Library: o.Library})
	if err != nil {
		return parts, nil, err
	}
	parts = index.Parts{Bundle: o.Bundle, Cache: cache.NewLRU(0)}
	if parts.Images, err = encoder.NewImages(rt, o.Bundle); err != nil {
		return parts, nil, err
	}
	if parts.Align, err = align.New(rt, o.Bundle); err != nil {
		return parts, nil, errors.Join(err, parts.Images.Close())
	}
	return parts, func() { _ = errors.Join(parts.Images.Close(), parts.Align.Close(), parts.Cache.Close()) }, nil
}

// measurePipeline measures the stages alone and the pipeline in turn, and takes the cheapest of each. A first round is
// for the caches of the machine.
func measurePipeline(ctx context.Context, parts index.Parts, folder string, repeat int, p *Pipeline) error {
	var alone stageCosts
	var whole cost
	for round := range repeat + 1 {
		costs, err := measureStages(ctx, parts, folder)
		if err != nil {
			return err
		}
		c, err := costOf(ctx, func(ctx context.Context) error { return indexFolder(ctx, parts, folder, p.Images, index.AddOptions{}) })
		if err != nil {
			return err
		}
		if round <= 1 {
			alone, whole = costs, c
			continue
		}
		alone = alone.cheaper(costs)
		whole = cost{min(whole.CPU, c.CPU), min(whole.Wall, c.Wall)}
	}
	n, cores := float64(p.Images), float64(runtime.GOMAXPROCS(0))
	sum := alone.sum()
	p.Bound = n * cores / sum.Seconds()
	p.ImagesPerSecond = n / whole.Wall.Seconds()
	p.OverBound = p.ImagesPerSecond / p.Bound
	p.CPUEfficiency = sum.Seconds() / whole.CPU.Seconds()
	p.CoresBusy = whole.CPU.Seconds() / (whole.Wall.Seconds() * cores)
	p.Stages = alone.shares(p.Images)
	return nil
}

// indexFolder is what `sightline index` does with an empty index.
func indexFolder(ctx context.Context, parts index.Parts, folder string, images int, o index.AddOptions) (err error) {
	store, remove, err := scratchStore() //nolint:contextcheck // opening an index is quick work on local files
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	parts.Store = store
	report, err := index.New(parts).Add(ctx, []string{folder}, o)
	if err == nil && report.Added != images {
		err = fmt.Errorf("indexed %d images of %d", report.Added, images)
	}
	return err
}

// scratchStore opens a store in a folder of its own, to be removed.
func scratchStore() (store vectordb.Store, remove func() error, err error) {
	dir, err := os.MkdirTemp("", "sightline-bench-index-")
	if err != nil {
		return nil, nil, fmt.Errorf("make a scratch folder: %w", err)
	}
	if store, err = embedded.Open(dir, embedded.ReadWrite); err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return store, func() error { return errors.Join(store.Close(), os.RemoveAll(dir)) }, nil
}

// rows shows the figures to a person.
func (x *Indexing) rows() [][]string {
	if x == nil {
		return nil
	}
	rows := [][]string{{"JPEGs decoded by", x.JPEGDecoder}}
	for _, p := range []Pipeline{x.Pipeline, x.Large} {
		rows = append(rows, p.rows()...)
	}
	return rows
}

func (p Pipeline) rows() [][]string {
	rows := [][]string{
		{
			fmt.Sprintf("indexing %d x %d, over its bound", p.Width, p.Height), fmt.Sprintf("%.2f", p.OverBound),
			fmt.Sprintf("%.1f images/s of %.1f; CPU time of the stages over the pipeline's %.2f, cores busy %.2f",
				p.ImagesPerSecond, p.Bound, p.CPUEfficiency, p.CoresBusy),
		},
	}
	for _, name := range stageNames {
		s := p.Stages[name]
		rows = append(rows, []string{"  " + name, fmt.Sprintf("%.2f ms", s.CPUMs), fmt.Sprintf("%.1f %%", 100*s.Share)})
	}
	return rows
}
