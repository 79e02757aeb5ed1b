package qdranttest

import (
	"slices"
	"strings"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// compileField is a condition on the values under a key: one of them fits. A list fits when one of its elements does.
func compileField(c *qdrant.FieldCondition) (condition, error) {
	path, err := parseKey(c.GetKey())
	if err != nil {
		return nil, err
	}
	var fits func(*qdrant.Value) bool
	switch {
	case c.GetMatch() != nil:
		fits, err = matcher(c.GetMatch())
	case c.GetRange() != nil:
		fits = func(v *qdrant.Value) bool { return inRange(c.GetRange(), v) }
	case c.GetDatetimeRange() != nil:
		fits = func(v *qdrant.Value) bool { return inTimeRange(c.GetDatetimeRange(), v) }
	case c.GetValuesCount() != nil:
		return func(e element) bool { return countFits(c.GetValuesCount(), values(e.fields, path)) }, nil
	case c.GetGeoBoundingBox() != nil, c.GetGeoPolygon() != nil, c.GetGeoRadius() != nil, c.IsEmpty != nil, c.IsNull != nil:
		err = unimplemented("this condition: " + c.String())
	default:
		err = invalid("Validation error in body: [match: At least one field condition must be specified]")
	}
	return func(e element) bool { return slices.ContainsFunc(flat(values(e.fields, path)), fits) }, err
}

func countFits(c *qdrant.ValuesCount, list []*qdrant.Value) bool {
	if len(list) == 0 {
		return counts(c, 0)
	}
	return slices.ContainsFunc(list, func(v *qdrant.Value) bool { return counts(c, length(v)) })
}

// length is the number of values that a value counts for.
func length(v *qdrant.Value) uint64 {
	if l, ok := v.GetKind().(*qdrant.Value_ListValue); ok {
		return uint64(len(l.ListValue.GetValues()))
	}
	if isNull(v) {
		return 0
	}
	return 1
}

func counts(c *qdrant.ValuesCount, n uint64) bool {
	return (c.Lt == nil || n < *c.Lt) && (c.Lte == nil || n <= *c.Lte) && (c.Gt == nil || n > *c.Gt) && (c.Gte == nil || n >= *c.Gte)
}

func matcher(m *qdrant.Match) (func(*qdrant.Value) bool, error) {
	switch m := m.GetMatchValue().(type) {
	case *qdrant.Match_Keyword:
		return keyword(func(s string) bool { return s == m.Keyword }), nil
	case *qdrant.Match_Keywords:
		return keyword(func(s string) bool { return slices.Contains(m.Keywords.GetStrings(), s) }), nil
	case *qdrant.Match_ExceptKeywords:
		return func(v *qdrant.Value) bool {
			s, ok := v.GetKind().(*qdrant.Value_StringValue)
			return !isNull(v) && (!ok || !slices.Contains(m.ExceptKeywords.GetStrings(), s.StringValue))
		}, nil
	case *qdrant.Match_Text: // as without a text index: a substring
		return keyword(func(s string) bool { return strings.Contains(s, m.Text) }), nil
	case *qdrant.Match_Integer:
		return integer(func(n int64) bool { return n == m.Integer }), nil
	case *qdrant.Match_Integers:
		return integer(func(n int64) bool { return slices.Contains(m.Integers.GetIntegers(), n) }), nil
	case *qdrant.Match_Boolean:
		return func(v *qdrant.Value) bool {
			b, ok := v.GetKind().(*qdrant.Value_BoolValue)
			return ok && b.BoolValue == m.Boolean
		}, nil
	}
	return nil, unimplemented("this match: " + m.String())
}

func keyword(fits func(string) bool) func(*qdrant.Value) bool {
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

// number gives integers as a server compares them with ranges: as doubles.
func number(v *qdrant.Value) (float64, bool) {
	switch n := v.GetKind().(type) {
	case *qdrant.Value_IntegerValue:
		return float64(n.IntegerValue), true
	case *qdrant.Value_DoubleValue:
		return n.DoubleValue, true
	}
	return 0, false
}

func inRange(r *qdrant.Range, v *qdrant.Value) bool {
	x, ok := number(v)
	return ok && (r.Lt == nil || x < *r.Lt) && (r.Lte == nil || x <= *r.Lte) && (r.Gt == nil || x > *r.Gt) && (r.Gte == nil || x >= *r.Gte)
}

// moment reads a datetime as far as RFC 3339 goes; a server keeps microseconds.
func moment(v *qdrant.Value) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, v.GetStringValue())
	return t.Truncate(time.Microsecond), err == nil
}

func inTimeRange(r *qdrant.DatetimeRange, v *qdrant.Value) bool {
	t, ok := moment(v)
	bound := func(b *timestamppb.Timestamp, fits func(c int) bool) bool {
		return b == nil || fits(t.Compare(b.AsTime()))
	}
	return ok && bound(r.Lt, func(c int) bool { return c < 0 }) && bound(r.Lte, func(c int) bool { return c <= 0 }) &&
		bound(r.Gt, func(c int) bool { return c > 0 }) && bound(r.Gte, func(c int) bool { return c >= 0 })
}
