package evaluate

import (
	"context"
	"maps"
	"slices"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/align"
)

// MinPositives is how many images must have a tag for its average precision to count.
const MinPositives = 3

// tagColumn is one tag over all tagged images.
type tagColumn struct {
	name   string
	label  int       // its place in the label set; -1 for an open-set tag
	dots   []float64 // nil without a text encoder
	scores []align.Score
	truth  []bool
}

// measureTags scores every tag of the universe on every tagged image: a label by the label scorer, all of whose
// probabilities count here, also those too small to be stored; another tag as free text.
func (e *evaluation) measureTags(ctx context.Context) error {
	var images []int
	for i, img := range e.images {
		if img.tagged {
			images = append(images, i)
		}
	}
	tags := e.universe(images)
	if len(tags) == 0 {
		return nil
	}
	columns := e.columns(tags, images)
	features := make([]sightline.Features, len(images))
	for i, n := range images {
		features[i] = e.features[n]
	}
	if err := e.scoreLabels(ctx, columns, features); err != nil {
		return err
	}
	if err := e.scoreTexts(ctx, columns, features); err != nil {
		return err
	}
	e.report.Tagging = e.tagging(columns)
	var pairs []pair
	for _, c := range columns {
		var own []pair
		for i, s := range c.scores {
			own = append(own, pair{probability: s.Probability, positive: c.truth[i]})
		}
		pairs = append(pairs, counting(own)...)
	}
	e.report.Calibration.Tags = calibrationError(pairs)
	return nil
}

// universe gives the tags to score, sorted.
func (e *evaluation) universe(images []int) []string {
	all := map[string]bool{}
	for _, tag := range e.options.Tags {
		all[normal(tag)] = true
	}
	if e.options.Tags == nil {
		for _, i := range images {
			maps.Copy(all, e.images[i].tags)
		}
	} else if !slices.ContainsFunc(images, func(i int) bool { return len(e.images[i].tags) > 0 }) {
		return nil // the dataset has no tags
	}
	return slices.Sorted(maps.Keys(all))
}

func (e *evaluation) columns(tags []string, images []int) []*tagColumn {
	place := map[string]int{}
	for i, label := range e.parts.Bundle.Labels {
		place[label.Name] = i
	}
	columns := make([]*tagColumn, len(tags))
	for t, tag := range tags {
		c := &tagColumn{name: tag, label: -1, truth: make([]bool, len(images))}
		if label, ok := e.parts.Bundle.Label(tag); ok {
			c.label = place[label.Name]
		}
		for i, n := range images {
			c.truth[i] = e.images[n].tags[tag]
		}
		columns[t] = c
	}
	return columns
}

// scoreLabels fills the columns of labels.
func (e *evaluation) scoreLabels(ctx context.Context, columns []*tagColumn, features []sightline.Features) error {
	if !slices.ContainsFunc(columns, func(c *tagColumn) bool { return c.label >= 0 }) {
		return nil
	}
	done := 0
	for batch := range slices.Chunk(features, encodeBatch) {
		scores, err := e.parts.Align.Labels(ctx, batch)
		if err != nil {
			return err
		}
		for _, c := range columns {
			if c.label < 0 {
				continue
			}
			for _, row := range scores {
				c.scores = append(c.scores, row[c.label])
			}
		}
		done += len(batch)
		e.options.Progress(Progress{Stage: "tags", Done: done, Total: len(features)})
	}
	return nil
}

// scoreTexts fills the dot products of all columns, and the scores of those that are not labels.
func (e *evaluation) scoreTexts(ctx context.Context, columns []*tagColumn, features []sightline.Features) error {
	if e.parts.Texts == nil {
		return nil
	}
	for batch := range slices.Chunk(columns, encodeBatch) {
		names := make([]string, len(batch))
		for i, c := range batch {
			names[i] = c.name
		}
		queries, err := e.queries(ctx, names)
		if err != nil {
			return err
		}
		var open []*tagColumn
		var asked []sightline.TextQuery
		for i, c := range batch {
			c.dots = dots(queries[i].Vector, features)
			if c.label < 0 {
				open, asked = append(open, c), append(asked, queries[i])
			}
		}
		scores, err := e.parts.Align.Score(ctx, asked, features)
		if err != nil {
			return err
		}
		for _, row := range scores {
			for i, c := range open {
				c.scores = append(c.scores, row[i])
			}
		}
	}
	return nil
}

func dots(vector []float32, features []sightline.Features) []float64 {
	out := make([]float64, len(features))
	for i, f := range features {
		for k, v := range vector {
			out[i] += float64(v) * float64(f.Global[k])
		}
	}
	return out
}

// tagging averages over the tags that count.
func (e *evaluation) tagging(columns []*tagColumn) Tagging {
	t := Tagging{Unscored: []string{}}
	var precisions, global []float64
	for _, c := range columns {
		if c.scores == nil {
			t.Unscored = append(t.Unscored, c.name)
			continue
		}
		if count(c.truth) < MinPositives {
			continue
		}
		logits := make([]float64, len(c.scores))
		for i, s := range c.scores {
			logits[i] = s.Logit
		}
		precisions = append(precisions, averagePrecision(logits, c.truth))
		if c.dots != nil {
			global = append(global, averagePrecision(c.dots, c.truth))
		}
		if c.label < 0 {
			t.OpenTags++
		}
	}
	t.Tags, t.MAP, t.MAPGlobalOnly = len(precisions), mean(precisions), mean(global)
	return t
}
