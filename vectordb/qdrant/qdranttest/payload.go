package qdranttest

import (
	"maps"
	"slices"
	"strings"

	"github.com/qdrant/go-client/qdrant"
)

// plain refuses payload keys that lead into objects and lists: keys are names of fields here.
func plain(keys ...string) error {
	for _, key := range keys {
		if key == "" || strings.ContainsAny(key, `."[]`) {
			return unimplemented("the payload key " + key)
		}
	}
	return nil
}

// values gives what a field holds: the elements of a list, or the value itself.
func values(payload map[string]*qdrant.Value, key string) []*qdrant.Value {
	v, ok := payload[key]
	if !ok {
		return nil
	}
	if list, ok := v.GetKind().(*qdrant.Value_ListValue); ok {
		return list.ListValue.GetValues()
	}
	return []*qdrant.Value{v}
}

// merged gives the payload with others' fields set. A field that is set to null is taken off.
func merged(payload, with map[string]*qdrant.Value) map[string]*qdrant.Value {
	out := make(map[string]*qdrant.Value, len(payload)+len(with))
	maps.Copy(out, payload)
	for key, v := range with {
		if _, null := v.GetKind().(*qdrant.Value_NullValue); null {
			delete(out, key)
		} else {
			out[key] = v
		}
	}
	return out
}

func without(payload map[string]*qdrant.Value, keys []string) map[string]*qdrant.Value {
	out := maps.Clone(payload)
	maps.DeleteFunc(out, func(key string, _ *qdrant.Value) bool { return slices.Contains(keys, key) })
	return out
}

// selected gives the part of the payload that an answer carries.
func selected(payload map[string]*qdrant.Value, s *qdrant.WithPayloadSelector) map[string]*qdrant.Value {
	if s.GetEnable() {
		return payload
	}
	out := map[string]*qdrant.Value{}
	for _, key := range s.GetInclude().GetFields() {
		if v, ok := payload[key]; ok {
			out[key] = v
		}
	}
	return out
}
