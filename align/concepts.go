package align

import (
	"context"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/ort"
)

// chunkQueries bounds how many decoder queries one run takes: a label file has thousands of them, and the intermediate
// values grow with every one.
const chunkQueries = 256

// Concept is a tag as the decoder sees it: descriptions of one thing, weighted anew for every image (docs/tags.md).
type Concept struct {
	queries []sightline.TextQuery // of the descriptions; without their states where texts are mixed
	texts   [][]float32           // the descriptions' text vectors where texts are mixed; nil otherwise
}

// Concept makes a tag of its encoded descriptions, at least one.
func (a *Aligner) Concept(ctx context.Context, descriptions []sightline.TextFeatures) (Concept, error) {
	if len(descriptions) == 0 {
		return Concept{}, sightline.Errorf(sightline.CodeInternal, "a tag without descriptions cannot be scored")
	}
	queries, err := a.Queries(ctx, descriptions)
	c := Concept{queries: queries}
	if err != nil || !a.mixes || len(descriptions) == 1 {
		return c, err
	}
	for i, d := range descriptions {
		c.texts = append(c.texts, d.Vector)
		c.queries[i].State = nil // the mixed text gets its own, and thousands of these would fill the memory
	}
	return c, nil
}

// ScoreConcepts scores tags of several descriptions: result[i][k] is image i under tag k. A tag of one description gets
// what Score gives its text.
func (a *Aligner) ScoreConcepts(ctx context.Context, concepts []Concept, images []sightline.Features) ([][]Score, error) {
	if a.decoder == nil {
		return nil, a.noText()
	}
	scores := make([][]Score, len(images))
	for i := range scores {
		scores[i] = make([]Score, len(concepts))
	}
	var apart, mixed []int // positions in concepts
	for k, c := range concepts {
		if c.texts == nil {
			apart = append(apart, k)
		} else {
			mixed = append(mixed, k)
		}
	}
	for len(apart) > 0 {
		n := a.fitting(concepts, apart)
		if err := a.scoreApart(ctx, concepts, apart[:n], images, scores); err != nil {
			return nil, err
		}
		apart = apart[n:]
	}
	for ; len(mixed) > 0; mixed = mixed[min(len(mixed), chunkQueries):] {
		if err := a.scoreMixed(ctx, concepts, mixed[:min(len(mixed), chunkQueries)], images, scores); err != nil {
			return nil, err
		}
	}
	return scores, nil
}

// fitting is how many of the concepts, at least one, have their queries in one run.
func (a *Aligner) fitting(concepts []Concept, which []int) int {
	queries := 0
	for n, k := range which {
		if queries += len(concepts[k].queries); n > 0 && queries > chunkQueries {
			return n
		}
	}
	return len(which)
}

// scoreApart scores every description by itself and mixes the logits.
func (a *Aligner) scoreApart(ctx context.Context, concepts []Concept, which []int, images []sightline.Features, scores [][]Score) error {
	var queries []sightline.TextQuery
	for _, k := range which {
		queries = append(queries, concepts[k].queries...)
	}
	each, err := a.Score(ctx, queries, images)
	if err != nil {
		return err
	}
	for i, image := range images {
		row := each[i]
		for _, k := range which {
			logit := 0.0
			for d, w := range a.weights(concepts[k], image.Global) {
				logit += w * row[d].Logit
			}
			scores[i][k] = calibrated(logit, a.calibration.TextScale)
			row = row[len(concepts[k].queries):]
		}
	}
	return nil
}

// scoreMixed mixes the texts' vectors for every image, as RAM++ does, and decodes what comes out.
func (a *Aligner) scoreMixed(ctx context.Context, concepts []Concept, which []int, images []sightline.Features, scores [][]Score) error {
	for i, image := range images {
		if err := a.fits(i, image); err != nil {
			return err
		}
		given := ort.Tensor{Shape: []int64{int64(len(which)), int64(a.manifest.Text.Dim)}}
		texts := make([][]float32, len(which))
		for n, k := range which {
			texts[n] = mix(a.weights(concepts[k], image.Global), concepts[k].texts)
			given.F32 = append(given.F32, texts[n]...)
		}
		queries, err := a.runQueryState(ctx, map[string]ort.Tensor{"text": given}, texts)
		if err != nil {
			return err
		}
		row, err := a.Score(ctx, queries, []sightline.Features{image})
		if err != nil {
			return err
		}
		for n, k := range which {
			scores[i][k] = row[0][n]
		}
	}
	return nil
}
