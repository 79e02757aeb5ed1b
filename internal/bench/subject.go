package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/vectordb"
)

// Subject is an index with the HTTP API in front of it, as `serve` answers from it, in a folder of its own. Its graphs are
// loaded anew: nothing has run yet.
type Subject struct {
	Index   *index.Index
	Store   vectordb.Store
	Handler http.Handler
	Close   func() error
}

// OpenSubject opens the index in a folder, which is empty the first time: for one who writes, or as `serve` does.
type OpenSubject func(dir string, write bool) (*Subject, error)

// inScratch gives measure a folder that is removed afterwards.
func inScratch(measure func(dir string) error) error {
	dir, err := os.MkdirTemp("", "sightline-bench-")
	if err != nil {
		return fmt.Errorf("make a scratch folder: %w", err)
	}
	return errors.Join(measure(dir), os.RemoveAll(dir))
}

// fill makes the index in the folder one of n images: the real ones, and then variations of them.
func (o Options) fill(ctx context.Context, dir string, n int) (err error) {
	o.Note("indexing %s and variations of it, %d images", o.Images, n)
	s, err := o.OpenSubject(dir, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if _, err := s.Index.Add(ctx, []string{o.Images}, index.AddOptions{}); err != nil {
		return err
	}
	return s.grow(ctx, n)
}

// serving answers from the index in the folder while ask asks.
func (o Options) serving(ctx context.Context, dir string, warm bool, ask func(t *target) error) (err error) {
	s, err := o.OpenSubject(dir, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if warm {
		if err := s.Index.Warm(ctx); err != nil {
			return err
		}
	}
	t, err := listen(ctx, s.Handler)
	if err != nil {
		return err
	}
	return errors.Join(ask(t), t.close())
}

// putBatch is how many records are written at once.
const putBatch = 500

// grow fills the index up to n images with variations of those that it has. They are synthetic: facts and tags are the
// original's, the global vector has noise of half its length, and of every value of the patches the lowest bits are
// random. So every image has features of the real size and of real magnitudes, and no two have the same.
func (s *Subject) grow(ctx context.Context, n int) error {
	ids, err := s.Store.IDs(ctx, nil)
	if err != nil {
		return err
	}
	have := len(ids)
	originals, err := s.originals(ctx, ids)
	if err != nil {
		return err
	}
	if len(originals) == 0 {
		return sightline.Errorf(sightline.CodeInvalid, "there is no image to measure with").WithParam("images")
	}
	random := rand.New(rand.NewPCG(1, uint64(n)))
	var batch []vectordb.Record
	for i := have; i < n; i++ {
		batch = append(batch, vary(originals[i%len(originals)], i, random))
		if len(batch) < putBatch && i < n-1 {
			continue
		}
		if err := s.Store.Put(ctx, batch); err != nil {
			return err
		}
		batch = batch[:0]
	}
	return nil
}

// syntheticFolder is where no image lies.
const syntheticFolder = "/synthetic/"

// originals gives the real images among these.
func (s *Subject) originals(ctx context.Context, ids []sightline.ImageID) ([]vectordb.Record, error) {
	images, err := s.Store.Get(ctx, ids)
	if err != nil {
		return nil, err
	}
	images = slices.DeleteFunc(images, func(img *sightline.Image) bool { return strings.HasPrefix(img.Path(), syntheticFolder) })
	ids = ids[:0]
	for _, img := range images {
		ids = append(ids, img.ID)
	}
	features, err := s.Store.Features(ctx, ids)
	if err != nil {
		return nil, err
	}
	tags, err := s.Store.Tags(ctx, ids)
	if err != nil {
		return nil, err
	}
	records := make([]vectordb.Record, len(images))
	for i, img := range images {
		records[i] = vectordb.Record{Image: *img, Features: features[img.ID], Tags: tags[img.ID]}
	}
	return records, nil
}

// vary makes the i-th image of a corpus.
func vary(r vectordb.Record, i int, random *rand.Rand) vectordb.Record {
	name := fmt.Sprintf("%s%07d.jpg", syntheticFolder, i)
	sum := sha256.Sum256([]byte(name))
	r.Image.ID = sightline.ImageID(hex.EncodeToString(sum[:]))
	r.Image.Files = []sightline.File{{Path: name, Size: int64(i + 1), ModTime: r.Image.IndexedAt}}
	r.Features = sightline.Features{Global: noisy(r.Features.Global, random), Patches: slices.Clone(r.Features.Patches)}
	for at := 0; at < len(r.Features.Patches); at += 2 {
		r.Features.Patches[at] ^= byte(random.Uint32()) & 0x0f // little-endian f16: under 2 % of the value
	}
	return r
}

// noisy adds noise of half the length and normalises again.
func noisy(global []float32, random *rand.Rand) []float32 {
	out := make([]float32, len(global))
	deviation := 0.5 / math.Sqrt(float64(len(global)))
	var square float64
	for i, v := range global {
		w := float64(v) + deviation*random.NormFloat64()
		out[i] = float32(w)
		square += w * w
	}
	for i := range out {
		out[i] /= float32(math.Sqrt(square))
	}
	return out
}
