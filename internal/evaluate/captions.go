package evaluate

import (
	"context"

	"github.com/sightline-search/sightline"
)

// measureCaptions takes every caption as one plain query over all images.
func (e *evaluation) measureCaptions(ctx context.Context) error {
	var texts []string
	var owners []int
	for i, img := range e.images {
		for _, caption := range img.captions {
			texts = append(texts, caption)
			owners = append(owners, i)
		}
	}
	if len(texts) == 0 || e.parts.Texts == nil {
		return nil
	}
	place := make(map[sightline.ImageID]int, len(e.images))
	for i, img := range e.images {
		place[img.id] = i
	}
	var first, final []int // ranks
	var pairs []pair
	for from := 0; from < len(texts); from += encodeBatch {
		to := min(from+encodeBatch, len(texts))
		queries, err := e.queries(ctx, texts[from:to])
		if err != nil {
			return err
		}
		for i, q := range queries {
			a, err := e.ask(ctx, q, owners[from+i], place)
			if err != nil {
				return err
			}
			first, final, pairs = append(first, a.first), append(final, a.final), append(pairs, a.pairs...)
		}
		e.options.Progress(Progress{Stage: "captions", Done: to, Total: len(texts)})
	}
	e.report.TextToImage = TextToImage{
		Recall1: recall(final, 1), Recall5: recall(final, 5), Recall10: recall(final, 10),
		Stage1Recall1: recall(first, 1), Stage1Recall5: recall(first, 5), Stage1Recall10: recall(first, 10),
	}
	e.report.Calibration.Text = calibrationError(pairs)
	return nil
}

// answer is where a caption's own image came, and the probabilities of its candidates.
type answer struct {
	first, final int // ranks by the dot product and after re-ranking, 0 the best; missed where it is no candidate
	pairs        []pair
}

// ask finds a caption's candidates and has the decoder rank them.
func (e *evaluation) ask(ctx context.Context, q sightline.TextQuery, owner int, place map[sightline.ImageID]int) (answer, error) {
	near, err := e.parts.Store.Nearest(ctx, q.Vector, Candidates, nil)
	if err != nil {
		return answer{}, err
	}
	candidates := make([]sightline.Features, len(near))
	dots, logits := make([]float64, len(near)), make([]float64, len(near))
	own := -1
	for i, n := range near {
		candidates[i], dots[i] = e.features[place[n.ID]], n.Score
		if place[n.ID] == owner {
			own = i
		}
	}
	scores, err := e.parts.Align.Score(ctx, []sightline.TextQuery{q}, candidates)
	if err != nil {
		return answer{}, err
	}
	var a answer
	for i, s := range scores {
		logits[i] = s[0].Logit
		a.pairs = append(a.pairs, pair{probability: s[0].Probability, positive: i == own})
	}
	a.pairs = counting(a.pairs)
	a.first, a.final = rank(dots, own), rank(logits, own)
	return a, nil
}
