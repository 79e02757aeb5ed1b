package qdranttest_test

import (
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"github.com/stretchr/testify/assert"
	"google.golang.org/grpc/codes"
)

const big = int64(1) << 60 // doubles are 256 apart here

// filtered are the points that the filters look at.
func filtered() []*qdrant.PointStruct {
	list := []*qdrant.PointStruct{
		point(1, map[string]any{"name": "a", "size": int64(10)}),
		point(2, map[string]any{"name": "b", "size": int64(20)}),
		point(3, map[string]any{"name": []any{"a", "c"}, "size": big + 1}),
		point(4, map[string]any{"name": "", "size": []any{int64(1), int64(100)}}),
		point(5, map[string]any{"name": []any{}, "size": "20"}),
		{Id: qdrant.NewIDNum(6), Vectors: qdrant.NewVectorsMap(map[string]*qdrant.Vector{"tags": qdrant.NewVectorSparse([]uint32{1}, []float32{1})})},
	}
	return list
}

func must(c ...*qdrant.Condition) *qdrant.Filter { return &qdrant.Filter{Must: c} }

func mustNot(c ...*qdrant.Condition) *qdrant.Filter { return &qdrant.Filter{MustNot: c} }

func should(c ...*qdrant.Condition) *qdrant.Filter { return &qdrant.Filter{Should: c} }

func size(r *qdrant.Range) *qdrant.Filter { return must(qdrant.NewRange("size", r)) }

var filterCases = map[string]struct {
	filter *qdrant.Filter
	want   []string
}{
	"none":                   {nil, []string{"1", "2", "3", "4", "5", "6"}},
	"empty":                  {&qdrant.Filter{}, []string{"1", "2", "3", "4", "5", "6"}},
	"keyword":                {must(qdrant.NewMatch("name", "a")), []string{"1", "3"}},
	"empty keyword":          {must(qdrant.NewMatch("name", "")), []string{"4"}},
	"keyword of nothing":     {must(qdrant.NewMatch("other", "a")), []string{}},
	"keyword in integers":    {must(qdrant.NewMatch("size", "10")), []string{}},
	"keywords":               {must(qdrant.NewMatchKeywords("name", "b", "c")), []string{"2", "3"}},
	"no keywords":            {must(qdrant.NewMatchKeywords("name")), []string{}},
	"not keyword":            {mustNot(qdrant.NewMatch("name", "a")), []string{"2", "4", "5", "6"}},
	"integer":                {must(qdrant.NewMatchInt("size", 20)), []string{"2"}},
	"big integer":            {must(qdrant.NewMatchInt("size", big+1)), []string{"3"}},
	"integers":               {must(qdrant.NewMatchInts("size", 10, 100)), []string{"1", "4"}},
	"no integers":            {must(qdrant.NewMatchInts("size")), []string{}},
	"from":                   {size(&qdrant.Range{Gte: new(20.0)}), []string{"2", "3", "4"}},
	"over and under":         {size(&qdrant.Range{Gt: new(10.0), Lt: new(21.0)}), []string{"2"}},
	"up to":                  {size(&qdrant.Range{Lte: new(10.0)}), []string{"1", "4"}},
	"one value in between":   {size(&qdrant.Range{Gt: new(1.0), Lt: new(100.0)}), []string{"1", "2"}},
	"over a big integer":     {size(&qdrant.Range{Gt: new(float64(big))}), []string{"3"}},
	"up to a big integer":    {size(&qdrant.Range{Lte: new(float64(big))}), []string{"1", "2", "4"}},
	"not in a range":         {mustNot(qdrant.NewRange("size", &qdrant.Range{Lte: new(10.0)})), []string{"2", "3", "5", "6"}},
	"no bounds":              {size(&qdrant.Range{}), []string{"1", "2", "3", "4"}},
	"ids":                    {must(qdrant.NewHasID(nums(6, 1, 99)...)), []string{"1", "6"}},
	"no ids":                 {must(qdrant.NewHasID()), []string{}},
	"has vector":             {must(qdrant.NewHasVector("tags")), []string{"6"}},
	"has unknown vector":     {must(qdrant.NewHasVector("other")), []string{}},
	"should":                 {should(qdrant.NewMatch("name", "b"), qdrant.NewMatchInt("size", 1)), []string{"2", "4"}},
	"must and should":        {&qdrant.Filter{Must: size(&qdrant.Range{Lt: new(15.0)}).Must, Should: should(qdrant.NewMatch("name", "")).Should}, []string{"4"}},
	"all three":              {&qdrant.Filter{Must: must(qdrant.NewMatch("name", "a")).Must, Should: must(qdrant.NewHasID(nums(1, 3)...)).Must, MustNot: size(&qdrant.Range{Lt: new(15.0)}).Must}, []string{"3"}},
	"filter in filter":       {mustNot(qdrant.NewFilterAsCondition(must(qdrant.NewMatch("name", "a"), qdrant.NewMatchInt("size", 10)))), []string{"2", "3", "4", "5", "6"}},
	"empty filter in filter": {mustNot(qdrant.NewFilterAsCondition(&qdrant.Filter{})), []string{}},
}

func filters(t *testing.T, w *wire) {
	name := w.collection()
	w.put(name, filtered()...)
	w.index(name, "name", qdrant.FieldType_FieldTypeKeyword)
	w.index(name, "size", qdrant.FieldType_FieldTypeInteger)
	for what, test := range filterCases {
		assert.Equal(t, test.want, w.under(name, test.filter), what)
		n, err := w.Count(w.ctx(), &qdrant.CountPoints{CollectionName: name, Filter: test.filter, Exact: new(true)})
		assert.NoError(t, err)
		assert.Len(t, test.want, int(n), what)
	}
}

func refusedFilters(t *testing.T, w *wire) {
	name := w.collection()
	for what, f := range map[string]*qdrant.Filter{
		"id":          must(qdrant.NewHasID(qdrant.NewID("no UUID"))),
		"field":       must(&qdrant.Condition{ConditionOneOf: &qdrant.Condition_Field{Field: &qdrant.FieldCondition{Key: "a"}}}),
		"deep inside": mustNot(qdrant.NewFilterAsCondition(must(qdrant.NewHasID(qdrant.NewID("no UUID"))))),
	} {
		_, err := w.Count(w.ctx(), &qdrant.CountPoints{CollectionName: name, Filter: f})
		refused(t, codes.InvalidArgument, err, what)
	}
}

// deep nests a condition in negations.
func deep(levels int) *qdrant.Filter {
	f := must(qdrant.NewHasID(nums(1)...))
	for range levels {
		f = mustNot(qdrant.NewFilterAsCondition(f))
	}
	return f
}

// depth holds the number of levels that a server reads: a filter of the contract's 64 is more.
func depth(t *testing.T, w *wire) {
	name := w.collection()
	w.put(name, point(1, nil), point(2, nil))
	assert.Equal(t, []string{"1"}, w.under(name, deep(48)))
	_, err := w.Count(w.ctx(), &qdrant.CountPoints{CollectionName: name, Filter: deep(49)})
	refused(t, codes.Internal, err)
	for levels, want := range map[int]codes.Code{32: codes.OK, 33: codes.Internal} {
		v := any("x")
		for range levels {
			v = map[string]any{"in": v}
		}
		_, err = w.Upsert(w.ctx(), &qdrant.UpsertPoints{CollectionName: name, Wait: new(true), Points: []*qdrant.PointStruct{point(3, map[string]any{"v": v})}})
		refused(t, want, err, levels)
	}
}
