package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/internal/evaluate"
	"github.com/sightline-search/sightline/internal/imagefile"
	"github.com/sightline-search/sightline/internal/ort"
)

// mostQueries is how many texts are asked of a set of real images.
const mostQueries = 500

// realSet is what the model makes of real images and of texts about them.
type realSet struct {
	name    string
	spec    bundle.FeatureSpec
	align   *align.Aligner
	images  []sightline.Features
	queries []sightline.TextQuery
}

func (s *realSet) close() { _ = s.align.Close() } // frees what was computed with

// realSet encodes the images and texts of the dataset, or the images of the folder and the names of labels.
func (o Options) realSet(ctx context.Context, rt *ort.Runtime) (*realSet, error) {
	files, texts, name, err := o.material()
	if err != nil {
		return nil, err
	}
	o.Note("encoding %d images and %d texts", len(files), len(texts))
	s := &realSet{name: name, spec: o.Bundle.Manifest.Features}
	if s.images, err = encodeFiles(ctx, rt, o.Bundle, files); err != nil {
		return nil, err
	}
	if s.align, err = align.New(rt, o.Bundle); err != nil {
		return nil, err
	}
	if s.queries, err = encodeTexts(ctx, rt, o.Bundle, s.align, texts); err != nil {
		return nil, errors.Join(err, s.align.Close())
	}
	return s, nil
}

// material lists image files and texts, and says what they are.
func (o Options) material() (files, texts []string, name string, err error) {
	if o.Dataset != "" {
		set, err := evaluate.Read(o.Dataset)
		if err != nil {
			return nil, nil, "", err
		}
		for _, row := range set.Rows {
			files, texts = append(files, row.File), append(texts, row.Captions...)
		}
		texts = spaced(texts, mostQueries)
		return files, texts, fmt.Sprintf("%d images and %d captions of %s", len(files), len(texts), filepath.Base(o.Dataset)), nil
	}
	err = filepath.WalkDir(o.Images, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && filepath.Ext(path) == ".jpg" {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		return nil, nil, "", sightline.Errorf(sightline.CodeNoImages, "%s has no .jpg files to measure with: %w", o.Images, cmp.Or(err, fs.ErrNotExist)).
			WithParam("images").WithHint("name a folder of photographs")
	}
	for _, label := range o.Bundle.Labels {
		texts = append(texts, label.Name)
	}
	texts = spaced(texts, mostQueries)
	return files, texts, fmt.Sprintf("%d images of %s and the names of %d labels", len(files), filepath.Base(o.Images), len(texts)), nil
}

// spaced takes n of the texts, evenly spread.
func spaced(texts []string, n int) []string {
	if len(texts) <= n {
		return texts
	}
	taken := make([]string, n)
	for i := range taken {
		taken[i] = texts[i*len(texts)/n]
	}
	return taken
}

func encodeFiles(ctx context.Context, rt *ort.Runtime, b *bundle.Bundle, files []string) ([]sightline.Features, error) {
	images, err := encoder.NewImages(rt, b)
	if err != nil {
		return nil, err
	}
	defer images.Close()
	var all []sightline.Features
	for batch := range slices.Chunk(files, 8) {
		pixels := make([]encoder.Pixels, len(batch))
		for i, file := range batch {
			picture, err := imagefile.Open(file, imagefile.DefaultLimits, b.Manifest.Image.Orient)
			if err != nil {
				return nil, err
			}
			pixels[i] = images.Prepare(picture.Image)
		}
		encoded, err := images.Encode(ctx, pixels)
		if err != nil {
			return nil, err
		}
		all = append(all, encoded...)
	}
	return all, nil
}

func encodeTexts(ctx context.Context, rt *ort.Runtime, b *bundle.Bundle, a *align.Aligner, texts []string) ([]sightline.TextQuery, error) {
	encoder, err := encoder.NewTexts(rt, b)
	if err != nil {
		return nil, err
	}
	defer encoder.Close()
	encoded, err := encoder.Encode(ctx, texts)
	if err != nil {
		return nil, err
	}
	return a.Queries(ctx, encoded)
}

// nearest are the n images whose global vectors come closest to a text's, best first.
func (s *realSet) nearest(q sightline.TextQuery, n int) []int {
	cosines := make([]float64, len(s.images))
	for i, image := range s.images {
		for j, v := range image.Global {
			cosines[i] += float64(v) * float64(q.Vector[j])
		}
	}
	order := ascending(cosines)
	slices.Reverse(order)
	return order[:min(n, len(order))]
}

// logits are those of a text for some of the images, whose features are all's.
func (s *realSet) logits(ctx context.Context, q sightline.TextQuery, which []int, all []sightline.Features) ([]float64, error) {
	candidates := make([]sightline.Features, len(which))
	for i, at := range which {
		candidates[i] = all[at]
	}
	scores, err := s.align.Score(ctx, []sightline.TextQuery{q}, candidates)
	if err != nil {
		return nil, err
	}
	logits := make([]float64, len(scores))
	for i, row := range scores {
		logits[i] = row[0].Logit
	}
	return logits, nil
}

func patchesOf(images []sightline.Features) [][]byte {
	patches := make([][]byte, len(images))
	for i, image := range images {
		patches[i] = image.Patches
	}
	return patches
}
