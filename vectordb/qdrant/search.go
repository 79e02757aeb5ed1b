package qdrant

import (
	"cmp"
	"context"
	"slices"
	"strings"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// Up to exactImages images are scanned exactly. Beyond, the graph proposes and the original vectors decide: see
// docs/qdrant.md for what that finds. More than asked for is fetched, so that ties at the end are known.
const (
	exactImages  = 20_000
	leastEF      = 512
	oversampling = 2.0
	tieRoom      = 16
	mostTies     = 1 << 16
)

// Nearest asks for the nearest global vectors. It is exact up to exactImages images and approximate beyond.
func (s *Store) Nearest(ctx context.Context, vector []float32, k int, filter sightline.Filter) (best []vectordb.Scored, err error) {
	err = s.read(ctx, "search", func(v *view) error {
		best, err = v.nearest(ctx, vector, k, filter)
		return err
	})
	return best, err
}

func (v *view) nearest(ctx context.Context, vector []float32, k int, filter sightline.Filter) ([]vectordb.Scored, error) {
	g, err := v.features(ctx)
	if err != nil {
		return nil, err
	}
	if v.images == 0 || k <= 0 {
		return nil, nil
	}
	dim, err := v.s.dim(ctx, g)
	if err != nil || dim == 0 {
		return nil, err
	}
	if len(vector) != dim {
		return nil, sightline.Errorf(sightline.CodeIndexMismatch, "the query vector has %d numbers, the index holds vectors of %d", len(vector), dim)
	}
	where, none, err := v.where(ctx, g, filter)
	if err != nil || none {
		return nil, err
	}
	request := &api.QueryPoints{
		CollectionName: v.s.search(g), Query: api.NewQueryDense(vector), Using: new(globalVector), Filter: where,
		WithPayload: include(nil),
	}
	exact := v.images <= exactImages
	hits, err := v.best(ctx, request, k, exact)
	if err == nil && !exact && len(hits) < k {
		hits, err = v.best(ctx, request, k, true) // the graph may miss some under a filter that lets few pass
	}
	if err != nil {
		return nil, err
	}
	return v.scored(ctx, g, hits, k, func(score float32) float64 { return float64(score) })
}

// best asks for the k best, and for more while the last of them ties with what may follow.
func (v *view) best(ctx context.Context, request *api.QueryPoints, k int, exact bool) ([]*api.ScoredPoint, error) {
	all := int(v.images) + tieRoom
	k = min(k, all)
	for limit := min(k+tieRoom, all); ; limit = min(2*limit, all) {
		request.Limit = new(uint64(limit))
		request.Params = searchParams(limit, exact)
		hits, err := ask(ctx, v.s.server, readLimit, func(ctx context.Context) ([]*api.ScoredPoint, error) {
			return v.s.server.client.Query(ctx, request)
		})
		if err != nil || len(hits) < limit || limit == all || limit > k+mostTies || hits[limit-1].GetScore() != hits[k-1].GetScore() {
			return hits, err
		}
	}
}

func searchParams(limit int, exact bool) *api.SearchParams {
	if exact {
		return &api.SearchParams{Exact: new(true)}
	}
	return &api.SearchParams{
		HnswEf:       new(uint64(max(leastEF, limit))),
		Quantization: &api.QuantizationSearchParams{Rescore: new(true), Oversampling: new(oversampling)},
	}
}

// scored orders hits, ties by id, and cuts them.
func (v *view) scored(ctx context.Context, g string, hits []*api.ScoredPoint, k int, value func(float32) float64) ([]vectordb.Scored, error) {
	points := make([]string, len(hits))
	for i, hit := range hits {
		points[i] = hit.GetId().GetUuid()
	}
	places, err := v.s.places(ctx, g, points, false)
	if err != nil {
		return nil, err
	}
	best := make([]vectordb.Scored, 0, len(hits))
	for i, hit := range hits {
		if place, there := places[points[i]]; there { // it is swept away only where the whole read begins anew
			best = append(best, vectordb.Scored{ID: place.id, Score: value(hit.GetScore())})
		}
	}
	slices.SortFunc(best, func(a, b vectordb.Scored) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	return best[:min(k, len(best))], nil
}

// ByTag asks the sparse vectors; it is exact.
func (s *Store) ByTag(ctx context.Context, name string, k int, filter sightline.Filter) (best []vectordb.Scored, err error) {
	err = s.read(ctx, "search by tag", func(v *view) error {
		best, err = v.byTag(ctx, name, k, filter)
		return err
	})
	return best, err
}

func (v *view) byTag(ctx context.Context, name string, k int, filter sightline.Filter) ([]vectordb.Scored, error) {
	g, err := v.features(ctx)
	if err != nil {
		return nil, err
	}
	if v.images == 0 {
		return nil, nil
	}
	dim, err := v.s.dim(ctx, g)
	if err != nil || dim == 0 {
		return nil, err
	}
	label, known, err := v.s.number(ctx, name)
	if err != nil || !known {
		return nil, err
	}
	where, none, err := v.where(ctx, g, filter)
	if err != nil || none {
		return nil, err
	}
	hits, err := v.weigh(ctx, g, label, where, k)
	if k <= 0 {
		k = len(hits)
	}
	if err != nil {
		return nil, err
	}
	return v.scored(ctx, g, hits, k, func(score float32) float64 { return float64(probabilityOf(score)) })
}

// weigh gives the stored probabilities of a label under a filter, the k largest or, for k <= 0, all.
func (v *view) weigh(ctx context.Context, g string, label uint32, where *api.Filter, k int) ([]*api.ScoredPoint, error) {
	if k <= 0 {
		from, to := float64(levelOf(label, 0)), float64(levelOf(label, 1))
		n, err := v.s.count(ctx, v.s.search(g), and(where, must(api.NewRange("levels", &api.Range{Gte: &from, Lte: &to}))))
		if err != nil || n == 0 {
			return nil, err
		}
		k = n
	}
	return v.best(ctx, &api.QueryPoints{
		CollectionName: v.s.search(g), Query: api.NewQuerySparse([]uint32{label}, []float32{1}), Using: new(tagVector),
		Filter: where, WithPayload: include(nil),
	}, k, true)
}

// ByText asks the index of words: images that have all of them as they are come first, then those in which they are
// beginnings.
func (s *Store) ByText(ctx context.Context, text string, k int, filter sightline.Filter) (ids []sightline.ImageID, err error) {
	words := vectordb.Words(text)
	if len(words) == 0 || k <= 0 {
		return nil, ctx.Err()
	}
	err = s.read(ctx, "search by text", func(v *view) error {
		ids, err = v.byText(ctx, words, k, filter)
		return err
	})
	return ids, err
}

func (v *view) byText(ctx context.Context, words []string, k int, filter sightline.Filter) ([]sightline.ImageID, error) {
	where, none, err := v.facts(ctx, filter)
	if err != nil || none {
		return nil, err
	}
	whole, begun := &api.Filter{}, &api.Filter{}
	for _, word := range words {
		whole.Must = append(whole.Must, api.NewMatchKeyword("words", word+wholeWord))
		begun.Must = append(begun.Must, api.NewMatchKeyword("words", beginning(word)))
	}
	ids, err := v.withWords(ctx, and(where, whole), nil, k)
	if err != nil || len(ids) == k {
		return ids, err
	}
	begun.MustNot = []*api.Condition{api.NewFilterAsCondition(whole)}
	more, err := v.withWords(ctx, and(where, begun), words, k-len(ids))
	return append(ids, more...), err
}

// beginning is what the index knows of a word.
func beginning(word string) string {
	letters := []rune(word)
	return string(letters[:min(len(letters), longestBeginning)])
}

// withWords gives images under a filter in which all words begin.
func (v *view) withWords(ctx context.Context, where *api.Filter, words []string, k int) (ids []sightline.ImageID, err error) {
	err = v.s.eachPage(ctx, &api.ScrollPoints{
		CollectionName: v.s.search(v.serving), Filter: where, WithPayload: include(imageFields), Limit: new(uint32(min(k, pageSize))),
	}, func(points []*api.RetrievedPoint) error {
		for _, p := range points {
			img, err := imageOf(p.GetPayload())
			if err != nil {
				return err
			}
			if len(ids) < k && begin(words, img) {
				ids = append(ids, img.ID)
			}
		}
		if len(ids) == k {
			return errEnough
		}
		return nil
	})
	return ids, enough(err)
}

// begin compares what is longer than the index knows.
func begin(words []string, img *sightline.Image) bool {
	known := beginnings(nil, img.Camera)
	for _, f := range img.Files {
		known = beginnings(known, f.Path[strings.LastIndexByte(f.Path, '/')+1:])
	}
	for _, word := range words {
		if !slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, word) }) {
			return false
		}
	}
	return true
}
