package vectordb

import (
	"math"
	"path/filepath"
	"strings"

	"github.com/sightline-search/sightline"
)

// MaxPath is the longest path of a file in bytes.
const MaxPath = 32 << 10

// CheckRecord says what is wrong with a record, so that every driver refuses the same ones with the same words.
func CheckRecord(r *Record) error {
	img := &r.Image
	if !img.ID.Valid() {
		return sightline.Errorf(sightline.CodeInvalid, "image id %.80q is not a SHA-256 in lower-case hex", img.ID)
	}
	for _, f := range img.Files {
		if err := CheckFile(f); err != nil {
			return err
		}
	}
	if img.Width < 0 || img.Height < 0 || img.Width > math.MaxInt32 || img.Height > math.MaxInt32 {
		return sightline.Errorf(sightline.CodeInvalid, "image %s: %d x %d pixels is no size", img.ID, img.Width, img.Height)
	}
	return CheckEncoded(&Encoded{ID: img.ID, Features: r.Features, Tags: r.Tags})
}

// CheckEncoded says what is wrong with what a model has made of an image.
func CheckEncoded(e *Encoded) error {
	if len(e.Features.Global) == 0 {
		return sightline.Errorf(sightline.CodeInvalid, "image %s has no global vector", e.ID)
	}
	for i, x := range e.Features.Global {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return sightline.Errorf(sightline.CodeInvalid, "image %s: number %d of the global vector is %v", e.ID, i, x)
		}
	}
	return CheckTags(e.ID, e.Tags)
}

// CheckTags says what is wrong with the tags of an image.
func CheckTags(id sightline.ImageID, tags []sightline.Tag) error {
	seen := make(map[string]bool, len(tags))
	for _, tag := range tags {
		if tag.Name == "" || seen[tag.Name] {
			return sightline.Errorf(sightline.CodeInvalid, "image %s: tag %q is empty or comes twice", id, tag.Name)
		}
		seen[tag.Name] = true
		if !(tag.Probability >= 0 && tag.Probability <= 1) {
			return sightline.Errorf(sightline.CodeInvalid, "image %s: tag %q has probability %v, outside 0..1", id, tag.Name, tag.Probability)
		}
	}
	return nil
}

// CheckFile says what is wrong with a place.
func CheckFile(f sightline.File) error {
	switch {
	case len(f.Path) > MaxPath:
		return sightline.Errorf(sightline.CodeInvalid, "path %.80q... has %d bytes, over the limit of %d", f.Path, len(f.Path), MaxPath)
	case !filepath.IsAbs(f.Path) || filepath.Clean(f.Path) != f.Path || strings.ContainsRune(f.Path, 0):
		return sightline.Errorf(sightline.CodeInvalid, "path %q is not absolute and clean", f.Path)
	case f.Size < 0:
		return sightline.Errorf(sightline.CodeInvalid, "file %q has size %d", f.Path, f.Size)
	}
	return nil
}
