package index

import (
	"context"
	"errors"
	"image"
	"sync"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/internal/imagefile"
)

// Stages are the steps from a file to what is stored of its image, one method each, in their order: Read, Decode, Resize,
// Encode, Score. Add runs them beside each other, the bench measures each alone, and whoever makes features or tags
// anew in bulk calls those that he needs. They know nothing of the store but the user's tags, which are scored as well.
//
// Each call works on the thread that makes it and on no other, so that as many callers as there are cores keep all of
// them busy. Safe for concurrent use. The model's weights are a copy of their own then, loaded by the first Encode and Score.
type Stages struct {
	x       *Index
	images  *encoder.Images
	aligner *align.Aligner
	own     bool                    // images and aligner are copies
	scorer  func() (*scorer, error) // made for the first batch: an index that is up to date needs none
}

// copyFrom is for how many images a copy of the model is worth the time that it takes to load.
const copyFrom = 32

// Stages gives the steps for so many images, to be closed by the caller; few images go through the sessions that searches
// use. ctx is for what the first Score reads of the user's tags.
func (x *Index) Stages(ctx context.Context, images int) *Stages {
	s := &Stages{x: x, images: x.images, aligner: x.align}
	if images >= copyFrom {
		s.own, s.images, s.aligner = true, x.images.Alone(), x.align.Alone()
	}
	s.scorer = sync.OnceValues(func() (*scorer, error) { return x.scorer(ctx, s.aligner) })
	return s
}

// Read gives a file's bytes and the identity of the image in them.
func (s *Stages) Read(path string) ([]byte, sightline.ImageID, error) {
	return imagefile.Read(path, imagefile.DefaultLimits)
}

// Decode makes pixels of a file's bytes, upright if the model wants them so. A large JPEG may come out at reduced size.
func (s *Stages) Decode(data []byte, id sightline.ImageID) (*imagefile.Picture, error) {
	return imagefile.DecodeRead(id, s.images.Size(), data, imagefile.DefaultLimits, s.x.bundle.Manifest.Image.Orient)
}

// Resize makes the encoder's input of a decoded image.
func (s *Stages) Resize(img image.Image) encoder.Pixels { return s.images.Prepare(img) }

// Encode makes features of a batch. DefaultBatch images are a good one.
func (s *Stages) Encode(ctx context.Context, batch []encoder.Pixels) ([]sightline.Features, error) {
	return s.images.Encode(ctx, batch)
}

// Score gives the tags of each image that are stored: the model's labels and the user's tags.
func (s *Stages) Score(ctx context.Context, features []sightline.Features) ([][]sightline.Tag, error) {
	scorer, err := s.scorer()
	if err != nil {
		return nil, err
	}
	return scorer.score(ctx, features)
}

// Close frees the copy of the model.
func (s *Stages) Close() error {
	if !s.own {
		return nil
	}
	return errors.Join(s.images.Close(), s.aligner.Close())
}
