package query

import (
	"strings"

	"github.com/sightline-search/sightline"
)

// Parse reads a query. Errors carry CodeQueryEmpty, CodeQueryTooLong or CodeQuerySyntax; a syntax error shows the place
// with a caret. The grammar, loosest first:
//
//	any   = all { "OR" all }
//	all   = unary { ["AND" | ","] unary }
//	unary = "NOT" unary | "-" one | one or more words | "phrase" | field:value | "(" any ")"
//	one   = a word | "phrase" | field:value | "(" any ")"
func Parse(s string) (Expr, error) {
	e, err := parse(s)
	return e, inParam(err, "query")
}

// Plain makes a query of one sentence without operators.
func Plain(s string) (Expr, error) {
	if err := check(s); err != nil {
		return nil, inParam(err, "query")
	}
	return Term{Text: squeeze(s)}, nil
}

// ParseFilter reads an expression that has facts only (--filter); a bare word is an error.
func ParseFilter(s string) (sightline.Filter, error) {
	e, err := parse(s)
	if err != nil {
		return nil, inParam(err, "filter")
	}
	for _, use := range Terms(e) {
		return nil, inParam(notAFact(s, use.Term), "filter")
	}
	return exact(e), nil
}

func notAFact(s string, t Term) error {
	at := max(0, strings.Index(s, firstWord(t.Text)))
	if t.Label {
		return syntaxError(s, at, "a filter needs to know how likely the tag must be: %s>0.5", t)
	}
	return syntaxError(s, at, "a filter has facts only (%s), and %q is none of them", fieldList(), t.Text)
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}

// exact gives the filter that equals an expression of facts.
func exact(e Expr) sightline.Filter {
	switch e := e.(type) {
	case All:
		return sightline.And(filters(e.Parts))
	case Any:
		return sightline.Or(filters(e.Parts))
	case Negation:
		return sightline.Not{Of: exact(e.Of)}
	case Fact:
		return e.Filter
	}
	return nil
}

func filters(parts []Expr) []sightline.Filter {
	out := make([]sightline.Filter, len(parts))
	for i, p := range parts {
		out[i] = exact(p)
	}
	return out
}

func parse(s string) (Expr, error) {
	if err := check(s); err != nil {
		return nil, err
	}
	p := &parser{lex: lexer{src: s}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	e, err := p.any()
	if err != nil {
		return nil, err
	}
	if p.tok.kind == closeToken {
		return nil, p.fail("this ')' has no '(' before it")
	}
	return e, nil
}
