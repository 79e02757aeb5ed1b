package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/sightline-search/sightline/vectordb/embedded/flat"
)

// The retrieval that is measured: the length of official global vectors and as many candidates as a search asks for.
const (
	retrievalDim        = 512
	retrievalCandidates = 200
	retrievalQueries    = 8
)

// Retrieval is what searching the global vectors of so many images costs, and a plain scan of the same f32 vectors in
// memory beside it, which is written in Go.
type Retrieval struct {
	Vectors int    `json:"vectors"`
	Dim     int    `json:"dim"`
	Through string `json:"through"` // "store": an index, SQLite and all; "files": the files that an index searches

	MS       float64 `json:"ms"`           // CPU time of a search in one thread
	F32      float64 `json:"f32_ms"`       // of the plain scan
	Times    float64 `json:"over_f32"`     // how many times faster
	Cores    float64 `json:"ms_all_cores"` // on the clock
	F32Cores float64 `json:"f32_ms_all_cores"`

	Recall   float64 `json:"recall_at_200"` // against the plain scan
	Start    float64 `json:"start_ms"`      // to open it, with the file cache warm
	First    float64 `json:"first_ms"`      // the first search after that
	Resident float64 `json:"resident_mb"`   // by how much both, and some searches more, made the process grow; 0: unknown
	Making   float64 `json:"making_s"`      // to write it
	Disk     float64 `json:"disk_mb"`       // what was written

	Insert float64 `json:"insert_ms"` // to store one more image and to find it with the next search; 0 through files
	Delete float64 `json:"delete_ms"` // to delete it and to have the next search pass it over
}

// searcher is what is measured.
type searcher interface {
	nearest(ctx context.Context, query []float32) ([]flat.ID, error)
	Close() error
}

// maker writes images to a folder and says how to open them.
type maker func(ctx context.Context, dir string, images *vectors) (open func() (searcher, error), err error)

// retrievalSizes are the numbers of vectors that are searched.
var retrievalSizes = []int{10_000, 100_000, 1_000_000}

// quickStore is up to how many images are put into a store unasked: it takes seconds. A million take minutes, so there only
// the files are written that a store of that size searches, unless indexes as large as that are asked for.
const quickStore = 100_000

func measureRetrieval(ctx context.Context, o Options, r *Report) error {
	for _, n := range retrievalSizes {
		o.Note("measuring retrieval among %d images", n)
		one, write := Retrieval{Vectors: n, Dim: retrievalDim, Through: "store"}, makeStore(o.OpenStore)
		if n > max(quickStore, o.MaxImages) {
			one.Through, write = "files", makeFiles
		}
		if err := one.measure(ctx, o.Repeat, write); err != nil {
			return err
		}
		r.Retrieval = append(r.Retrieval, one)
	}
	return nil
}

func (r *Retrieval) measure(ctx context.Context, repeat int, write maker) (err error) {
	dir, err := os.MkdirTemp("", "sightline-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	images, err := newVectors(ctx, r.Vectors, r.Dim)
	if err != nil {
		return err
	}
	begin := time.Now()
	open, err := write(ctx, dir, images)
	if err != nil {
		return err
	}
	r.Making = time.Since(begin).Seconds()
	if r.Disk, err = folderMB(dir); err != nil {
		return err
	}
	found, err := r.start(ctx, open, images)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	if err := r.compare(ctx, repeat, found, images); err != nil {
		return err
	}
	if r.Recall, err = recall(ctx, found, images); err != nil {
		return err
	}
	if s, ok := found.(store); ok {
		r.Insert, r.Delete, err = s.change(ctx, images)
	}
	return err
}

// start opens what was written, as a process would that has just started.
func (r *Retrieval) start(ctx context.Context, open func() (searcher, error), images *vectors) (searcher, error) {
	before := residentMB()
	begin := time.Now()
	found, err := open()
	if err != nil {
		return nil, err
	}
	r.Start = inMS(time.Since(begin))
	begin = time.Now()
	if _, err := found.nearest(ctx, images.query(0)); err != nil {
		return nil, errors.Join(err, found.Close())
	}
	r.First = inMS(time.Since(begin))
	for n := range retrievalQueries {
		if _, err := found.nearest(ctx, images.query(n)); err != nil {
			return nil, errors.Join(err, found.Close())
		}
	}
	r.Resident = max(residentMB()-before, 0)
	return found, nil
}

// compare times both in one thread, and both on all cores.
func (r *Retrieval) compare(ctx context.Context, repeat int, found searcher, images *vectors) error {
	query := images.query(1)
	search := func(ctx context.Context) error {
		_, err := found.nearest(ctx, query)
		return err
	}
	scan := func(ctx context.Context) error {
		_, err := images.scan(ctx, query)
		return err
	}
	single, err := cheapest(ctx, repeat, inOneThread(search), inOneThread(scan))
	if err != nil {
		return err
	}
	cores, err := cheapest(ctx, repeat, search, scan)
	if err != nil {
		return err
	}
	r.MS, r.F32 = inMS(single[0].CPU), inMS(single[1].CPU)
	r.Times = times(single[1], single[0])
	r.Cores, r.F32Cores = inMS(cores[0].Wall), inMS(cores[1].Wall)
	return nil
}

func inOneThread(form func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
		return form(ctx)
	}
}

// recall is the share of the plain scan's images that the search finds.
func recall(ctx context.Context, found searcher, images *vectors) (float64, error) {
	both, all := 0, 0
	for n := range retrievalQueries {
		want, err := images.scan(ctx, images.query(n))
		if err != nil {
			return 0, err
		}
		got, err := found.nearest(ctx, images.query(n))
		if err != nil {
			return 0, err
		}
		known := map[flat.ID]bool{}
		for _, id := range got {
			known[id] = true
		}
		for _, id := range want {
			if known[id] {
				both++
			}
		}
		all += len(want)
	}
	return float64(both) / float64(all), nil
}

func inMS(d time.Duration) float64 { return d.Seconds() * 1e3 }

func retrievalRows(r *Report) (rows [][]string) {
	for _, m := range r.Retrieval {
		rows = append(rows, [][]string{
			{
				fmt.Sprintf("retrieval, %d vectors", m.Vectors), fmt.Sprintf("%.1f ms", m.MS),
				fmt.Sprintf("one thread; %.0f times faster than plain f32 (%.0f ms); %s", m.Times, m.F32, m.Through),
			},
			{"", fmt.Sprintf("%.1f ms", m.Cores), fmt.Sprintf("all cores; plain f32 %.0f ms", m.F32Cores)},
			{"", fmt.Sprintf("%.4f", m.Recall), "recall at 200 against plain f32"},
			{"", fmt.Sprintf("%.0f MB", m.Resident), fmt.Sprintf("resident; start %.1f ms, first search %.1f ms", m.Start, m.First)},
			{"", fmt.Sprintf("%.0f MB", m.Disk), fmt.Sprintf("on disk, written in %.0f s", m.Making)},
		}...)
		if m.Insert > 0 {
			rows = append(rows, []string{"", fmt.Sprintf("%.0f ms", m.Insert), fmt.Sprintf("until one more is found; deleted and gone %.0f ms", m.Delete)})
		}
	}
	return rows
}
