package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/imagefile"
	"github.com/sightline-search/sightline/vectordb"
)

// stageNames are the stages in the order in which an image meets them.
var stageNames = []string{"read", "decode", "resize", "encode", "score", "write"}

// stageCosts is the CPU time of all images in each stage, in the order of stageNames.
type stageCosts [6]time.Duration

func (c stageCosts) sum() (all time.Duration) {
	for _, one := range c {
		all += one
	}
	return all
}

// cheaper takes the lesser cost of each stage.
func (c stageCosts) cheaper(other stageCosts) stageCosts {
	for i := range c {
		c[i] = min(c[i], other[i])
	}
	return c
}

func (c stageCosts) shares(images int) map[string]Stage {
	shares := map[string]Stage{}
	for i, name := range stageNames {
		shares[name] = Stage{
			CPUMs: float64(c[i].Microseconds()) / 1000 / float64(images),
			Share: float64(c[i]) / float64(c.sum()),
		}
	}
	return shares
}

// measureStages takes a folder's images through the stages, a batch at a time and one stage after the other, so that
// each has the machine to itself and runs on one thread.
func measureStages(ctx context.Context, parts index.Parts, folder string) (costs stageCosts, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.jpg"))
	if err != nil {
		return costs, fmt.Errorf("list the images: %w", err)
	}
	store, remove, err := scratchStore()
	if err != nil {
		return costs, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	if err := store.SetModel(ctx, vectordb.Model{Feature: "bench", Scoring: "bench"}); err != nil {
		return costs, err
	}
	parts.Store = store
	stages := index.New(parts).Stages(ctx, len(files))
	defer stages.Close()
	if err := warm(ctx, stages, files[:1], parts); err != nil {
		return costs, err
	}
	for batch := range slices.Chunk(files, index.DefaultBatch) {
		b := stagedBatch{stages: stages, store: store, files: batch}
		for i, step := range []func(context.Context) error{b.read, b.decode, b.resize, b.encode, b.score, b.write} {
			c, err := costOf(ctx, step)
			if err != nil {
				return costs, err
			}
			costs[i] += c.CPU
		}
	}
	return costs, nil
}

// warm loads the model.
func warm(ctx context.Context, stages *index.Stages, files []string, parts index.Parts) error {
	b := stagedBatch{stages: stages, store: parts.Store, files: files}
	for _, step := range []func(context.Context) error{b.read, b.decode, b.resize, b.encode, b.score} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// stagedBatch is a batch of images on its way through the stages.
type stagedBatch struct {
	stages   *index.Stages
	store    vectordb.Store
	files    []string
	data     [][]byte
	records  []vectordb.Record
	pictures []*imagefile.Picture
	pixels   []encoder.Pixels
}

// read reads and identifies the files, and asks the store whether it knows them.
func (b *stagedBatch) read(ctx context.Context) error {
	for _, path := range b.files {
		data, id, err := b.stages.Read(path)
		if err != nil {
			return err
		}
		if _, err := b.store.Get(ctx, []sightline.ImageID{id}); err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("look at an image: %w", err)
		}
		file := sightline.File{Path: path, Size: info.Size(), ModTime: info.ModTime()}
		b.data = append(b.data, data)
		b.records = append(b.records, vectordb.Record{Image: sightline.Image{ID: id, IndexedAt: time.Now(), Files: []sightline.File{file}}})
	}
	return nil
}

func (b *stagedBatch) decode(context.Context) error {
	for i, data := range b.data {
		picture, err := b.stages.Decode(data, b.records[i].Image.ID)
		if err != nil {
			return err
		}
		img := &b.records[i].Image
		img.Format, img.Width, img.Height = picture.Facts.Format, picture.Facts.Width, picture.Facts.Height
		b.pictures = append(b.pictures, picture)
	}
	return nil
}

func (b *stagedBatch) resize(context.Context) error {
	for _, picture := range b.pictures {
		b.pixels = append(b.pixels, b.stages.Resize(picture.Image))
	}
	return nil
}

func (b *stagedBatch) encode(ctx context.Context) error {
	features, err := b.stages.Encode(ctx, b.pixels)
	for i := range features {
		b.records[i].Features = features[i]
	}
	return err
}

func (b *stagedBatch) score(ctx context.Context) error {
	features := make([]sightline.Features, len(b.records))
	for i, r := range b.records {
		features[i] = r.Features
	}
	tags, err := b.stages.Score(ctx, features)
	for i := range tags {
		b.records[i].Tags = tags[i]
	}
	return err
}

func (b *stagedBatch) write(ctx context.Context) error { return b.store.Put(ctx, b.records) }
