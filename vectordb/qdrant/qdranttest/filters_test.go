package qdranttest_test

import (
	"testing"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"github.com/stretchr/testify/assert"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// filtered are the points that the filters look at.
func filtered() []*qdrant.PointStruct {
	file := func(path string, size int) any { return map[string]any{"path": path, "size": int64(size)} }
	return []*qdrant.PointStruct{
		point(1, map[string]any{"name": "a", "size": int64(10), "taken": "2024-01-01T00:00:00Z", "files": []any{file("/p/x", 1), file("/q/y", 2)}}),
		point(2, map[string]any{"name": "b", "size": int64(20), "taken": "2024-01-01T02:00:00.5+02:00", "files": []any{file("/p/y", 2)}}),
		point(3, map[string]any{"name": []any{"a", "c"}, "size": 20.5, "taken": "2024-01-01T00:00:01.000001Z", "files": []any{}}),
		point(4, map[string]any{"name": nil, "size": []any{int64(1), int64(100)}, "flag": true}),
		point(5, map[string]any{"name": int64(7), "flag": false}),
		point(6, nil),
	}
}

func must(c ...*qdrant.Condition) *qdrant.Filter { return &qdrant.Filter{Must: c} }

func mustNot(c ...*qdrant.Condition) *qdrant.Filter { return &qdrant.Filter{MustNot: c} }

func at(text string) *timestamppb.Timestamp {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return timestamppb.New(t)
}

func size(r *qdrant.Range) *qdrant.Filter { return must(qdrant.NewRange("size", r)) }

func taken(r *qdrant.DatetimeRange) *qdrant.Filter { return must(qdrant.NewDatetimeRange("taken", r)) }

var filterCases = map[string]struct {
	filter *qdrant.Filter
	want   []string
}{
	"none":                 {nil, []string{"1", "2", "3", "4", "5", "6"}},
	"empty":                {&qdrant.Filter{}, []string{"1", "2", "3", "4", "5", "6"}},
	"keyword":              {must(qdrant.NewMatch("name", "a")), []string{"1", "3"}},
	"keyword of nothing":   {must(qdrant.NewMatch("other", "a")), []string{}},
	"keywords":             {must(qdrant.NewMatchKeywords("name", "b", "c")), []string{"2", "3"}},
	"no keywords":          {must(qdrant.NewMatchKeywords("name")), []string{}},
	"other keywords":       {must(qdrant.NewMatchExcept("name", "a")), []string{"2", "3", "5"}},
	"not keyword":          {mustNot(qdrant.NewMatch("name", "a")), []string{"2", "4", "5", "6"}},
	"integer":              {must(qdrant.NewMatchInt("size", 20)), []string{"2"}},
	"integers":             {must(qdrant.NewMatchInts("size", 10, 100)), []string{"1", "4"}},
	"boolean":              {must(qdrant.NewMatchBool("flag", false)), []string{"5"}},
	"from":                 {size(&qdrant.Range{Gte: qdrant.PtrOf(20.0)}), []string{"2", "3", "4"}},
	"over and under":       {size(&qdrant.Range{Gt: qdrant.PtrOf(10.0), Lt: qdrant.PtrOf(20.5)}), []string{"2"}},
	"up to":                {size(&qdrant.Range{Lte: qdrant.PtrOf(10.0)}), []string{"1", "4"}},
	"one value in between": {size(&qdrant.Range{Gt: qdrant.PtrOf(1.0), Lt: qdrant.PtrOf(100.0)}), []string{"1", "2", "3"}},
	"from a moment":        {taken(&qdrant.DatetimeRange{Gte: at("2024-01-01T00:00:00.5Z")}), []string{"2", "3"}},
	"before a moment":      {taken(&qdrant.DatetimeRange{Lt: at("2024-01-01T00:00:00.5Z")}), []string{"1"}},
	"to the microsecond":   {taken(&qdrant.DatetimeRange{Gt: at("2024-01-01T00:00:01Z"), Lte: at("2024-01-01T00:00:01.000001Z")}), []string{"3"}},
	"any moment":           {taken(&qdrant.DatetimeRange{Gte: at("0001-01-01T00:00:00Z")}), []string{"1", "2", "3"}},
	"ids":                  {must(qdrant.NewHasID(nums(6, 1, 99)...)), []string{"1", "6"}},
	"no ids":               {must(qdrant.NewHasID()), []string{}},
	"is empty":             {must(qdrant.NewIsEmpty("name")), []string{"4", "6"}},
	"empty list":           {must(qdrant.NewIsEmpty("files")), []string{"3", "4", "5", "6"}},
	"is null":              {must(qdrant.NewIsNull("name")), []string{"4"}},
	"below a list":         {must(qdrant.NewMatch("files[].path", "/p/y")), []string{"2"}},
	"nested":               {must(qdrant.NewNestedFilter("files", must(qdrant.NewMatch("path", "/p/x"), qdrant.NewMatchInt("size", 1)))), []string{"1"}},
	"nested, not of one":   {must(qdrant.NewNestedFilter("files", must(qdrant.NewMatch("path", "/p/x"), qdrant.NewMatchInt("size", 2)))), []string{}},
	"nested, with []":      {must(qdrant.NewNestedFilter("files[]", must(qdrant.NewMatchInt("size", 2)))), []string{"1", "2"}},
	"nested not":           {must(qdrant.NewNestedFilter("files", mustNot(qdrant.NewMatchInt("size", 2)))), []string{"1"}},
	"two files":            {must(qdrant.NewValuesCount("files", &qdrant.ValuesCount{Gte: qdrant.PtrOf(uint64(2))})), []string{"1"}},
	"no files":             {must(qdrant.NewValuesCount("files", &qdrant.ValuesCount{Lt: qdrant.PtrOf(uint64(1))})), []string{"3", "4", "5", "6"}},
	"should":               {&qdrant.Filter{Should: []*qdrant.Condition{qdrant.NewMatch("name", "b"), qdrant.NewMatchBool("flag", true)}}, []string{"2", "4"}},
	"must and should": {&qdrant.Filter{
		Must: []*qdrant.Condition{qdrant.NewRange("size", &qdrant.Range{Lt: qdrant.PtrOf(15.0)})}, Should: []*qdrant.Condition{qdrant.NewMatchBool("flag", true)},
	}, []string{"4"}},
	"two of three": {&qdrant.Filter{MinShould: &qdrant.MinShould{MinCount: 2, Conditions: []*qdrant.Condition{
		qdrant.NewMatch("name", "a"), qdrant.NewMatchInt("size", 10), qdrant.NewMatch("name", "c"),
	}}}, []string{"1", "3"}},
	"filter in filter":       {mustNot(qdrant.NewFilterAsCondition(must(qdrant.NewMatch("name", "a"), qdrant.NewMatchInt("size", 10)))), []string{"2", "3", "4", "5", "6"}},
	"empty filter in filter": {mustNot(qdrant.NewFilterAsCondition(&qdrant.Filter{})), []string{}},
	"deep":                   {deep(66), []string{"1"}},
}

// deep nests a condition in an even number of negations.
func deep(levels int) *qdrant.Filter {
	f := must(qdrant.NewHasID(nums(1)...))
	for range levels {
		f = mustNot(qdrant.NewFilterAsCondition(f))
	}
	return f
}

func filters(t *testing.T, w *wire) {
	name := w.collection()
	w.put(name, filtered()...)
	check := func(when string) {
		for what, test := range filterCases {
			assert.Equal(t, test.want, w.under(name, test.filter), "%s, %s", what, when)
			n, err := w.Count(w.ctx(), &qdrant.CountPoints{CollectionName: name, Filter: test.filter, Exact: qdrant.PtrOf(true)})
			assert.NoError(t, err)
			assert.Len(t, test.want, int(n), "%s, %s", what, when)
		}
	}
	check("without indexes")
	for field, kind := range map[string]qdrant.FieldType{
		"name": qdrant.FieldType_FieldTypeKeyword, "size": qdrant.FieldType_FieldTypeFloat, "taken": qdrant.FieldType_FieldTypeDatetime,
		"flag": qdrant.FieldType_FieldTypeBool, "files[].path": qdrant.FieldType_FieldTypeKeyword, "files[].size": qdrant.FieldType_FieldTypeInteger,
	} {
		w.index(name, field, kind)
	}
	check("with indexes")
}

func refusedFilters(t *testing.T, w *wire) {
	name := w.collection()
	for what, f := range map[string]*qdrant.Filter{
		"id":            must(qdrant.NewHasID(qdrant.NewID("no UUID"))),
		"condition":     must(&qdrant.Condition{}),
		"field":         must(&qdrant.Condition{ConditionOneOf: &qdrant.Condition_Field{Field: &qdrant.FieldCondition{Key: "a"}}}),
		"empty key":     must(qdrant.NewMatch("", "a")),
		"malformed key": must(qdrant.NewMatch("a..b", "a")),
		"deep inside":   mustNot(qdrant.NewFilterAsCondition(must(qdrant.NewHasID(qdrant.NewID("no UUID"))))),
	} {
		_, err := w.Count(w.ctx(), &qdrant.CountPoints{CollectionName: name, Filter: f})
		refused(t, codes.InvalidArgument, err, what)
	}
}
