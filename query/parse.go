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

type parser struct {
	lex   lexer
	tok   token  // read, not yet used
	last  string // the source of the token before it, for messages
	depth int
	parts int
}

func (p *parser) advance() error {
	p.last = p.lex.src[p.tok.from:p.tok.to]
	t, err := p.lex.next()
	p.tok = t
	return err
}

func (p *parser) fail(format string, args ...any) error {
	return syntaxError(p.lex.src, p.tok.from, format, args...)
}

func (p *parser) any() (Expr, error) {
	var parts []Expr
	for {
		e, err := p.all()
		if err != nil {
			return nil, err
		}
		if inner, ok := e.(Any); ok {
			parts = append(parts, inner.Parts...)
		} else {
			parts = append(parts, e)
		}
		if p.tok.kind != orToken {
			break
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return Any{parts}, nil
}

func (p *parser) all() (Expr, error) {
	var parts []Expr
	for {
		e, err := p.unary()
		if err != nil {
			return nil, err
		}
		if inner, ok := e.(All); ok {
			parts = append(parts, inner.Parts...)
		} else {
			parts = append(parts, e)
		}
		switch p.tok.kind {
		case andToken:
			if err := p.advance(); err != nil {
				return nil, err
			}
		case orToken, closeToken, endToken:
			if len(parts) == 1 {
				return parts[0], nil
			}
			return All{parts}, nil
		default: // the next operand: a space means AND
		}
	}
}

// unary reads one operand with its negations.
func (p *parser) unary() (Expr, error) {
	switch p.tok.kind {
	case notToken, minusToken:
		return p.negation()
	case openToken:
		return p.group()
	case wordToken:
		return p.words(MaxLength)
	case phraseToken, fieldToken:
		return p.leaf()
	default:
		return nil, p.missing()
	}
}

func (p *parser) negation() (Expr, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	minus := p.tok.kind == minusToken
	if err := p.advance(); err != nil {
		return nil, err
	}
	var of Expr
	var err error
	if minus && p.tok.kind == wordToken {
		of, err = p.words(1)
	} else {
		of, err = p.unary()
	}
	if err != nil {
		return nil, err
	}
	return Negation{of}, nil
}

func (p *parser) group() (Expr, error) {
	open := p.tok.from
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if err := p.advance(); err != nil {
		return nil, err
	}
	e, err := p.any()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != closeToken {
		return nil, syntaxError(p.lex.src, open, "this '(' is not closed")
	}
	return e, p.advance()
}

// words reads up to limit adjacent plain words as one term.
func (p *parser) words(limit int) (Expr, error) {
	var words []string
	for p.tok.kind == wordToken && len(words) < limit {
		words = append(words, p.tok.text)
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	return Term{Text: strings.Join(words, " ")}, p.count()
}

// leaf reads a phrase or a field.
func (p *parser) leaf() (Expr, error) {
	var e Expr = Term{Text: p.tok.text}
	if p.tok.kind == fieldToken {
		var err error
		if e, err = readField(p.lex.src, p.tok); err != nil {
			return nil, err
		}
	}
	if err := p.count(); err != nil {
		return nil, err
	}
	return e, p.advance()
}

func (p *parser) count() error {
	if p.parts++; p.parts > MaxParts {
		return sightline.Errorf(sightline.CodeQueryTooLong, "the query has more than %d terms and conditions", MaxParts).
			WithHint("split it into several queries")
	}
	return nil
}

func (p *parser) deeper() error {
	if p.depth++; p.depth > MaxDepth {
		return sightline.Errorf(sightline.CodeQueryTooLong, "the query nests more than %d parentheses and negations", MaxDepth).
			WithHint("simplify it")
	}
	return nil
}

// missing says which operand is missing, at the place where it should be.
func (p *parser) missing() error {
	found := p.lex.src[p.tok.from:p.tok.to]
	switch {
	case p.last == "" && found == "":
		return p.fail("there is no term")
	case p.last == "":
		return p.fail("%s needs a term before it", found)
	case found == "":
		return p.fail("%s needs a term after it", p.last)
	}
	return p.fail("a term is missing between %s and %s", p.last, found)
}
