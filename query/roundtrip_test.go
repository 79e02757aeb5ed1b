package query_test

import (
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/query"
)

// texts are terms that are hard to print: each must come back as itself.
var texts = []string{
	"dog", "a dog on a beach", "AND", "salt AND pepper", "NOT", "-dog", "--dog", "a - b", "(x)", "a, b", "1,000", "1,000,x",
	`"`, `\`, `a "b" \`, "tag:dog", "x:y", "look: a dog", "camera:", "http://x", "10:30", "“curly”", "a>b", "犬", "🐕‍🦺", "a-b", "é",
}

var facts = []string{
	"path:holiday/*", `path:"my photos/*"`, "name:IMG_1*", "taken:2024-05..2024-08", `camera:"X100"`, "size:>2mp", "type:png",
	"tag:dog>0.8", `tag:"hot dog">=0.5`,
}

// random gives an expression as Parse makes them: no All directly in an All, no Any in an Any.
func random(t *testing.T, r *rand.Rand, depth int, in string) query.Expr {
	t.Helper()
	kinds := 5
	if depth == 0 {
		kinds = 3
	}
	switch r.IntN(kinds) {
	case 0, 1:
		return query.Term{Text: texts[r.IntN(len(texts))], Label: r.IntN(3) == 0}
	case 2:
		return parse(t, facts[r.IntN(len(facts))])
	case 3:
		return query.Negation{Of: random(t, r, depth-1, "not")}
	}
	kind := "all"
	if in == "all" || in != "any" && r.IntN(2) == 0 {
		kind = "any"
	}
	parts := make([]query.Expr, 2+r.IntN(2))
	for i := range parts {
		parts[i] = random(t, r, depth-1, kind)
	}
	if kind == "any" {
		return query.Any{Parts: parts}
	}
	return query.All{Parts: parts}
}

func TestPrintedExpressionsReadBackAsThemselves(t *testing.T) {
	const seed = 7
	r := rand.New(rand.NewPCG(seed, seed))
	for range 2000 {
		e := random(t, r, 3, "")
		got, err := query.Parse(e.String())
		if sightline.CodeOf(err) == sightline.CodeQueryTooLong {
			continue // a random tree may have more parts than a query may
		}
		require.NoError(t, err, e.String())
		require.Equal(t, e, got, e.String())
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range append(append([]string{}, texts...), facts...) {
		f.Add(s)
	}
	f.Add(`(a OR -"b c") AND tag:dog>0.5, NOT path:x/* “q”`)
	f.Fuzz(func(t *testing.T, s string) {
		e, err := query.Parse(s)
		if err != nil {
			assert.Contains(t, []sightline.Code{sightline.CodeQueryEmpty, sightline.CodeQueryTooLong, sightline.CodeQuerySyntax}, sightline.CodeOf(err))
			assert.True(t, utf8.ValidString(err.Error()), "%q", err.Error())
			return
		}
		again, err := query.Parse(e.String())
		if sightline.CodeOf(err) == sightline.CodeQueryTooLong {
			return // quotes and spelled-out operators make the printed form longer
		}
		require.NoError(t, err, "%q printed as %q", s, e.String())
		require.Equal(t, e, again, "%q printed as %q", s, e.String())
	})
}
