package index

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/imagefile"
)

// walk finds image files below folders. Only names with an image extension count. Links to files are followed; links to
// folders are not, so that no loop can trap it. Names that begin with a dot (.git, .thumbnails, ._x) are passed over
// unless they are given themselves.
type walk struct {
	files []work     // in the order in which they were met; one below several of the given paths several times
	bad   []BadInput // folders and files that cannot be looked at
	found func(n int)
}

// roots makes the given paths absolute and checks that they are there.
func roots(paths []string) ([]string, error) {
	var out []string
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, sightline.Errorf(sightline.CodeNotFound, "%s: %w", p, err).WithParam(p)
		}
		if _, err := os.Stat(abs); err != nil {
			return nil, rootError(p, err)
		}
		out = append(out, abs)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func rootError(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return sightline.Errorf(sightline.CodeNotFound, "there is no file or folder %s", path).WithParam(path).
			WithHint("check the spelling; to forget what is stored of a folder that is gone, index its parent folder")
	}
	return sightline.Errorf(sightline.CodeUnreadable, "%s cannot be looked at: %w", path, reason(err)).WithParam(path)
}

// outermost leaves out what lies below another of the sorted paths.
func outermost(sorted []string) []string {
	var out []string
	kept := map[string]bool{}
	for _, p := range sorted {
		if !belowAny(p, kept) {
			kept[p] = true
			out = append(out, p)
		}
	}
	return out
}

func belowAny(path string, folders map[string]bool) bool {
	for {
		parent := filepath.Dir(path)
		if parent == path {
			return false
		}
		if folders[parent] {
			return true
		}
		path = parent
	}
}

// root walks one of the given paths.
func (w *walk) root(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		w.unreadable(path, err)
		return nil
	}
	if info.IsDir() {
		return w.folder(ctx, path)
	}
	w.file(path)
	return nil
}

func (w *walk) folder(ctx context.Context, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		w.unreadable(path, err) // what could be read before the error is still walked
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		child := filepath.Join(path, e.Name())
		if !e.IsDir() {
			w.file(child)
		} else if err := w.folder(ctx, child); err != nil {
			return err
		}
	}
	return nil
}

// file notes one image file. One that cannot be looked at is noted without facts: reading it will say why.
func (w *walk) file(path string) {
	if !imagefile.IsImageName(path) {
		return
	}
	f := sightline.File{Path: path}
	if info, err := os.Stat(path); err == nil {
		if info.IsDir() {
			return
		}
		f.Size, f.ModTime = info.Size(), info.ModTime()
	}
	w.files = append(w.files, work{file: f})
	w.found(len(w.files))
}

// sorted gives the files by path, each once.
func (w *walk) sorted() []work {
	slices.SortFunc(w.files, func(a, b work) int { return strings.Compare(a.file.Path, b.file.Path) })
	return slices.CompactFunc(w.files, func(a, b work) bool { return a.file.Path == b.file.Path })
}

func (w *walk) unreadable(path string, err error) {
	w.bad = append(w.bad, BadInput{Path: path, Code: sightline.CodeUnreadable, Reason: "the folder cannot be read: " + reason(err).Error()})
}

// reason is the cause of a file system's error without the operation and the path, which messages name themselves.
func reason(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// gone reports whether no file lies at the path any more. A file that merely cannot be looked at is not gone.
func gone(path string) bool {
	info, err := os.Stat(path)
	if err == nil {
		return info.IsDir()
	}
	return errors.Is(err, fs.ErrNotExist) || isNotDir(err)
}
