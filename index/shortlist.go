package index

import (
	"context"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/query"
	"github.com/sightline-search/sightline/vectordb"
)

// byNameLimit bounds the candidates that a text finds by file name and camera: a folder named after the text would
// otherwise push the decoder through everything in it.
const byNameLimit = 50

// shortlist is what is scored: the images that can match, and the stored probabilities of the labels asked for.
type shortlist struct {
	ids    []sightline.ImageID
	known  map[sightline.ImageID]bool // of ids
	labels map[string]map[sightline.ImageID]float64

	// near are the nearest of the last free text, nearest first, with their cosines: where that is all there is in the
	// query, they are the first of ids.
	near []vectordb.Scored
}

func (l *shortlist) add(id sightline.ImageID) {
	if !l.known[id] {
		l.known[id] = true
		l.ids = append(l.ids, id)
	}
}

// shortlist finds the images that can match:
//   - those that match although none of the terms holds (NOT dog; dog OR path:x/*), all of them;
//   - for a label, without free text in the query, all images that have it; with free text the likeliest N;
//   - for a free text, the N nearest global vectors among the images that have the labels which the query demands, and
//     the images named like it.
//
// N is Request.Candidates. A negated term proposes nothing. Exhaustive, it is every image under the filter.
func (s *search) shortlist(ctx context.Context, p *plan, texts []sightline.TextQuery) (*shortlist, error) {
	l := &shortlist{known: map[sightline.ImageID]bool{}, labels: map[string]map[sightline.ImageID]float64{}}
	if err := s.labelLists(ctx, p, l); err != nil {
		return nil, err
	}
	var regardless sightline.Filter
	if p.rest != nil && !s.request.Exhaustive {
		regardless = query.Regardless(p.rest)
	}
	if !query.Never(regardless) {
		ids, err := s.x.store.IDs(ctx, both(p.filter, regardless))
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			l.add(id)
		}
	}
	if regardless == nil {
		return l, nil // that was everything
	}
	for _, t := range p.terms {
		if t.label == "" && t.Positive {
			if err := s.nearest(ctx, p, l, t.Term.Text, texts[t.text]); err != nil {
				return nil, err
			}
		}
	}
	return l, nil
}

// labelLists reads the stored probabilities of every label that the query asks about, in terms and in facts, and
// shortlists the images of the positive ones.
func (s *search) labelLists(ctx context.Context, p *plan, l *shortlist) error {
	for _, t := range p.terms {
		if t.label == "" {
			continue
		}
		best, err := s.labelList(ctx, p, l, t.label)
		if err != nil {
			return err
		}
		if !t.Positive || s.request.Exhaustive {
			continue
		}
		if len(p.texts) > 0 {
			best = best[:min(len(best), s.request.Candidates)]
		}
		for _, b := range best {
			l.add(b.ID)
		}
	}
	for _, name := range tagsInAll(p.facts) {
		if _, err := s.labelList(ctx, p, l, name); err != nil {
			return err
		}
	}
	return nil
}

func (s *search) labelList(ctx context.Context, p *plan, l *shortlist, label string) ([]vectordb.Scored, error) {
	best, err := s.x.store.ByTag(ctx, label, 0, p.filter)
	if err != nil {
		return nil, err
	}
	list := make(map[sightline.ImageID]float64, len(best))
	for _, b := range best {
		list[b.ID] = b.Score
	}
	l.labels[label] = list
	return best, nil
}

// nearest shortlists the images for one free text.
func (s *search) nearest(ctx context.Context, p *plan, l *shortlist, text string, q sightline.TextQuery) error {
	near, err := s.x.store.Nearest(ctx, q.Vector, s.request.Candidates, p.near)
	if err != nil {
		return err
	}
	l.near = near
	for _, n := range near {
		l.add(n.ID)
	}
	named, err := s.x.store.ByText(ctx, text, byNameLimit, p.near)
	if err != nil {
		return err
	}
	for _, id := range named {
		l.add(id)
	}
	return nil
}
