package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"math"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/progress"
	"github.com/sightline-search/sightline/vectordb"
)

// contents is what a store holds, as far as a copy has it.
type contents struct {
	Images, Files, BadFiles, UserTags int
	Checksum                          string
}

// verify reads both stores from the beginning and compares them.
func (c *copier) verify(ctx context.Context, show Show) error {
	stats, err := c.to.Stats(ctx)
	if err != nil {
		return err
	}
	bar := show("comparing", "images")
	defer bar.Finish()
	bar.Total(2 * stats.Images)
	var want, got contents
	group, both := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		want, err = contentsOf(both, c.from, bar)
		return err
	})
	group.Go(func() (err error) {
		got, err = contentsOf(both, c.to, bar)
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	c.report.Images, c.report.Files, c.report.BadFiles, c.report.UserTags = got.Images, got.Files, got.BadFiles, got.UserTags
	c.report.Checksum = got.Checksum
	if want != got {
		return sightline.Errorf(sightline.CodeChanged, "the copy holds %s, the original %s", got, want).
			WithHint("the original was changed meanwhile, or the copy holds more than it: run the same command again, or copy into an empty store")
	}
	return nil
}

func (c contents) String() string {
	return fmt.Sprintf("%d images at %d places, %d bad files and %d tags (checksum %.12s)", c.Images, c.Files, c.BadFiles, c.UserTags, c.Checksum)
}

// contentsOf counts and sums up a store.
func contentsOf(ctx context.Context, s vectordb.Store, bar progress.Reporter) (c contents, err error) {
	sum := sha256.New()
	if err := c.addImages(ctx, s, sum, bar); err != nil {
		return c, err
	}
	for b, err := range s.BadFiles(ctx, "/") {
		if err != nil {
			return c, err
		}
		c.BadFiles++
		line(sum, badLine(b))
	}
	tags, err := s.UserTags(ctx)
	if err != nil {
		return c, err
	}
	for _, tag := range tags {
		c.UserTags++
		data, err := json.Marshal(tag)
		if err != nil {
			return c, err
		}
		line(sum, string(data))
	}
	stats, err := s.Stats(ctx)
	line(sum, fmt.Sprint(stats.Model))
	c.Checksum = hex.EncodeToString(sum.Sum(nil))
	return c, err
}

func (c *contents) addImages(ctx context.Context, s vectordb.Store, sum hash.Hash, bar progress.Reporter) error {
	ids, err := s.IDs(ctx, nil)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(ids, batchSize) {
		records, _, err := recordsOf(ctx, s, some)
		if err != nil {
			return err
		}
		for i := range records {
			c.Images++
			c.Files += len(records[i].Image.Files)
			one := recordSum(&records[i])
			_, _ = sum.Write(one[:]) // a hash takes everything
		}
		bar.Done(len(some))
	}
	return nil
}

// recordSum is the SHA-256 of everything that is stored of an image, to the precision that all stores keep.
func recordSum(r *vectordb.Record) [32]byte {
	sum := sha256.New()
	img := &r.Image
	line(sum, fmt.Sprint(img.ID, " ", img.Format, " ", img.Width, " ", img.Height, " ", micros(img.TakenAt), " ", micros(img.IndexedAt)))
	line(sum, img.Camera)
	files := slices.SortedFunc(slices.Values(img.Files), func(a, b sightline.File) int { return strings.Compare(a.Path, b.Path) })
	for _, f := range files {
		line(sum, fileLine(f))
	}
	line(sum, "")
	vector := make([]byte, 0, 4*len(r.Features.Global))
	for _, x := range r.Features.Global {
		vector = binary.LittleEndian.AppendUint32(vector, math.Float32bits(x))
	}
	line(sum, string(vector))
	line(sum, string(r.Features.Patches))
	tags := slices.SortedFunc(slices.Values(r.Tags), func(a, b sightline.Tag) int { return strings.Compare(a.Name, b.Name) })
	for _, tag := range tags {
		line(sum, tag.Name)
		line(sum, fmt.Sprint(math.Float32bits(float32(tag.Probability))))
	}
	return [32]byte(sum.Sum(nil))
}

// line writes a text with its length, so that two texts are never taken for one.
func line(sum hash.Hash, text string) {
	_, _ = fmt.Fprintf(sum, "%d:%s", len(text), text) // a hash takes everything
}

func fileLine(f sightline.File) string {
	return fmt.Sprintf("%d %d %d %s", f.Size, f.ModTime.Unix(), f.ModTime.Nanosecond(), f.Path)
}

func badLine(b vectordb.BadFile) string {
	return fmt.Sprintf("%s %s %s", fileLine(b.File), b.Code, b.Reason)
}

// micros is a time as all stores keep it; 0 is none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
