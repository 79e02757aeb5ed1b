package qdrant

import (
	"cmp"
	"math"
	"path"
	"slices"
	"strings"
	"time"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// version is one point of a search collection: an image as it is from one commit on.
type version struct {
	point   string // id of the point
	since   int64  // the commit from which on it is seen
	image   sightline.Image
	facts   int64     // the commit that changed the facts last
	patches string    // id of the point that holds the patches; "" where the generation has no features of the image
	global  []float32 // [E]; nil without features, and where vectors were not asked for
	tags    []weight  // by label
	bytes   int64
}

// weight is a stored probability of a label, by its number.
type weight struct {
	label       uint32
	probability float32
}

// A sparse vector's zeros are no hits, but a stored probability of 0 is one: it is written as the smallest number that
// is not flushed to zero anywhere.
const storedZero = 0x1p-126

// levels are how finely probabilities are indexed: TagOver asks the index for all levels above its own and compares the
// probabilities of that one.
const (
	levelsPerLabel = 128
	levelsOfOne    = 100
)

func levelOf(label uint32, probability float64) int64 {
	return int64(label)*levelsPerLabel + int64(math.Floor(probability*levelsOfOne))
}

// unknownTime stands for a time that is not known, in a field that every point has.
const unknownTime = math.MinInt64

// facts gives the fields that say what is known of an image besides its features.
func factsOf(img *sightline.Image, commit int64) map[string]*api.Value {
	taken, at := int64(unknownTime), img.IndexedAt.UnixMicro()
	if !img.TakenAt.IsZero() {
		taken = img.TakenAt.UnixMicro()
		at = taken
	}
	p := map[string]*api.Value{
		"id": text(string(img.ID)), "key": text(keyOf(img.ID)), "rank": integer(rankOf(img.ID)), "facts": integer(commit),
		"format": text(encodeText(img.Format)), "camera": text(encodeText(img.Camera)),
		"width": integer(int64(img.Width)), "height": integer(int64(img.Height)), "pixels": integer(int64(img.Width) * int64(img.Height)),
		"taken": integer(taken), "indexed": integer(img.IndexedAt.UnixMicro()), "at": integer(at),
	}
	putFiles(p, img)
	return p
}

func putFiles(p map[string]*api.Value, img *sightline.Image) {
	each := func(value func(f sightline.File) *api.Value) *api.Value { return list(img.Files, value) }
	p["paths"] = each(func(f sightline.File) *api.Value { return text(encodeText(f.Path)) })
	p["sizes"] = each(func(f sightline.File) *api.Value { return integer(f.Size) })
	p["seconds"] = each(func(f sightline.File) *api.Value { return integer(f.ModTime.Unix()) })
	p["nanos"] = each(func(f sightline.File) *api.Value { return integer(int64(f.ModTime.Nanosecond())) })
	var within, folders, names, words []string
	words = beginnings(words, img.Camera)
	for _, f := range img.Files {
		lower := strings.ToLower(f.Path)
		within, names = append(within, lower), append(names, path.Base(lower))
		for dir := path.Dir(lower); dir != "/"; dir = path.Dir(dir) {
			within, folders = append(within, dir+"/"), append(folders, path.Base(dir))
		}
		words = beginnings(words, path.Base(f.Path))
	}
	for field, values := range map[string][]string{"within": within, "folders": folders, "names": names, "words": words} {
		slices.Sort(values)
		p[field] = list(slices.Compact(values), func(s string) *api.Value { return text(encodeText(s)) })
	}
}

// longestBeginning is how many letters of a word are found by their beginning; ByText compares the rest itself.
const longestBeginning = 24

// wholeWord ends a word that is not a beginning only.
const wholeWord = " "

// beginnings adds what a word of the text may be asked as: every beginning of it, and itself.
func beginnings(words []string, of string) []string {
	for _, word := range vectordb.Words(of) {
		letters := []rune(word)
		for n := 1; n <= min(len(letters), longestBeginning); n++ {
			words = append(words, string(letters[:n]))
		}
		words = append(words, word+wholeWord)
	}
	return words
}

// stored gives the version as it is stored.
func (v *version) stored() *api.PointStruct {
	p := factsOf(&v.image, v.facts)
	p["since"], p["patches"], p["bytes"] = integer(v.since), text(v.patches), integer(v.bytes)
	p["featured"], p["levels"] = integer(0), list(v.tags, func(w weight) *api.Value {
		return integer(levelOf(w.label, float64(w.probability)))
	})
	if v.patches != "" {
		p["featured"] = integer(1)
	}
	return &api.PointStruct{Id: pointID(v.point), Payload: p, Vectors: v.vectors()}
}

func (v *version) vectors() *api.Vectors {
	vectors := map[string]*api.Vector{}
	if v.patches != "" {
		vectors[globalVector] = api.NewVectorDense(v.global)
		indices, values := make([]uint32, len(v.tags)), make([]float32, len(v.tags))
		for i, w := range v.tags {
			indices[i], values[i] = w.label, max(w.probability, storedZero)
		}
		if len(v.tags) > 0 {
			vectors[tagVector] = api.NewVectorSparse(indices, values)
		}
	}
	return api.NewVectorsMap(vectors)
}

// imageFields are the fields that an image is read from.
var imageFields = []string{"id", "format", "camera", "width", "height", "taken", "indexed", "paths", "sizes", "seconds", "nanos"}

// imageOf reads an image.
func imageOf(p map[string]*api.Value) (*sightline.Image, error) {
	img := &sightline.Image{
		ID: sightline.ImageID(p["id"].GetStringValue()), Format: decodeText(p["format"].GetStringValue()),
		Camera: decodeText(p["camera"].GetStringValue()),
		Width:  int(p["width"].GetIntegerValue()), Height: int(p["height"].GetIntegerValue()),
		IndexedAt: time.UnixMicro(p["indexed"].GetIntegerValue()).UTC(),
	}
	if taken := p["taken"].GetIntegerValue(); taken != unknownTime {
		img.TakenAt = time.UnixMicro(taken).UTC()
	}
	paths, sizes, seconds, nanos := texts(p["paths"]), integers(p["sizes"]), integers(p["seconds"]), integers(p["nanos"])
	if !img.ID.Valid() || len(sizes) != len(paths) || len(seconds) != len(paths) || len(nanos) != len(paths) {
		return nil, sightline.Errorf(sightline.CodeIndexCorrupt, "the stored facts of image %.80q are damaged", img.ID).
			WithHint("remove the image and index it again")
	}
	for i, place := range paths {
		img.Files = append(img.Files, sightline.File{Path: decodeText(place), Size: sizes[i], ModTime: time.Unix(seconds[i], nanos[i]).UTC()})
	}
	return img, nil
}

// versionOf reads a version; vectors are there if they were asked for.
func versionOf(p *api.RetrievedPoint) (*version, error) {
	payload := p.GetPayload()
	img, err := imageOf(payload)
	if err != nil {
		return nil, err
	}
	v := &version{
		point: p.GetId().GetUuid(), since: payload["since"].GetIntegerValue(), image: *img, facts: payload["facts"].GetIntegerValue(),
		patches: payload["patches"].GetStringValue(), bytes: payload["bytes"].GetIntegerValue(),
	}
	v.readVectors(p.GetVectors())
	return v, nil
}

func (v *version) readVectors(vectors *api.VectorsOutput) {
	named := vectors.GetVectors().GetVectors()
	v.global = named[globalVector].GetDenseVector().GetData()
	v.tags = weightsOf(named[tagVector].GetSparseVector())
}

func weightsOf(sparse *api.SparseVector) []weight {
	weights := make([]weight, len(sparse.GetIndices()))
	for i, label := range sparse.GetIndices() {
		weights[i] = weight{label, probabilityOf(sparse.GetValues()[i])}
	}
	slices.SortFunc(weights, func(a, b weight) int { return cmp.Compare(a.label, b.label) })
	return weights
}

// probabilityOf reads what was written for a probability.
func probabilityOf(stored float32) float32 {
	if stored <= storedZero {
		return 0
	}
	return stored
}
