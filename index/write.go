package index

import (
	"context"
	"os"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// flushAt is how many places and bad files are collected for one transaction. A batch of encoded images is one by itself.
const flushAt = 256

// write is the only stage that changes the store, so that nothing changes between its looks and its writes.
func (r *run) write(ctx context.Context, changes <-chan change) error {
	var places []place
	var bad []vectordb.BadFile
	for {
		c, more, err := receive(ctx, changes)
		switch {
		case err != nil:
			return err
		case !more:
			return r.flush(ctx, places, bad)
		case c.place != nil:
			places = append(places, *c.place)
		case c.bad != nil:
			bad = append(bad, *c.bad)
		default:
			if err := r.x.store.Put(ctx, c.encoded); err != nil {
				return err
			}
			r.stored(c.works)
		}
		if len(places)+len(bad) >= flushAt {
			if err := r.flush(ctx, places, bad); err != nil {
				return err
			}
			places, bad = nil, nil
		}
	}
}

// receive takes the next change unless the run has ended: after an error nobody closes the channel.
func receive(ctx context.Context, changes <-chan change) (c change, more bool, err error) {
	select {
	case c, more = <-changes:
		return c, more, ctx.Err()
	case <-ctx.Done():
		return change{}, false, ctx.Err()
	}
}

func (r *run) flush(ctx context.Context, places []place, bad []vectordb.BadFile) error {
	if len(bad) > 0 {
		if err := r.x.store.PutBad(ctx, bad); err != nil {
			return err
		}
	}
	if len(places) == 0 {
		return nil
	}
	return r.adopt(ctx, places)
}

// adopt adds places to known images. A place can be the last one of another image, which is then deleted, and that image
// can be the one that another place is for (two files that swapped names): what did not arrive is postponed.
func (r *run) adopt(ctx context.Context, places []place) error {
	before, err := r.images(ctx, places)
	if err != nil {
		return err
	}
	files := map[sightline.ImageID][]sightline.File{}
	for _, p := range places {
		if before[p.id] != nil {
			files[p.id] = append(files[p.id], p.file)
		}
	}
	if err := r.x.store.AddFiles(ctx, files); err != nil {
		return err
	}
	after, err := r.images(ctx, places)
	if err != nil {
		return err
	}
	var left []string
	for _, p := range places {
		if img := after[p.id]; img == nil || !slices.ContainsFunc(img.Files, p.at) {
			r.postpone(p.work)
			continue
		}
		left = append(left, r.adopted(p, before[p.id])...)
	}
	if len(left) == 0 {
		return nil
	}
	return r.x.store.RemoveFiles(ctx, left)
}

func (p place) at(f sightline.File) bool { return f.Path == p.file.Path }

func (r *run) images(ctx context.Context, places []place) (map[sightline.ImageID]*sightline.Image, error) {
	var ids []sightline.ImageID
	for _, p := range places {
		ids = append(ids, p.id)
	}
	slices.Sort(ids)
	return r.x.imagesByID(ctx, slices.Compact(ids))
}

// adopted counts a place that was added to an image, and gives the old paths that a move left. Were they only on a disk
// that is not mounted just now, indexing them again adds them back without decoding anything.
func (r *run) adopted(p place, before *sightline.Image) (left []string) {
	var moved []string
	there := p.known == p.id
	for _, f := range before.Files {
		switch {
		case p.at(f):
		case stillThere(f):
			there = true
		case gone(f.Path):
			moved = append(moved, f.Path)
		}
	}
	before.Files = append(before.Files, p.file) // for the next place of the same image
	r.update(func(report *AddReport) int {
		switch {
		case p.known == p.id:
			report.Unchanged++ // touched, or written again as it was
		case p.known != "":
			report.Updated++
		case there:
			report.Duplicates++
		default:
			report.Moved++
		}
		if !there {
			for _, path := range moved {
				r.movedFrom[path] = true
			}
		}
		return 1
	})
	if there {
		return nil
	}
	return moved
}

// stillThere reports whether the file lies where it was stored, unchanged.
func stillThere(f sightline.File) bool {
	info, err := os.Stat(f.Path)
	return err == nil && sameFile(f, sightline.File{Size: info.Size(), ModTime: info.ModTime()})
}
