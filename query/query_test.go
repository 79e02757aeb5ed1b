package query_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/query"
)

func term(s string) query.Expr  { return query.Term{Text: s} }
func label(s string) query.Expr { return query.Term{Text: s, Label: true} }
func not(e query.Expr) query.Expr {
	return query.Negation{Of: e}
}
func all(parts ...query.Expr) query.Expr { return query.All{Parts: parts} }
func either(parts ...query.Expr) query.Expr {
	return query.Any{Parts: parts}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in   string
		want query.Expr
	}{
		{"dog", term("dog")},
		{"a dog running on the beach", term("a dog running on the beach")},
		{"  a  dog\ton\na beach ", term("a dog on a beach")},
		{`"a dog running on the beach"`, term("a dog running on the beach")},
		{`“a dog”`, term("a dog")},
		{`"she said \"hi\" \\o/"`, term(`she said "hi" \o/`)},
		{"dog AND beach", all(term("dog"), term("beach"))},
		{"dog, beach", all(term("dog"), term("beach"))},
		{"dog and beach", term("dog and beach")},
		{"cat OR dog", either(term("cat"), term("dog"))},
		{"NOT person", not(term("person"))},
		{"-person", not(term("person"))},
		{"NOT NOT person", not(not(term("person")))},
		{"dog on a beach AND NOT person", all(term("dog on a beach"), not(term("person")))},
		{"dog -person beach", all(term("dog"), not(term("person")), term("beach"))},
		{`dog -"red car"`, all(term("dog"), not(term("red car")))},
		{"-(cat OR dog)", not(either(term("cat"), term("dog")))},
		{"a OR b AND c", either(term("a"), all(term("b"), term("c")))},
		{"a, b OR NOT c", either(all(term("a"), term("b")), not(term("c")))},
		{"(a OR b) AND c", all(either(term("a"), term("b")), term("c"))},
		{"a AND (b AND c)", all(term("a"), term("b"), term("c"))},
		{"a (b)", all(term("a"), term("b"))},
		{`"red car" street`, all(term("red car"), term("street"))},
		{"tag:dog", label("dog")},
		{`TAG:"hot dog"`, label("hot dog")},
		{"dog tag:cat", all(term("dog"), label("cat"))},
		{"train at 10:30 on 1,000 rails", term("train at 10:30 on 1,000 rails")},
		{"photo from http://x.org/a", term("photo from http://x.org/a")},
		{"look: a dog", term("look: a dog")},
		{"cat - dog -- bird", term("cat - dog -- bird")},
		{"black-and-white photo", term("black-and-white photo")},
		{`"note:this"`, term("note:this")},
		{"犬 🐕‍🦺 été", term("犬 🐕‍🦺 été")},
	} {
		got, err := query.Parse(c.in)
		require.NoError(t, err, c.in)
		assert.Equal(t, c.want, got, c.in)
	}
}

func TestFacts(t *testing.T) {
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		in   string
		want sightline.Filter
	}{
		{"path:holiday/*", sightline.PathGlob("holiday/*")},
		{"path:holiday/", sightline.PathGlob("holiday/")},
		{`path:"my photos/*"`, sightline.PathGlob("my photos/*")},
		{"name:IMG_1*", sightline.NameGlob("IMG_1*")},
		{`camera:"X100"`, sightline.CameraHas("X100")},
		{"type:png", sightline.FormatIs("png")},
		{"type:JPG", sightline.FormatIs("jpeg")},
		{"taken:2024", sightline.TakenIn{From: day(2024, 1, 1), To: day(2025, 1, 1)}},
		{"taken:2024-05", sightline.TakenIn{From: day(2024, 5, 1), To: day(2024, 6, 1)}},
		{"taken:2024-02-29", sightline.TakenIn{From: day(2024, 2, 29), To: day(2024, 3, 1)}},
		{"taken:2024-05..2024-08", sightline.TakenIn{From: day(2024, 5, 1), To: day(2024, 9, 1)}},
		{"taken:2024..", sightline.TakenIn{From: day(2024, 1, 1)}},
		{"taken:..2024-08", sightline.TakenIn{To: day(2024, 9, 1)}},
		{"size:>2mp", sightline.SizeIn{MinPixels: 2e6 + 1}},
		{"size:>=2mp", sightline.SizeIn{MinPixels: 2e6}},
		{"size:<2mp", sightline.SizeIn{MaxPixels: 2e6 - 1}},
		{"size:<=0.5MP", sightline.SizeIn{MaxPixels: 5e5}},
		{"size:1mp..4mp", sightline.SizeIn{MinPixels: 1e6, MaxPixels: 4e6}},
		{"size:1mp..", sightline.SizeIn{MinPixels: 1e6}},
		{"size:..300000", sightline.SizeIn{MaxPixels: 3e5}},
		{"size:307200", sightline.SizeIn{MinPixels: 307200, MaxPixels: 307200}},
		{"size:<1", sightline.Or{}},
		{"tag:dog>0.8", sightline.TagOver{Name: "dog", P: 0.8}},
		{`tag:"hot dog">0.8`, sightline.TagOver{Name: "hot dog", P: 0.8}},
		{"tag:dog<=0.8", sightline.Not{Of: sightline.TagOver{Name: "dog", P: 0.8}}},
		{"NOT type:png", sightline.Not{Of: sightline.FormatIs("png")}},
		{"type:png, name:a*", sightline.And{sightline.FormatIs("png"), sightline.NameGlob("a*")}},
		{"type:png OR name:a*", sightline.Or{sightline.FormatIs("png"), sightline.NameGlob("a*")}},
	} {
		got, err := query.ParseFilter(c.in)
		require.NoError(t, err, c.in)
		assert.Equal(t, c.want, got, c.in)
	}
}

func TestTagComparisonsAreExact(t *testing.T) {
	holds := func(q string, p float64) bool {
		f, err := query.ParseFilter(q)
		require.NoError(t, err)
		return sightline.MatchFilter(f, &sightline.Image{}, func(string) float64 { return p })
	}
	assert.False(t, holds("tag:dog>0.5", 0.5))
	assert.True(t, holds("tag:dog>=0.5", 0.5))
	assert.False(t, holds("tag:dog<0.5", 0.5))
	assert.True(t, holds("tag:dog<=0.5", 0.5))
	assert.True(t, holds("tag:dog>=0", 0), "an image without the tag has probability 0")
}

func TestSyntaxErrorsShowThePlace(t *testing.T) {
	for _, c := range []struct {
		in    string
		caret int // column of the caret in the query
		says  string
	}{
		{"dog AND", 7, "AND needs a term after it"},
		{"AND dog", 0, "AND needs a term before it"},
		{"dog AND OR cat", 8, "a term is missing between AND and OR"},
		{"dog,, cat", 4, "a term is missing between , and ,"},
		{",", 0, "needs a term before"},
		{"NOT", 3, "NOT needs a term after it"},
		{"(dog", 0, "'(' is not closed"},
		{"dog)", 3, "')' has no '('"},
		{"()", 1, "a term is missing between ( and )"},
		{`a "dog`, 2, "quote that begins here is not closed"},
		{`a ""`, 2, "nothing between these quotes"},
		{"a dog filename:x", 6, "no field \"filename:\""},
		{"camera: x", 7, "needs its value"},
		{"taken:may", 6, "not a date"},
		{"taken:2024-13", 6, "not a date"},
		{"taken:2024..2023", 6, "ends before it begins"},
		{"taken:..", 6, "beginning or an end"},
		{"size:big", 5, "not a number of pixels"},
		{"size:>-1", 5, "not a number of pixels"},
		{"size:nan", 5, "not a number of pixels"},
		{"size:4mp..1mp", 5, "ends before it begins"},
		{"type:heic", 5, "is not one of"},
		{"path:[a", 5, "is not a pattern"},
		{"tag:dog>2", 7, "from 0 to 1"},
		{"tag:dog>x", 7, "from 0 to 1"},
		{"tag:>0.5", 0, "needs the name of a label"},
		{`camera:"x"y`, 10, "cannot follow"},
		{"dog \x00", 4, "control character here (U+0000)"},
		{"dog \xff", 4, "not valid UTF-8"},
		{"été NOT", 7, "NOT needs"},
	} {
		_, err := query.Parse(c.in)
		require.Error(t, err, "%q", c.in)
		assert.Equal(t, sightline.CodeQuerySyntax, sightline.CodeOf(err), "%q", c.in)
		lines := strings.Split(err.Error(), "\n")
		require.Len(t, lines, 3, "%q", c.in)
		assert.Contains(t, lines[0], c.says, "%q", c.in)
		assert.Equal(t, strings.Repeat(" ", c.caret+2)+"^", lines[2], "%q", c.in)
	}
}

func TestLongQueriesShowOnlyTheSurroundings(t *testing.T) {
	_, err := query.Parse(strings.Repeat("word ", 200) + "AND OR " + strings.Repeat("word ", 100))
	lines := strings.Split(err.Error(), "\n")
	require.Len(t, lines, 3)
	assert.Less(t, len(lines[1]), 100)
	at := strings.Index(lines[2], "^")
	assert.Equal(t, "OR", string([]rune(lines[1])[at:at+2]))
}

func TestLimits(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("(", n) + "x" + strings.Repeat(")", n) }
	many := func(n int) string { return strings.TrimSuffix(strings.Repeat("x,", n), ",") }
	for in, code := range map[string]sightline.Code{
		"":                                     sightline.CodeQueryEmpty,
		strings.Repeat(" ", 3):                 sightline.CodeQueryEmpty,
		strings.Repeat("a", query.MaxLength):   "",
		strings.Repeat("a", query.MaxLength+1): sightline.CodeQueryTooLong,
		deep(query.MaxDepth):                   "",
		deep(query.MaxDepth + 1):               sightline.CodeQueryTooLong,
		strings.Repeat("NOT ", 100) + "x":      sightline.CodeQueryTooLong,
		many(query.MaxParts):                   "",
		many(query.MaxParts + 1):               sightline.CodeQueryTooLong,
	} {
		_, err := query.Parse(in)
		assert.Equal(t, code, sightline.CodeOf(err), "%.40q", in)
	}
	_, err := query.Parse(strings.Repeat("a", 100_000))
	assert.ErrorContains(t, err, "100000 bytes")
	assert.ErrorContains(t, err, "2000")
}

func TestPlainTakesEverythingAsText(t *testing.T) {
	for in, want := range map[string]string{
		"dog AND (cat":      "dog AND (cat",
		" a  -dog,\n x:y ":  "a -dog, x:y",
		`say "hi`:           `say "hi`,
		"camera: on a desk": "camera: on a desk",
	} {
		e, err := query.Plain(in)
		require.NoError(t, err)
		assert.Equal(t, term(want), e)
	}
	for in, code := range map[string]sightline.Code{
		" ":      sightline.CodeQueryEmpty,
		"a\x00b": sightline.CodeQuerySyntax,
		"\xff":   sightline.CodeQuerySyntax,
	} {
		_, err := query.Plain(in)
		assert.Equal(t, code, sightline.CodeOf(err), "%q", in)
	}
}

func TestFiltersHaveFactsOnly(t *testing.T) {
	for in, says := range map[string]string{
		"dog":            `"dog" is none of them`,
		"type:png a dog": `"a dog" is none of them`,
		"tag:dog":        "tag:dog>0.5",
		"":               "empty",
	} {
		_, err := query.ParseFilter(in)
		assert.ErrorContains(t, err, says)
		e, ok := errors.AsType[*sightline.Error](err)
		require.True(t, ok)
		assert.Equal(t, "filter", e.Param)
	}
}
