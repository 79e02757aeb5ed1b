package transfer

import (
	"context"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// recordsOf reads whole images, in the order of ids. Those without features are given apart; an id that is unknown, or was
// deleted meanwhile, is left out.
func recordsOf(ctx context.Context, s vectordb.Store, ids []sightline.ImageID) (records []vectordb.Record, lacking []string, err error) {
	images, err := s.Get(ctx, ids)
	if err != nil || len(images) == 0 {
		return nil, nil, err
	}
	features, err := s.Features(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	tags, err := s.Tags(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	for _, img := range images {
		f, ok := features[img.ID]
		if !ok {
			lacking = append(lacking, string(img.ID))
			continue
		}
		records = append(records, vectordb.Record{Image: *img, Features: f, Tags: tags[img.ID]})
	}
	return records, lacking, nil
}

// copyBad remembers the bad files, those that the copy does not know yet.
func (c *copier) copyBad(ctx context.Context) error {
	there := map[string]vectordb.BadFile{}
	for b, err := range c.to.BadFiles(ctx, "/") {
		if err != nil {
			return err
		}
		there[b.File.Path] = b
	}
	var batch []vectordb.BadFile
	for b, err := range c.from.BadFiles(ctx, "/") {
		if err != nil {
			return err
		}
		if known, ok := there[b.File.Path]; ok && badLine(known) == badLine(b) {
			continue
		}
		if batch = append(batch, b); len(batch) == batchSize {
			if err := c.to.PutBad(ctx, batch); err != nil {
				return err
			}
			batch = nil
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return c.to.PutBad(ctx, batch)
}

// copyUserTags copies the user's tags and how far they are scored; their probabilities lie among those of the images.
func (c *copier) copyUserTags(ctx context.Context) error {
	tags, err := c.from.UserTags(ctx)
	if err != nil {
		return err
	}
	for _, tag := range tags {
		if err := c.to.PutUserTag(ctx, tag, nil); err != nil {
			return err
		}
	}
	return nil
}
