package index

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"

	"github.com/sightline-search/sightline"
)

// work is a file that has to be read.
type work struct {
	file  sightline.File
	known sightline.ImageID // the image that lay at this path before; "" for a new path
}

// difference is what the folders hold against what the store knows of them.
type difference struct {
	todo      []work // new and changed files, by path
	unchanged int
	bad       []BadInput // unchanged files that are remembered as bad
	vanished  []string   // paths of images that are not there any more
	forgotten []string   // paths of bad files that are not there any more
}

// reconcile compares the walked files with what is stored below the roots.
func (x *Index) reconcile(ctx context.Context, roots []string, files map[string]sightline.File) (*difference, error) {
	d := &difference{}
	settled := make(map[string]bool, len(files))
	known := map[string]sightline.ImageID{}
	for _, root := range outermost(roots) {
		for k, err := range x.store.Files(ctx, root) {
			if err != nil {
				return nil, err
			}
			now, walked := files[k.File.Path]
			switch {
			case walked && sameFile(now, k.File):
				settled[k.File.Path] = true
				d.unchanged++
			case walked:
				known[k.File.Path] = k.ID
			case gone(k.File.Path):
				d.vanished = append(d.vanished, k.File.Path)
			}
		}
		for b, err := range x.store.BadFiles(ctx, root) {
			if err != nil {
				return nil, err
			}
			now, walked := files[b.File.Path]
			switch {
			case walked && sameFile(now, b.File):
				settled[b.File.Path] = true
				d.bad = append(d.bad, BadInput{Path: b.File.Path, Code: b.Code, Reason: b.Reason})
			case !walked && gone(b.File.Path):
				d.forgotten = append(d.forgotten, b.File.Path)
			}
		}
	}
	for path, file := range files {
		if !settled[path] {
			d.todo = append(d.todo, work{file: file, known: known[path]})
		}
	}
	slices.SortFunc(d.todo, func(a, b work) int { return strings.Compare(a.file.Path, b.file.Path) })
	return d, nil
}

// sameFile reports whether a file is, for all that can be told without reading it, the one that was stored.
func sameFile(a, b sightline.File) bool {
	return a.Size == b.Size && a.ModTime.Equal(b.ModTime)
}

func isNotDir(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
