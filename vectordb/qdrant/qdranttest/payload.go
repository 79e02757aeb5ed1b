package qdranttest

import (
	"maps"
	"slices"
	"strings"

	"github.com/qdrant/go-client/qdrant"
)

// step is one part of a payload key: a field, and whether each element of the list in it is meant ("files[].path").
type step struct {
	field string
	each  bool
}

func parseKey(key string) ([]step, error) {
	var steps []step
	for part := range strings.SplitSeq(key, ".") {
		field, each := strings.CutSuffix(part, "[]")
		if field == "" {
			return nil, invalid("Invalid json path: '%s'", key)
		}
		if strings.ContainsAny(field, `"[]`) {
			return nil, unimplemented("the payload key " + key)
		}
		steps = append(steps, step{field, each})
	}
	return steps, nil
}

// values gives what lies under a key: none, one, or one an element.
func values(payload map[string]*qdrant.Value, path []step) []*qdrant.Value {
	v, ok := payload[path[0].field]
	if !ok {
		return nil
	}
	at := []*qdrant.Value{v}
	if path[0].each {
		at = v.GetListValue().GetValues()
	}
	if len(path) == 1 {
		return at
	}
	var found []*qdrant.Value
	for _, v := range at {
		found = append(found, values(v.GetStructValue().GetFields(), path[1:])...)
	}
	return found
}

// flat gives the elements of lists under a key and everything else as it is: what indexes hold.
func flat(list []*qdrant.Value) []*qdrant.Value {
	var out []*qdrant.Value
	for _, v := range list {
		if l, ok := v.GetKind().(*qdrant.Value_ListValue); ok {
			out = append(out, l.ListValue.GetValues()...)
		} else {
			out = append(out, v)
		}
	}
	return out
}

func isNull(v *qdrant.Value) bool {
	switch v.GetKind().(type) {
	case nil, *qdrant.Value_NullValue:
		return true
	}
	return false
}

// merged gives the payload with others' fields set. A field that is set to null is taken off.
func merged(payload, with map[string]*qdrant.Value) map[string]*qdrant.Value {
	out := maps.Clone(payload)
	if out == nil {
		out = map[string]*qdrant.Value{}
	}
	for field, v := range with {
		if isNull(v) {
			delete(out, field)
		} else {
			out[field] = v
		}
	}
	return out
}

// without gives the payload without some top-level fields.
func without(payload map[string]*qdrant.Value, fields []string) (map[string]*qdrant.Value, error) {
	out := maps.Clone(payload)
	for _, field := range fields {
		if strings.ContainsAny(field, `."[]`) {
			return nil, unimplemented("deleting the payload key " + field)
		}
		delete(out, field)
	}
	return out, nil
}

// selected gives the part of the payload that an answer carries.
func selected(payload map[string]*qdrant.Value, s *qdrant.WithPayloadSelector) (map[string]*qdrant.Value, error) {
	switch s := s.GetSelectorOptions().(type) {
	case *qdrant.WithPayloadSelector_Enable:
		if s.Enable {
			return payload, nil
		}
	case *qdrant.WithPayloadSelector_Include:
		return only(payload, s.Include.GetFields(), true)
	case *qdrant.WithPayloadSelector_Exclude:
		return only(payload, s.Exclude.GetFields(), false)
	}
	return nil, nil
}

func only(payload map[string]*qdrant.Value, fields []string, listed bool) (map[string]*qdrant.Value, error) {
	out := map[string]*qdrant.Value{}
	for _, field := range fields {
		if strings.ContainsAny(field, `."[]`) {
			return nil, unimplemented("selecting the payload key " + field)
		}
	}
	for field, v := range payload {
		if slices.Contains(fields, field) == listed {
			out[field] = v
		}
	}
	return out, nil
}
