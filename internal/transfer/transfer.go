// Package transfer copies an index from one store to another over the contract of stores, and proves that the copy is
// one. It must not know any store's driver.
package transfer

import (
	"context"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/progress"
	"github.com/sightline-search/sightline/vectordb"
)

// batchSize is how many images are read and written at a time: 64 of the official size are 10 MB.
const batchSize = 64

// Report is what Copy did.
type Report struct {
	Images    int      `json:"images"` // in the copy, as are the next three
	Files     int      `json:"files"`
	BadFiles  int      `json:"bad_files"`
	UserTags  int      `json:"user_tags"`
	Copied    int      `json:"copied"`    // images that were written
	Unchanged int      `json:"unchanged"` // images that were there already, as they are
	Left      []string `json:"left"`      // ids of images without features, which cannot be copied
	Checksum  string   `json:"checksum"`  // SHA-256 over everything that was copied, equal in both stores
}

// Show begins to show the progress of one part of the work.
type Show func(verb, unit string) progress.Reporter

// Copy makes the store to hold what the store from does: the model, images with their files, features and probabilities
// of the generation that serves, bad files and the user's tags. Other generations stay behind. Every batch is durable; a
// copy that was interrupted or killed goes on when it is made again. At the end both stores are read and compared: that
// they differ, because from was changed meanwhile, is an error with CodeChanged.
//
// A store to that holds images, bad files or user tags that from does not know is refused with CodeNameTaken.
func Copy(ctx context.Context, from, to vectordb.Store, show Show) (Report, error) {
	c := &copier{from: from, to: to, report: Report{Left: []string{}}}
	stats, err := from.Stats(ctx)
	if err != nil {
		return c.report, err
	}
	if err := c.check(ctx); err != nil {
		return c.report, err
	}
	if stats.Model.Feature != "" {
		from.Pin(stats.Model) // what comes after belongs together, whatever serves then
		if err := to.SetModel(ctx, stats.Model); err != nil {
			return c.report, err
		}
		to.Pin(stats.Model)
	}
	bar := show("copying", "images")
	defer bar.Finish()
	bar.Total(stats.Images)
	for _, step := range []func() error{
		func() error { return c.copyImages(ctx, bar) },
		func() error { return c.copyBad(ctx) },
		func() error { return c.copyUserTags(ctx) },
	} {
		if err := step(); err != nil {
			return c.report, err
		}
	}
	bar.Finish()
	return c.report, c.verify(ctx, show)
}

type copier struct {
	from, to vectordb.Store
	report   Report
}

// check refuses a store that is no copy of from, nor the beginning of one.
func (c *copier) check(ctx context.Context) error {
	known, err := idSet(ctx, c.from)
	if err != nil {
		return err
	}
	there, err := c.to.IDs(ctx, nil)
	if err != nil {
		return err
	}
	foreign := 0
	for _, id := range there {
		if !known[id] {
			foreign++
		}
	}
	if foreign > 0 {
		return sightline.Errorf(sightline.CodeNameTaken, "the store to copy to holds %d images that the other one does not know", foreign).
			WithParam("to").WithHint("copy into an empty store")
	}
	return nil
}

func idSet(ctx context.Context, s vectordb.Store) (map[sightline.ImageID]bool, error) {
	ids, err := s.IDs(ctx, nil)
	set := make(map[sightline.ImageID]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set, err
}

// copyImages copies the images batch by batch, those that are not in the copy yet, or otherwise there.
func (c *copier) copyImages(ctx context.Context, bar progress.Reporter) error {
	ids, err := c.from.IDs(ctx, nil)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(ids, batchSize) {
		records, lacking, err := recordsOf(ctx, c.from, some)
		if err != nil {
			return err
		}
		there, _, err := recordsOf(ctx, c.to, some)
		if err != nil {
			return err
		}
		changed := different(records, there)
		if err := c.put(ctx, changed); err != nil {
			return err
		}
		c.report.Copied += len(changed)
		c.report.Unchanged += len(records) - len(changed)
		c.report.Left = append(c.report.Left, lacking...)
		bar.Done(len(some))
	}
	return nil
}

// put stores records as they are: files that the copy knows of an image and from does not are taken off it.
func (c *copier) put(ctx context.Context, records []vectordb.Record) error {
	if len(records) == 0 {
		return nil
	}
	if err := c.to.Put(ctx, records); err != nil {
		return err
	}
	var ids []sightline.ImageID
	wanted := map[string]bool{}
	for _, r := range records {
		ids = append(ids, r.Image.ID)
		for _, f := range r.Image.Files {
			wanted[f.Path] = true
		}
	}
	there, err := c.to.Get(ctx, ids)
	if err != nil {
		return err
	}
	var gone []string
	for _, img := range there {
		for _, f := range img.Files {
			if !wanted[f.Path] {
				gone = append(gone, f.Path)
			}
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return c.to.RemoveFiles(ctx, gone)
}

// different gives the records that are not there, or not the same.
func different(records, there []vectordb.Record) []vectordb.Record {
	sums := make(map[sightline.ImageID][32]byte, len(there))
	for i := range there {
		sums[there[i].Image.ID] = recordSum(&there[i])
	}
	var changed []vectordb.Record
	for i := range records {
		if sum, known := sums[records[i].Image.ID]; !known || sum != recordSum(&records[i]) {
			changed = append(changed, records[i])
		}
	}
	return changed
}
