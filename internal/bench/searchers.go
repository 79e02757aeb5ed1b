package bench

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
	"github.com/sightline-search/sightline/vectordb/embedded/flat"
)

// fileImages is how many images lie in a file: as many as in the largest ones that an index makes.
const fileImages = 65_536

// files are searched without an index around them.
type files []flat.Part

func makeFiles(_ context.Context, dir string, images *vectors) (func() (searcher, error), error) {
	count := 0
	for from := 0; from < images.n; from += fileImages {
		some := piece{images, from, min(from+fileImages, images.n)}
		if err := flat.Write(fileName(dir, count), images.dim, []flat.Live{{Source: some, Counts: func(int) bool { return true }}}); err != nil {
			return nil, err
		}
		count++
	}
	return func() (searcher, error) { return openFiles(dir, count, images.dim) }, nil
}

func fileName(dir string, n int) string { return filepath.Join(dir, fmt.Sprint(n)) }

func openFiles(dir string, count, dim int) (searcher, error) {
	var f files
	for n := range count {
		file, err := flat.Open(fileName(dir, n), dim)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		f = append(f, flat.Part{File: file})
	}
	return f, nil
}

func (f files) nearest(ctx context.Context, query []float32) ([]flat.ID, error) {
	best, err := flat.Nearest(ctx, f, query, retrievalCandidates)
	if err != nil {
		return nil, err
	}
	return idsOf(best), nil
}

func (f files) Close() error {
	var errs []error
	for _, part := range f {
		errs = append(errs, part.File.Close())
	}
	return errors.Join(errs...)
}

// piece is some of the images on their way into a file.
type piece struct {
	*vectors
	from, to int
}

func (p piece) Len() int                             { return p.to - p.from }
func (p piece) ID(slot int) flat.ID                  { return idOf(p.from + slot) }
func (p piece) Labels() []uint32                     { return nil }
func (p piece) Postings(label uint32) []flat.Posting { return nil }

func (p piece) Rows() []int64 {
	rows := make([]int64, p.Len())
	for i := range rows {
		rows[i] = int64(p.from + i)
	}
	return rows
}

func (p piece) Vector(slot int, vector []float32) error {
	copy(vector, p.at(p.from+slot))
	return nil
}

// store is searched as a whole.
type store struct{ vectordb.Store }

// makeStore puts images without patches into an index; patches lie apart and are not read by what is measured.
func makeStore(open func(dir string) (vectordb.Store, error)) maker {
	return func(ctx context.Context, dir string, images *vectors) (func() (searcher, error), error) {
		s, err := open(dir)
		if err != nil {
			return nil, err
		}
		err = fillStore(ctx, s, images)
		if err := errors.Join(err, s.Close()); err != nil {
			return nil, err
		}
		return func() (searcher, error) {
			s, err := open(dir)
			return store{s}, err
		}, nil
	}
}

func fillStore(ctx context.Context, s vectordb.Store, images *vectors) error {
	if err := s.SetModel(ctx, vectordb.Model{Name: "bench", Feature: "bench"}); err != nil {
		return err
	}
	const batch = 1000
	for from := 0; from < images.n; from += batch {
		records := make([]vectordb.Record, 0, batch)
		for i := from; i < min(from+batch, images.n); i++ {
			records = append(records, recordOf(i, images.at(i)))
		}
		if err := s.Put(ctx, records); err != nil {
			return err
		}
	}
	_, err := s.Nearest(ctx, images.at(0), 1, nil) // the first search makes the files
	return err
}

func recordOf(i int, vector []float32) vectordb.Record {
	id := idOf(i)
	return vectordb.Record{
		Image:    sightline.Image{ID: sightline.ImageID(hex.EncodeToString(id[:])), Files: []sightline.File{{Path: pathOf(i)}}},
		Features: sightline.Features{Global: vector},
	}
}

func pathOf(i int) string { return fmt.Sprintf("/bench/%d.jpg", i) }

// change stores one more image, whose vector is that of a query, and deletes it, with a search after each. It gives the
// milliseconds of both, on the clock; a search that does not know yet is an error.
func (s store) change(ctx context.Context, images *vectors) (inserted, deleted float64, err error) {
	query, own := images.query(retrievalQueries), idOf(images.n)
	seen := func(want bool, change func() error) (float64, error) {
		begin := time.Now()
		if err := change(); err != nil {
			return 0, err
		}
		found, err := s.nearest(ctx, query)
		if err == nil && (found[0] == own) != want {
			err = errors.New("a search does not see the change before it")
		}
		return inMS(time.Since(begin)), err
	}
	inserted, err = seen(true, func() error { return s.Put(ctx, []vectordb.Record{recordOf(images.n, query)}) })
	if err != nil {
		return 0, 0, err
	}
	deleted, err = seen(false, func() error { return s.RemoveFiles(ctx, []string{pathOf(images.n)}) })
	return inserted, deleted, err
}

func (s store) nearest(ctx context.Context, query []float32) ([]flat.ID, error) {
	hits, err := s.Nearest(ctx, query, retrievalCandidates, nil)
	ids := make([]flat.ID, len(hits))
	for i, hit := range hits {
		if _, err := hex.Decode(ids[i][:], []byte(hit.ID)); err != nil {
			return nil, err
		}
	}
	return ids, err
}
