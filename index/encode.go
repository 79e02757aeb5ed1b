package index

import (
	"context"
	"time"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/vectordb"
)

// encodeJobs makes records of decoded images, batch by batch, on one thread.
func (r *run) encodeJobs(ctx context.Context, jobs <-chan job, changes chan<- change) error {
	var batch []job
	for j := range jobs {
		if batch = append(batch, j); len(batch) < r.options.Batch {
			continue
		}
		if err := r.encode(ctx, batch, changes); err != nil {
			return err
		}
		batch = nil
	}
	if len(batch) == 0 {
		return nil
	}
	return r.encode(ctx, batch, changes)
}

func (r *run) encode(ctx context.Context, batch []job, changes chan<- change) error {
	pixels := make([]encoder.Pixels, len(batch))
	for i, j := range batch {
		pixels[i] = j.pixels
	}
	features, err := r.stages.Encode(ctx, pixels)
	if err != nil {
		return err
	}
	tags, err := r.stages.Score(ctx, features)
	if err != nil {
		return err
	}
	c := change{encoded: make([]vectordb.Record, len(batch)), works: make([]work, len(batch))}
	for i, j := range batch {
		j.facts.Files = []sightline.File{j.file}
		j.facts.IndexedAt = time.Now()
		c.works[i] = j.work
		c.encoded[i] = vectordb.Record{Image: j.facts, Features: features[i], Tags: tags[i]}
	}
	return send(ctx, changes, c)
}
