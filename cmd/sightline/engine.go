package main

import (
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/sightline-search/sightline/align"
	"github.com/sightline-search/sightline/bundle"
	"github.com/sightline-search/sightline/cache"
	"github.com/sightline-search/sightline/encoder"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/imagefile"
	"github.com/sightline-search/sightline/internal/ort"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded"
)

// model is a bundle ready to run.
type model struct {
	runtime *ort.Runtime
	bundle  *bundle.Bundle
	images  *encoder.Images
	texts   *encoder.Texts // nil when the bundle serves its labels only
	align   *align.Aligner
	closers []io.Closer
}

// openModel finds ONNX Runtime and the bundle and loads the graphs.
func (a *app) openModel() (*model, error) {
	m := &model{}
	if err := m.load(a); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func (m *model) load(a *app) (err error) {
	if m.runtime, err = ort.Open(ort.Options{Library: a.ORTLibrary, Threads: a.Threads}); err != nil {
		return err
	}
	if m.bundle, err = a.findBundle(); err != nil {
		return err
	}
	if m.images, err = encoder.NewImages(m.runtime, m.bundle); err != nil {
		return err
	}
	m.closers = append(m.closers, m.images)
	if m.bundle.Manifest.Text != nil {
		if m.texts, err = encoder.NewTexts(m.runtime, m.bundle); err != nil {
			return err
		}
		m.closers = append(m.closers, m.texts)
	}
	if m.align, err = align.New(m.runtime, m.bundle); err != nil {
		return err
	}
	m.closers = append(m.closers, m.align)
	return nil
}

// Close frees the graphs, last opened first.
func (m *model) Close() error {
	var errs []error
	for _, c := range slices.Backward(m.closers) {
		errs = append(errs, c.Close())
	}
	m.closers = nil
	return errors.Join(errs...)
}

// engine is a model joined to a store.
type engine struct {
	*model
	store vectordb.Store
	cache cache.Cache
	index *index.Index
}

// openEngine opens the store first: that another process writes to it is known before seconds go into the model.
func (a *app) openEngine(mode embedded.Mode) (*engine, error) {
	store, err := a.openStore(mode)
	if err != nil {
		return nil, err
	}
	m, err := a.openModel()
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	e := &engine{model: m, store: store, cache: cache.NewLRU(textCacheBytes)}
	parts := index.Parts{Bundle: m.bundle, Images: m.images, Texts: m.texts, Align: m.align, Store: store, Cache: e.cache}
	if mode == embedded.ReadOnly { // so that others can write, it is opened for writing for one change at a time
		parts.OpenWriter = func() (vectordb.Store, error) { return a.openStore(embedded.ReadWrite) }
	}
	e.index = index.New(parts)
	if mode == embedded.ReadOnly {
		e.index.Pin()
	}
	return e, nil
}

// textCacheBytes holds some ten thousand texts with their query states.
const textCacheBytes = 128 << 20

// Close releases everything, the writer's lock included.
func (e *engine) Close() error {
	return errors.Join(e.cache.Close(), e.store.Close(), e.model.Close())
}

func (a *app) findBundle() (*bundle.Bundle, error) {
	executable, err := executablePath()
	if err != nil && a.Bundle == "" {
		return nil, err
	}
	return bundle.Find(bundle.Candidates(a.Bundle, executable))
}

// executablePath is where the running program lies, symbolic links resolved: a link in ~/bin finds its model.
func executablePath() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("ask the system for this program's path: %w", err)
	}
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	return path, nil
}

// decodePicture makes the pixels of a query image as the bundle wants to see them.
func (m *model) decodePicture(data []byte) (image.Image, error) {
	picture, err := imagefile.DecodeFor(m.images.Size(), data, imagefile.DefaultLimits, m.bundle.Manifest.Image.Orient)
	if err != nil {
		return nil, err
	}
	return picture.Image, nil
}

// openPicture is decodePicture for a file.
func (m *model) openPicture(path string) (image.Image, error) {
	picture, err := imagefile.OpenFor(m.images.Size(), path, imagefile.DefaultLimits, m.bundle.Manifest.Image.Orient)
	if err != nil {
		return nil, err
	}
	return picture.Image, nil
}

// writeThumbnail makes the small copy of an image file that the page shows; it is always upright.
func writeThumbnail(w io.Writer, path string, width int) error {
	picture, err := imagefile.OpenFor(image.Pt(width, 0), path, imagefile.DefaultLimits, true) // of a high picture the width is less
	if err != nil {
		return err
	}
	return imagefile.Thumbnail(w, picture.Image, width)
}
