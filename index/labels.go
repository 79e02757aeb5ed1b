package index

import (
	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/query"
)

// nameLabels replaces the labels and tags in an expression's facts, which may be aliases or written in another case, by
// the names under which probabilities are stored.
func (v vocabulary) nameLabels(e query.Expr) (query.Expr, error) {
	switch e := e.(type) {
	case query.Fact:
		f, err := v.nameFilterLabels(e.Filter, "query")
		return query.Fact{Source: e.Source, Filter: f}, err
	case query.Negation:
		of, err := v.nameLabels(e.Of)
		return query.Negation{Of: of}, err
	case query.All:
		parts, err := each(e.Parts, v.nameLabels)
		return query.All{Parts: parts}, err
	case query.Any:
		parts, err := each(e.Parts, v.nameLabels)
		return query.Any{Parts: parts}, err
	}
	return e, nil
}

// nameFilterLabels is nameLabels for a filter; param is the field that errors are about.
func (v vocabulary) nameFilterLabels(f sightline.Filter, param string) (sightline.Filter, error) {
	inner := func(g sightline.Filter) (sightline.Filter, error) { return v.nameFilterLabels(g, param) }
	switch f := f.(type) {
	case sightline.TagOver:
		name, ok := v.stored(f.Name)
		if !ok {
			return nil, noLabel(param, f.Name)
		}
		return sightline.TagOver{Name: name, P: f.P}, nil
	case sightline.Not:
		of, err := v.nameFilterLabels(f.Of, param)
		return sightline.Not{Of: of}, err
	case sightline.And:
		parts, err := each(f, inner)
		return sightline.And(parts), err
	case sightline.Or:
		parts, err := each(f, inner)
		return sightline.Or(parts), err
	}
	return f, nil
}

// tagsIn lists the labels that a filter asks about.
func tagsIn(f sightline.Filter) []string {
	switch f := f.(type) {
	case sightline.TagOver:
		return []string{f.Name}
	case sightline.Not:
		return tagsIn(f.Of)
	case sightline.And:
		return tagsInAll(f)
	case sightline.Or:
		return tagsInAll(f)
	}
	return nil
}

func tagsInAll(filters []sightline.Filter) []string {
	var names []string
	for _, f := range filters {
		names = append(names, tagsIn(f)...)
	}
	return names
}

// each applies f to every part and stops at the first error.
func each[T any](parts []T, f func(T) (T, error)) ([]T, error) {
	out := make([]T, len(parts))
	for i, p := range parts {
		var err error
		if out[i], err = f(p); err != nil {
			return nil, err
		}
	}
	return out, nil
}
