package index

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/sightline-search/sightline"
)

// page cuts and sorts what was scored, and makes the part that was asked for ready to show.
func (s *search) page(ctx context.Context, ranked []scored) (*Result, error) {
	offset, err := s.offset()
	if err != nil {
		return nil, err
	}
	cut := s.least()
	slices.SortFunc(ranked, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.probability, a.probability), cmp.Compare(a.id, b.id))
	})
	matched := ranked
	if n := slices.IndexFunc(ranked, func(r scored) bool { return r.probability < cut }); n >= 0 {
		matched = ranked[:n]
	}
	result := &Result{
		Query: s.request.Query, Matched: len(matched) > 0, Matches: len(matched), MinProbability: cut, Results: []Hit{},
	}
	if len(matched) == 0 && len(ranked) > 0 {
		result.NearestRejected, err = s.rejected(ctx, ranked[0])
		return result, err
	}
	if s.request.Sort != Relevance {
		if err := s.sortByDate(ctx, matched); err != nil {
			return nil, err
		}
	}
	from := min(offset, len(matched))
	to := min(from+s.request.Limit, len(matched))
	if to < len(matched) {
		next := s.cursor(to)
		result.NextCursor = &next
	}
	result.Results, err = s.hits(ctx, matched[from:to])
	return result, err
}

// least is the probability from which on an image is in the answer.
func (s *search) least() float64 {
	if s.request.MinProbability != nil {
		return *s.request.MinProbability
	}
	return s.cut
}

func (s *search) rejected(ctx context.Context, best scored) (*Rejected, error) {
	img, err := s.x.store.Get(ctx, []sightline.ImageID{best.id})
	if err != nil || len(img) == 0 {
		return nil, err
	}
	return &Rejected{ID: best.id, Path: img[0].Path(), Probability: best.probability}, nil
}

// sortByDate sorts by date; images of one moment stay sorted by relevance.
func (s *search) sortByDate(ctx context.Context, matched []scored) error {
	dates := make(map[sightline.ImageID]time.Time, len(matched))
	for chunk := range slices.Chunk(matched, scoreBatch) {
		ids := make([]sightline.ImageID, len(chunk))
		for i, m := range chunk {
			ids[i] = m.id
		}
		images, err := s.x.store.Get(ctx, ids)
		if err != nil {
			return err
		}
		for _, img := range images {
			dates[img.ID] = date(img)
		}
	}
	slices.SortStableFunc(matched, func(a, b scored) int {
		if s.request.Sort == Newest {
			a, b = b, a
		}
		return dates[a.id].Compare(dates[b.id])
	})
	return nil
}

func date(img *sightline.Image) time.Time {
	if img.TakenAt.IsZero() {
		return img.IndexedAt
	}
	return img.TakenAt
}

// hitTags is how many tags a hit carries: those that a person looks at. Get gives all of an image.
const hitTags = 10

// hits makes results of scored images; one that was deleted meanwhile is left out.
func (s *search) hits(ctx context.Context, page []scored) ([]Hit, error) {
	ids := make([]sightline.ImageID, len(page))
	for i, m := range page {
		ids[i] = m.id
	}
	images, err := s.x.imagesByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	tags, err := s.x.store.Tags(ctx, ids)
	if err != nil {
		return nil, err
	}
	hits := make([]Hit, 0, len(page))
	for _, m := range page {
		img := images[m.id]
		if img == nil {
			continue
		}
		shown := s.words.shown(tags[m.id])
		hit := Hit{
			ID: m.id, Path: img.Path(), Probability: m.probability, Terms: []TermScore{},
			Tags: shown[:min(len(shown), hitTags)], Width: img.Width, Height: img.Height,
		}
		for i, t := range s.terms {
			hit.Terms = append(hit.Terms, TermScore{Text: t.Term.Text, Probability: m.terms[i].Probability})
		}
		if !img.TakenAt.IsZero() {
			hit.TakenAt = &img.TakenAt
		}
		hits = append(hits, hit)
	}
	return hits, nil
}
