package vectordbtest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// dim is the length of the suite's global vectors.
const dim = 6

// dice makes random things from small pools, so that they meet each other often. Vectors and probabilities are binary
// fractions: their sums are exact in float32, so that ties are ties everywhere.
type dice struct{ *rand.Rand }

// newDice prints its seed when the test fails.
func newDice(t *testing.T) dice {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the seed was %d", seed)
		}
	})
	return dice{rand.New(rand.NewPCG(seed, 0))}
}

func pick[T any](d dice, from []T) T { return from[d.IntN(len(from))] }

// some makes 0 to most things.
func some[T any](d dice, most int, one func() T) []T {
	things := make([]T, d.IntN(most+1))
	for i := range things {
		things[i] = one()
	}
	return things
}

// imageID is the id of the suite's image number n.
func imageID(n int) sightline.ImageID {
	return sightline.ImageID(fmt.Sprintf("%064x", uint64(n)*0x9e3779b97f4a7c15))
}

func (d dice) id() sightline.ImageID { return imageID(d.IntN(30)) }

var (
	folders = []string{"/", "/photos", "/photos/Holiday", "/photos/holiday/beach", "/photos-old", "/fotos/Größe", "/写真/海 辺", "/a_b%c*[d]"}
	names   = []string{"a.jpg", "IMG_1.JPG", "img_12.jpg", "IMG_123.png", "Café.jpg", "海辺の猫.webp", "dog beach.jpeg", "100%.gif", "x'y\"z.bmp", "ÄÖ [1].png", "🐈.jpg"}
	cameras = []string{"", "FUJIFILM X100V", "Canon EOS 5D", "canon eos 5d mark II", "ÉCLAIR 16", "100% 'quoted'"}
	formats = []string{"jpeg", "png", "gif", "webp", "bmp", "tiff"}
	labels  = []string{"dog", "cat", "beach", "Dog", "großes Haus", "海", "it's"}
	texts   = []string{"img", "IMG 12", "cafe", "CAFÉ jpg", "海", "海辺", "beach dog", "canon 5d", "x100v a", "nothing", "", "!?", "1", "eclair", "\"*", "AND"}
)

func (d dice) path() string {
	folder := pick(d, folders)
	if folder == "/" {
		folder = ""
	}
	return folder + "/" + pick(d, names)
}

// moment is one of few times, some of them finer than what a store keeps.
func (d dice) moment() time.Time {
	return time.Date(2024, time.Month(1+d.IntN(6)), 1, 10, 0, 0, d.IntN(3)*400, time.FixedZone("", 3600*d.IntN(3)))
}

func (d dice) file() sightline.File {
	return sightline.File{Path: d.path(), Size: d.Int64N(1 << 40), ModTime: time.Unix(d.Int64N(1<<33), d.Int64N(1e9))}
}

func (d dice) vector() []float32 {
	v := make([]float32, dim)
	for i := range v {
		v[i] = float32(d.IntN(5)-2) / 4
	}
	return v
}

func (d dice) tags() []sightline.Tag {
	var tags []sightline.Tag
	for _, name := range labels {
		if d.IntN(3) == 0 {
			tags = append(tags, sightline.Tag{Name: name, Probability: float64(d.IntN(5)) / 4})
		}
	}
	return tags
}

func (d dice) record(id sightline.ImageID) vectordb.Record {
	img := sightline.Image{
		ID: id, Format: pick(d, formats), Width: d.IntN(5) * 1000, Height: d.IntN(5) * 1000,
		Camera: pick(d, cameras), IndexedAt: d.moment(),
		Files: append(some(d, 2, d.file), d.file()),
	}
	if d.IntN(3) > 0 {
		img.TakenAt = d.moment()
	}
	patches := make([]byte, 1+d.IntN(40))
	for i := range patches {
		patches[i] = byte(d.Uint32())
	}
	return vectordb.Record{Image: img, Features: sightline.Features{Global: d.vector(), Patches: patches}, Tags: d.tags()}
}

// records makes n records of distinct images.
func (d dice) records(n int) []vectordb.Record {
	records := make([]vectordb.Record, n)
	for i := range records {
		records[i] = d.record(imageID(i))
	}
	return records
}

func (d dice) filter(depth int) sightline.Filter {
	inner := func() sightline.Filter { return d.filter(depth - 1) }
	if depth > 0 {
		switch d.IntN(5) {
		case 0:
			return sightline.And(some(d, 3, inner))
		case 1:
			return sightline.Or(some(d, 3, inner))
		case 2:
			return sightline.Not{Of: inner()}
		}
	}
	return d.leaf()
}

func (d dice) leaf() sightline.Filter {
	switch d.IntN(9) {
	case 0:
		return sightline.PathGlob(pick(d, []string{
			"holiday", "holiday/*", "HOLIDAY/beach", "/photos", "/photos/*", "*.jpg", "photos*/**/*.png", "größe", "**", "[", "", "写真/*", "a_b%c*", `a_b%c\*\[d\]`,
		}))
	case 1:
		return sightline.NameGlob(pick(d, []string{"img_1*", "*.JPG", "img_?.jpg", "*", "[ac]*", "海*", "100%*", "", "[", "x'y*"}))
	case 2:
		return d.takenIn()
	case 3:
		return sightline.CameraHas(pick(d, []string{"", "canon", "EOS 5", "éclair", "100%", "'quoted'", "nikon"}))
	case 4:
		return sightline.SizeIn{MinPixels: d.Int64N(5) * 1e6, MaxPixels: d.Int64N(4) * 3e6}
	case 5:
		return sightline.FormatIs(pick(d, append(formats, "JPEG", "")))
	case 6, 7:
		return sightline.TagOver{Name: pick(d, append(labels, "unknown")), P: float64(d.IntN(6)-1) / 4}
	default:
		return sightline.IDIn(some(d, 8, d.id))
	}
}

func (d dice) takenIn() sightline.TakenIn {
	var f sightline.TakenIn
	if d.IntN(3) > 0 {
		f.From = d.moment()
	}
	if d.IntN(3) > 0 {
		f.To = d.moment()
	}
	return f
}
