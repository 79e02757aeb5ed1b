package evaluate

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/vectordb"
)

// indexImages puts the dataset's images through the real pipeline and gathers what the rows say by image: rows with
// equal bytes are one image.
func (e *evaluation) indexImages(ctx context.Context, d *Dataset) error {
	var files []string
	for _, row := range d.Rows {
		if _, err := os.Stat(row.File); err != nil {
			e.fail(row.File, sightline.CodeNotFound, "the dataset names it, and it is not there")
			continue
		}
		files = append(files, row.File)
	}
	if len(files) == 0 {
		return sightline.Errorf(sightline.CodeNoImages, "none of the dataset's %d images is there, for example %s", len(d.Rows), d.Rows[0].File).
			WithHint("files are looked for beside the dataset file")
	}
	report, err := index.New(e.parts).Add(ctx, files, index.AddOptions{Progress: func(p index.AddProgress) {
		e.options.Progress(Progress{Stage: "images", Done: p.Done, Total: len(files)})
	}})
	if err != nil {
		return err
	}
	e.report.ImagesPerSecond = float64(report.Added) / max(report.Seconds, 1e-9)
	e.report.Failed = append(e.report.Failed, report.Failed...)
	if err := e.gather(ctx, d); err != nil {
		return err
	}
	e.report.Images = len(e.images)
	return e.loadFeatures(ctx)
}

func (e *evaluation) fail(path string, code sightline.Code, reason string) {
	e.report.Failed = append(e.report.Failed, index.BadInput{Path: path, Code: code, Reason: reason})
}

// gather joins rows to indexed images, in the order of the dataset.
func (e *evaluation) gather(ctx context.Context, d *Dataset) error {
	byPath := map[string]sightline.ImageID{}
	for img, err := range e.parts.Store.Images(ctx, nil, vectordb.ByID) {
		if err != nil {
			return err
		}
		for _, f := range img.Files {
			byPath[f.Path] = img.ID
		}
	}
	place := map[sightline.ImageID]int{}
	for _, row := range d.Rows {
		id, ok := byPath[row.File]
		if !ok {
			if !slices.ContainsFunc(e.report.Failed, func(b index.BadInput) bool { return b.Path == row.File }) {
				e.fail(row.File, sightline.CodeImageUnsupported, "its name is not that of an image")
			}
			continue
		}
		i, met := place[id]
		if !met {
			i = len(e.images)
			place[id] = i
			e.images = append(e.images, image{id: id, tags: map[string]bool{}})
		}
		img := &e.images[i]
		img.captions = append(img.captions, row.Captions...)
		img.tagged = img.tagged || row.Tags != nil
		for _, tag := range row.Tags {
			img.tags[normal(tag)] = true
		}
	}
	return nil
}

// normal is the form in which tags are compared.
func normal(tag string) string { return strings.ToLower(strings.Join(strings.Fields(tag), " ")) }

func (e *evaluation) loadFeatures(ctx context.Context) error {
	ids := make([]sightline.ImageID, len(e.images))
	for i, img := range e.images {
		ids[i] = img.id
	}
	stored, err := e.parts.Store.Features(ctx, ids)
	if err != nil {
		return err
	}
	e.features = make([]sightline.Features, len(ids))
	for i, id := range ids {
		e.features[i] = stored[id]
	}
	return nil
}
