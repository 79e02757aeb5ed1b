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

// reconcile compares the walked files, sorted by path, with what is stored below the roots. Its list of what is to do is
// what it leaves of files: with a million of them, a second list counts.
func (x *Index) reconcile(ctx context.Context, roots []string, files []work) (*difference, error) {
	d := &difference{}
	settled := make([]bool, len(files))
	for _, root := range outermost(roots) {
		for k, err := range x.store.Files(ctx, root) {
			if err != nil {
				return nil, err
			}
			i, walked := find(files, k.File.Path)
			switch {
			case walked && sameFile(files[i].file, k.File):
				settled[i] = true
				d.unchanged++
			case walked:
				files[i].known = k.ID
			case gone(k.File.Path):
				d.vanished = append(d.vanished, k.File.Path)
			}
		}
		for b, err := range x.store.BadFiles(ctx, root) {
			if err != nil {
				return nil, err
			}
			i, walked := find(files, b.File.Path)
			switch {
			case walked && sameFile(files[i].file, b.File):
				settled[i] = true
				d.bad = append(d.bad, BadInput{Path: b.File.Path, Code: b.Code, Reason: b.Reason})
			case !walked && gone(b.File.Path):
				d.forgotten = append(d.forgotten, b.File.Path)
			}
		}
	}
	d.todo = files[:0]
	for i, w := range files {
		if !settled[i] {
			d.todo = append(d.todo, w)
		}
	}
	clear(files[len(d.todo):]) // lets go of their paths
	return d, nil
}

// find gives the place of a path in the sorted files.
func find(files []work, path string) (i int, found bool) {
	return slices.BinarySearchFunc(files, path, func(w work, path string) int { return strings.Compare(w.file.Path, path) })
}

// sameFile reports whether a file is, for all that can be told without reading it, the one that was stored.
func sameFile(a, b sightline.File) bool {
	return a.Size == b.Size && a.ModTime.Equal(b.ModTime)
}

func isNotDir(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
