package qdranttest

import (
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// element is what a condition looks at: a point, or within a nested condition an object in one of its lists.
type element struct {
	point  *point // nil within a nested condition
	fields map[string]*qdrant.Value
}

type condition func(element) bool

// compile reads a filter, or says what is wrong with it. None is always true.
func compile(f *qdrant.Filter) (condition, error) {
	must, err := compileAll(f.GetMust())
	if err != nil {
		return nil, err
	}
	not, err := compileAll(f.GetMustNot())
	if err != nil {
		return nil, err
	}
	should, err := compileAll(f.GetShould())
	if err != nil {
		return nil, err
	}
	some, err := compileAll(f.GetMinShould().GetConditions())
	if err != nil {
		return nil, err
	}
	enough := int(f.GetMinShould().GetMinCount())
	return func(e element) bool {
		return holding(must, e, len(must)) == len(must) && holding(not, e, 1) == 0 &&
			(len(should) == 0 || holding(should, e, 1) == 1) && holding(some, e, enough) == enough
	}, nil
}

// holding counts the conditions that hold, up to a number.
func holding(list []condition, e element, enough int) int {
	n := 0
	for _, c := range list {
		if n == enough {
			break
		}
		if c(e) {
			n++
		}
	}
	return n
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
		return func(e element) bool { return e.point != nil && known[e.point.id] }, err
	case *qdrant.Condition_IsEmpty:
		path, err := parseKey(c.IsEmpty.GetKey())
		return func(e element) bool { return empty(values(e.fields, path)) }, err
	case *qdrant.Condition_IsNull:
		path, err := parseKey(c.IsNull.GetKey())
		return func(e element) bool { return slices.ContainsFunc(values(e.fields, path), isNull) }, err
	case *qdrant.Condition_Nested:
		return compileNested(c.Nested)
	case nil:
		return nil, invalid("Malformed Condition type")
	}
	return nil, unimplemented("this condition: " + c.String())
}

// empty says that there is nothing under a key but null and empty lists.
func empty(list []*qdrant.Value) bool {
	return !slices.ContainsFunc(list, func(v *qdrant.Value) bool {
		l, isList := v.GetKind().(*qdrant.Value_ListValue)
		return !isNull(v) && !(isList && len(l.ListValue.GetValues()) == 0)
	})
}

// compileNested is a condition on the objects of a list: one of them is under the whole filter.
func compileNested(c *qdrant.NestedCondition) (condition, error) {
	path, err := parseKey(c.GetKey())
	if err != nil {
		return nil, err
	}
	path[len(path)-1].each = true
	under, err := compile(c.GetFilter())
	return func(e element) bool {
		return slices.ContainsFunc(values(e.fields, path), func(v *qdrant.Value) bool {
			return v.GetStructValue() != nil && under(element{fields: v.GetStructValue().GetFields()})
		})
	}, err
}
