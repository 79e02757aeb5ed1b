package index

import (
	"context"
	"errors"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// readFiles is the first stage: files in, decoded images and known places out.
func (r *run) readFiles(ctx context.Context, files <-chan work, jobs chan<- job, changes chan<- change) error {
	for w := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		data, id, err := r.stages.Read(w.file.Path)
		if err != nil {
			if err := r.reject(ctx, w, err, changes); err != nil {
				return err
			}
			continue
		}
		if err := r.readFile(ctx, w, data, id, jobs, changes); err != nil {
			return err
		}
	}
	return nil
}

// readFile decodes a file's bytes unless their image is known or at work already.
func (r *run) readFile(ctx context.Context, w work, data []byte, id sightline.ImageID, jobs chan<- job, changes chan<- change) error {
	mine, verdict := r.reserve(id, w)
	if verdict != nil {
		return r.reject(ctx, w, verdict, changes)
	}
	if !mine {
		return nil
	}
	known, err := r.x.store.Get(ctx, []sightline.ImageID{id}) // now: what was stored before the reservation is seen
	if err != nil {
		return err
	}
	if len(known) > 0 {
		r.release(id)
		return send(ctx, changes, change{place: &place{work: w, id: id}})
	}
	picture, err := r.stages.Decode(data, id)
	if err != nil {
		if e, ok := errors.AsType[*sightline.Error](err); ok {
			r.condemn(id, e)
		}
		return r.reject(ctx, w, err, changes)
	}
	return send(ctx, jobs, job{work: w, facts: picture.Facts, pixels: r.stages.Resize(picture.Image)})
}

// reject lists a bad file and hands it to the writer, to be remembered.
func (r *run) reject(ctx context.Context, w work, err error, changes chan<- change) error {
	bad := vectordb.BadFile{File: w.file, Code: sightline.CodeOf(err), Reason: err.Error()}
	r.fail(BadInput{Path: w.file.Path, Code: bad.Code, Reason: bad.Reason}, 1)
	switch bad.Code {
	case sightline.CodeVanished:
		r.lose(w.file.Path)
		return nil
	case sightline.CodeUnreadable:
		return nil // it may be granted tomorrow, without a trace in size and time
	default:
		return send(ctx, changes, change{bad: &bad})
	}
}
