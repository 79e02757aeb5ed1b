package query

import (
	"strings"

	"github.com/sightline-search/sightline"
)

// parser is a recursive descent with one token of look-ahead; Parse says the grammar.
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
