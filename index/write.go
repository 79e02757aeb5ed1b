package index

import (
	"context"
	"os"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

const (
	flushAt = 256 // places and bad files that are collected for one transaction
	putAt   = 64  // images that are put in one transaction at most: so many are lost by a kill, and held in memory
)

// write is the only stage that changes the store, so that nothing changes between its looks and its writes.
func (r *run) write(ctx context.Context, changes <-chan change) error {
	var w writes
	for {
		c, more, err := receive(ctx, changes)
		if err != nil {
			return err
		}
		w.add(c)
		if len(w.encoded) > 0 && (len(changes) == 0 || len(w.encoded) >= putAt) {
			if err := r.put(ctx, &w); err != nil {
				return err
			}
		}
		if !more || len(w.places)+len(w.bad) >= flushAt {
			if err := r.flush(ctx, w.places, w.bad); err != nil {
				return err
			}
			w.places, w.bad = nil, nil
		}
		if !more {
			return nil
		}
	}
}

// writes are changes that wait for their transaction. Encoded images wait only while there is more to take at once: where
// the disk is the slowest part, transactions grow by themselves.
type writes struct {
	encoded []vectordb.Record
	works   []work
	places  []place
	bad     []vectordb.BadFile
}

func (w *writes) add(c change) {
	w.encoded, w.works = append(w.encoded, c.encoded...), append(w.works, c.works...)
	if c.place != nil {
		w.places = append(w.places, *c.place)
	}
	if c.bad != nil {
		w.bad = append(w.bad, *c.bad)
	}
}

func (r *run) put(ctx context.Context, w *writes) error {
	if err := r.x.store.Put(ctx, w.encoded); err != nil {
		return err
	}
	for i := range w.encoded {
		r.release(w.encoded[i].Image.ID)
	}
	r.stored(w.works)
	w.encoded, w.works = nil, nil
	return nil
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
