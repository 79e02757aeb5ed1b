package index

import (
	"context"
	"strings"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/descriptions"
	"github.com/sightline-search/sightline/query"
	"github.com/sightline-search/sightline/vectordb"
)

// vocabulary is the tags that a term can name: the user's own, and the labels of the model. A user's tag goes before a
// label of its name, which only a later model can have: AddTag refuses names of labels.
type vocabulary struct {
	x   *Index
	own map[string]vectordb.UserTag // by folded name
}

// vocabulary reads the user's tags, which may have changed since the last request.
func (x *Index) vocabulary(ctx context.Context) (vocabulary, error) {
	v := vocabulary{x: x, own: map[string]vectordb.UserTag{}}
	if x.store == nil {
		return v, nil // an Index that only tags images
	}
	tags, err := x.store.UserTags(ctx)
	for _, tag := range tags {
		v.own[descriptions.Fold(tag.Name)] = tag
	}
	return v, err
}

// stored gives the name under which the probabilities of what a text names are stored; false when it names no tag. "a dog"
// names what "dog" names.
func (v vocabulary) stored(text string) (name string, ok bool) {
	if name, ok := v.named(text); ok {
		return name, true
	}
	for _, article := range []string{"a ", "an ", "the "} {
		if len(text) > len(article) && strings.EqualFold(text[:len(article)], article) {
			return v.named(strings.TrimSpace(text[len(article):]))
		}
	}
	return "", false
}

func (v vocabulary) named(text string) (name string, ok bool) {
	if tag, ok := v.own[descriptions.Fold(text)]; ok {
		return tag.Name, true
	}
	label, ok := v.x.bundle.Label(text)
	return label.Name, ok
}

// threshold gives the threshold of a stored name; false when it is neither a tag nor a label any more.
func (v vocabulary) threshold(name string) (threshold float64, ok bool) {
	if tag, ok := v.own[descriptions.Fold(name)]; ok {
		return v.x.tagThreshold(tag), true
	}
	threshold, ok = v.x.thresholds[name]
	return threshold, ok
}

// cut is the default cut of a query. One that names a tag of the user's and nothing else that has a probability matches the
// images that carry the tag; one that is a sentence has the model's cut for sentences.
func (v vocabulary) cut(p *plan) float64 {
	c := v.x.bundle.Calibration
	if len(p.terms) != 1 || !p.terms[0].Positive {
		return c.MatchThreshold
	}
	term := p.terms[0]
	if tag, ok := v.own[descriptions.Fold(term.label)]; ok {
		return v.x.tagThreshold(tag)
	}
	if s := c.Sentence; s != nil && term.label == "" && len(strings.Fields(term.Term.Text)) >= s.Words {
		return s.MatchThreshold
	}
	return c.MatchThreshold
}

// tagThreshold is the threshold of a user's tag, or the model's where the user has given none.
func (x *Index) tagThreshold(tag vectordb.UserTag) float64 {
	if tag.Threshold != nil {
		return *tag.Threshold
	}
	return x.bundle.MatchThreshold
}

// shown are the stored tags over their thresholds, in the given order.
func (v vocabulary) shown(tags []sightline.Tag) []TagScore {
	shown := []TagScore{}
	for _, t := range tags {
		if threshold, known := v.threshold(t.Name); known && t.Probability > threshold {
			shown = append(shown, TagScore(t))
		}
	}
	return shown
}

// filter reads a filter expression; "" is none.
func (v vocabulary) filter(s string) (sightline.Filter, error) {
	if s == "" {
		return nil, nil
	}
	f, err := query.ParseFilter(s)
	if err != nil {
		return nil, err
	}
	return v.nameFilterLabels(f, "filter")
}

func noLabel(param, name string) error {
	return invalid(param, "there is no label and no tag %q; without tag: it is searched as free text", name)
}
