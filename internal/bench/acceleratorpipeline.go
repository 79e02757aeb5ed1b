package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/sightline-search/sightline/cache"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/ort"
)

// CardPipeline compares `index` with the models alone. Its speed is that from the first images that are done to the last:
// loading a model onto a card takes seconds.
type CardPipeline struct {
	Images          int     `json:"images"`
	Batch           int     `json:"batch"`
	ImagesPerSecond float64 `json:"images_per_second"`
	Models          float64 `json:"models_images_per_second"` // encoder and label scorer, one batch after another
	OverModels      float64 `json:"pipeline_over_models"`
	OverEncoder     float64 `json:"pipeline_over_encoder"` // over the bare encoder's best
}

// cardPipeline indexes synthetic photographs with the graphs that the device takes: in f16 where there are such.
func (o Options) cardPipeline(ctx context.Context, models forms, sizes cardSizes, a *Accelerator) (err error) {
	used := models[0]
	if a.Device == ort.CUDA {
		used = models[len(models)-1]
	}
	p := &a.Pipeline
	p.Images, p.Batch = sizes.pipeline, max(sizes.add.Batch, index.DefaultBatch)
	pixels := o.noise(p.Batch)
	rates, err := o.rates(ctx, forms{used}, p.Batch, func(ctx context.Context, m *cardModels) error {
		features, err := m.images.Encode(ctx, pixels)
		if err != nil {
			return err
		}
		_, err = m.align.Labels(ctx, features)
		return err
	})
	if err != nil {
		return err
	}
	if p.ImagesPerSecond, err = o.indexingRate(ctx, used, sizes); err != nil {
		return err
	}
	best := 0.0
	for _, e := range a.Encoder {
		best = max(best, e.F32)
		if used != models[0] {
			best = max(best, e.F16)
		}
	}
	p.Models = rates[0]
	p.OverModels, p.OverEncoder = p.ImagesPerSecond/p.Models, p.ImagesPerSecond/best
	return nil
}

// indexingRate is the best of several runs of `index`.
func (o Options) indexingRate(ctx context.Context, models *cardModels, sizes cardSizes) (best float64, err error) {
	scratch, err := os.MkdirTemp("", "sightline-bench-")
	if err != nil {
		return 0, fmt.Errorf("make a scratch folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	if _, err := writePhotographs(scratch, sizes.pipeline, 500, 375); err != nil {
		return 0, err
	}
	parts := index.Parts{Bundle: o.Bundle, Images: models.images, Align: models.align, Cache: cache.NewLRU(0)}
	defer parts.Cache.Close()
	for range o.Repeat {
		var first, last moment
		add := sizes.add
		add.Progress = func(p index.AddProgress) {
			last = moment{time.Now(), p.Done}
			if first.done == 0 {
				first = last
			}
		}
		if err := indexFolder(ctx, parts, scratch, sizes.pipeline, add); err != nil {
			return 0, err
		}
		best = max(best, first.rateTo(last))
	}
	return best, nil
}

// moment is how far a run was at some time.
type moment struct {
	at   time.Time
	done int
}

func (m moment) rateTo(later moment) float64 {
	return float64(later.done-m.done) / max(later.at.Sub(m.at).Seconds(), 1e-9)
}
