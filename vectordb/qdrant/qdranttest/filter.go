package qdranttest

import (
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// condition says whether it holds for a point.
type condition func(*point) bool

// compile reads a filter, or says what is wrong with it. None is always true.
func compile(f *qdrant.Filter) (condition, error) {
	must, err := compileAll(f.GetMust())
	if err != nil {
		return nil, err
	}
	should, err := compileAll(f.GetShould())
	if err != nil {
		return nil, err
	}
	mustNot, err := compileAll(f.GetMustNot())
	if err != nil {
		return nil, err
	}
	return func(p *point) bool {
		holds := func(c condition) bool { return c(p) }
		fails := func(c condition) bool { return !c(p) }
		return !slices.ContainsFunc(must, fails) && !slices.ContainsFunc(mustNot, holds) &&
			(len(should) == 0 || slices.ContainsFunc(should, holds))
	}, nil
}

func compileAll(list []*qdrant.Condition) ([]condition, error) {
	out := make([]condition, len(list))
	for i, c := range list {
		var err error
		if out[i], err = compileOne(c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func compileOne(c *qdrant.Condition) (condition, error) {
	switch c := c.GetConditionOneOf().(type) {
	case *qdrant.Condition_Field:
		return compileField(c.Field)
	case *qdrant.Condition_Filter:
		return compile(c.Filter)
	case *qdrant.Condition_HasId:
		ids, err := parseIDs(c.HasId.GetHasId())
		known := make(map[pointID]bool, len(ids))
		for _, id := range ids {
			known[id] = true
		}
		return func(p *point) bool { return known[p.id] }, err
	case *qdrant.Condition_HasVector:
		return func(p *point) bool { return p.vectors[c.HasVector.GetHasVector()] != nil }, nil
	}
	return nil, unimplemented("a condition without content") // a server passes over it
}

// compileField is a condition on the values of a field: one of them fits.
func compileField(c *qdrant.FieldCondition) (condition, error) {
	if err := plain(c.GetKey()); err != nil {
		return nil, err
	}
	var fits func(*qdrant.Value) bool
	switch m := c.GetMatch().GetMatchValue().(type) {
	case *qdrant.Match_Keyword:
		fits = text(func(s string) bool { return s == m.Keyword })
	case *qdrant.Match_Keywords:
		fits = text(func(s string) bool { return slices.Contains(m.Keywords.GetStrings(), s) })
	case *qdrant.Match_Integer:
		fits = integer(func(n int64) bool { return n == m.Integer })
	case *qdrant.Match_Integers:
		fits = integer(func(n int64) bool { return slices.Contains(m.Integers.GetIntegers(), n) })
	default:
		if c.GetRange() == nil {
			return nil, invalid("Validation error in body: [match: At least one field condition must be specified]")
		}
		fits = integer(func(n int64) bool { return inRange(c.GetRange(), n) })
	}
	return func(p *point) bool { return slices.ContainsFunc(values(p.payload, c.GetKey()), fits) }, nil
}

func text(fits func(string) bool) func(*qdrant.Value) bool {
	return func(v *qdrant.Value) bool {
		s, ok := v.GetKind().(*qdrant.Value_StringValue)
		return ok && fits(s.StringValue)
	}
}

func integer(fits func(int64) bool) func(*qdrant.Value) bool {
	return func(v *qdrant.Value) bool {
		n, ok := v.GetKind().(*qdrant.Value_IntegerValue)
		return ok && fits(n.IntegerValue)
	}
}

// inRange compares as an integer index does: bounds arrive as doubles and are made integers.
func inRange(r *qdrant.Range, n int64) bool {
	return (r.Lt == nil || n < int64(*r.Lt)) && (r.Lte == nil || n <= int64(*r.Lte)) &&
		(r.Gt == nil || n > int64(*r.Gt)) && (r.Gte == nil || n >= int64(*r.Gte))
}
