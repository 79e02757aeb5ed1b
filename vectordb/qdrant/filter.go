package qdrant

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	api "github.com/qdrant/go-client/qdrant"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/vectordb"
)

// deepSent is how many levels of a filter are sent. The server reads messages that are nested a hundred deep at most, two
// for each level: what is deeper is asked first and sent as the list of the points that it gave.
const deepSent = 16

// compiler turns a filter into the server's conditions, for one collection at one commit. What the server cannot
// evaluate is evaluated here and becomes a list of points. The conditions mean exactly what sightline.MatchFilter does.
type compiler struct {
	ctx context.Context //nolint:containedctx // lives for one call of a Reader method
	v   *view
	g   string // the generation whose search collection is asked
}

// condition is a compiled filter: true or false for every image, or something that the server decides.
type condition struct {
	known, value bool
	sent         *api.Condition
	height       int // levels of filters inside
}

func always(value bool) condition     { return condition{known: true, value: value} }
func sent(c *api.Condition) condition { return condition{sent: c} }
func anyOf(field string, values []string) condition {
	if len(values) == 0 {
		return always(false)
	}
	return sent(api.NewMatchKeywords(field, values...))
}

// where compiles a filter, with the condition that versions are seen at the view's commit; none says that no image can
// pass.
func (v *view) where(ctx context.Context, g string, f sightline.Filter) (filter *api.Filter, none bool, err error) {
	if err := vectordb.CheckFilter(f); err != nil {
		return nil, false, err
	}
	c, err := compiler{ctx, v, g}.compile(f, false)
	switch {
	case err != nil || c.known && !c.value:
		return nil, true, err
	case c.known:
		return visible(v.commit), false, nil
	default:
		return and(visible(v.commit), must(c.sent)), false, nil
	}
}

// compile moves negation down to the leaves, where it costs no level.
func (c compiler) compile(f sightline.Filter, negated bool) (condition, error) {
	switch f := f.(type) {
	case sightline.And:
		return c.join(f, negated, !negated)
	case sightline.Or:
		return c.join(f, negated, negated)
	case sightline.Not:
		return c.compile(f.Of, !negated)
	default:
		leaf, err := c.leaf(f)
		if err == nil && negated {
			leaf = not(leaf)
		}
		return leaf, err
	}
}

func not(c condition) condition {
	if c.known {
		return always(!c.value)
	}
	return condition{sent: api.NewFilterAsCondition(&api.Filter{MustNot: []*api.Condition{c.sent}}), height: c.height + 1}
}

// join compiles parts that all have to hold, or of which one has to.
func (c compiler) join(parts []sightline.Filter, negated, all bool) (condition, error) {
	var joined []*api.Condition
	height := 0
	for _, part := range parts {
		p, err := c.compile(part, negated)
		switch {
		case err != nil:
			return condition{}, err
		case p.known && p.value != all:
			return p, nil
		case p.known:
			continue
		}
		joined, height = append(joined, p.sent), max(height, p.height)
	}
	switch {
	case len(joined) == 0:
		return always(all), nil
	case len(joined) == 1:
		return condition{sent: joined[0], height: height}, nil
	}
	filter := &api.Filter{Should: joined}
	if all {
		filter = &api.Filter{Must: joined}
	}
	return c.shallow(condition{sent: api.NewFilterAsCondition(filter), height: height + 1})
}

// shallow asks for what is nested too deep to be sent.
func (c compiler) shallow(p condition) (condition, error) {
	if p.height < deepSent {
		return p, nil
	}
	return c.listed(must(p.sent), nil, nil)
}

// listed asks for the points under a filter that also pass a test here, and gives them as a list.
func (c compiler) listed(filter *api.Filter, fields []string, passes func(map[string]*api.Value) bool) (condition, error) {
	var ids []*api.PointId
	err := c.v.s.eachPage(c.ctx, &api.ScrollPoints{
		CollectionName: c.v.s.search(c.g), Filter: and(visible(c.v.commit), filter), WithPayload: include(fields),
	}, func(points []*api.RetrievedPoint) error {
		for _, p := range points {
			if passes == nil || passes(p.GetPayload()) {
				ids = append(ids, p.GetId())
			}
		}
		return nil
	})
	if err != nil || len(ids) == 0 {
		return always(false), err
	}
	return sent(api.NewHasID(ids...)), nil
}

// include selects fields of payloads; none without any.
func include(fields []string) *api.WithPayloadSelector {
	if len(fields) == 0 {
		return api.NewWithPayload(false)
	}
	return api.NewWithPayloadInclude(fields...)
}

func (c compiler) leaf(f sightline.Filter) (condition, error) {
	switch f := f.(type) {
	case nil:
		return always(true), nil
	case sightline.PathGlob:
		return c.pathGlob(f)
	case sightline.NameGlob:
		return c.nameGlob(f)
	case sightline.TakenIn:
		return takenIn(f), nil
	case sightline.CameraHas:
		part := strings.ToLower(string(f))
		return c.values("camera", mostValues, func(camera string) bool { return strings.Contains(strings.ToLower(camera), part) })
	case sightline.SizeIn:
		return sizeIn(f), nil
	case sightline.FormatIs:
		return c.values("format", mostValues, func(format string) bool { return strings.EqualFold(format, string(f)) })
	case sightline.TagOver:
		return c.tagOver(f)
	case sightline.IDIn:
		keys := make([]string, len(f))
		for i, id := range f {
			keys[i] = keyOf(id)
		}
		return anyOf("key", keys), nil
	default:
		return condition{}, sightline.Errorf(sightline.CodeInternal, "a filter of type %T has no condition in Qdrant", f)
	}
}

func takenIn(f sightline.TakenIn) condition {
	from := float64(unknownTime / 2) // whatever is known
	if !f.From.IsZero() {
		from = float64(ceilMicros(f.From))
	}
	within := &api.Range{Gte: &from}
	if !f.To.IsZero() {
		to := float64(ceilMicros(f.To))
		within.Lt = &to
	}
	return sent(api.NewRange("taken", within))
}

// ceilMicros rounds up, because stored times are whole microseconds.
func ceilMicros(t time.Time) int64 {
	return t.Add(time.Microsecond - time.Nanosecond).UnixMicro()
}

func sizeIn(f sightline.SizeIn) condition {
	least := float64(f.MinPixels)
	within := &api.Range{Gte: &least}
	if f.MaxPixels != 0 {
		most := float64(f.MaxPixels)
		within.Lte = &most
	}
	return sent(api.NewRange("pixels", within))
}

// mostValues is how many different cameras or formats are looked through.
const mostValues = 100_000

// facet gives the different values of a field, those of versions that are not seen any more among them. Only the counts
// of hits are inexact, and counting exactly would take five times as long.
func (c compiler) facet(field string, most int) ([]string, error) {
	hits, err := ask(c.ctx, c.v.s.server, readLimit, func(ctx context.Context) ([]*api.FacetHit, error) {
		return c.v.s.server.client.Facet(ctx, &api.FacetCounts{
			CollectionName: c.v.s.search(c.g), Key: field, Limit: new(uint64(most)), Exact: new(false),
		})
	})
	values := make([]string, len(hits))
	for i, hit := range hits {
		values[i] = hit.GetValue().GetStringValue()
	}
	return values, err
}

// values compares the different values of a field here: there are fewer of them than images.
func (c compiler) values(field string, most int, matches func(string) bool) (condition, error) {
	values, err := c.facet(field, most)
	if err != nil {
		return condition{}, err
	}
	if len(values) == most {
		return condition{}, sightline.Errorf(sightline.CodeInvalid, "there are more than %d different %s, too many to be compared with a pattern", most, field).
			WithParam("filter").WithHint("name a folder (path:holiday) instead")
	}
	matching := slices.DeleteFunc(slices.Clone(values), func(value string) bool { return !matches(decodeText(value)) })
	if field != "names" && len(matching) == len(values) {
		return always(true), nil // every image has exactly one
	}
	return anyOf(field, matching), nil
}

// tagOver asks the index for all levels above the one in which the bound lies, and compares the probabilities in that
// one here.
func (c compiler) tagOver(f sightline.TagOver) (condition, error) {
	if f.P < 0 {
		return always(true), nil
	}
	g, err := c.v.features(c.ctx)
	if err != nil || g == "" || math.IsNaN(f.P) || f.P >= 1 {
		return always(false), err
	}
	label, known, err := c.v.s.number(c.ctx, f.Name)
	if err != nil || !known {
		return always(false), err
	}
	level := levelOf(label, f.P)
	from, to := float64(level+1), float64(levelOf(label, 1))
	over := []*api.Condition{api.NewRange("levels", &api.Range{Gte: &from, Lte: &to})}
	border, err := c.v.weigh(c.ctx, g, label, must(api.NewMatchInt("levels", level)), 0)
	if err != nil {
		return condition{}, err
	}
	var ids []*api.PointId
	for _, hit := range border {
		if float64(probabilityOf(hit.GetScore())) > f.P {
			ids = append(ids, hit.GetId())
		}
	}
	if len(ids) > 0 {
		over = append(over, api.NewHasID(ids...))
	}
	if g != c.g {
		return c.elsewhere(g, &api.Filter{Should: over})
	}
	return condition{sent: api.NewFilterAsCondition(&api.Filter{Should: over}), height: 1}, nil
}

// elsewhere carries an answer of one generation into another.
func (c compiler) elsewhere(g string, filter *api.Filter) (condition, error) {
	var keys []string
	err := c.v.s.eachPage(c.ctx, &api.ScrollPoints{
		CollectionName: c.v.s.search(g), Filter: and(visible(c.v.commit), filter), WithPayload: include([]string{"key"}),
	}, func(points []*api.RetrievedPoint) error {
		for _, p := range points {
			keys = append(keys, p.GetPayload()["key"].GetStringValue())
		}
		return nil
	})
	return anyOf("key", keys), err
}
