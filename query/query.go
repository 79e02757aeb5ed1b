// Package query is the query language: parse, print, what a query implies as a filter, and how term probabilities
// compose. It must not know who scores the terms.
package query

import "github.com/sightline-search/sightline"

// MaxLength is the longest query in bytes.
const MaxLength = 2000

// Expr is a parsed query.
type Expr interface {
	// String prints the expression so that parsing it again gives the same expression.
	String() string
	isExpr()
}

// The nodes of an expression.
type (
	// All is AND: every part must hold.
	All struct{ Parts []Expr }
	// Any is OR: one part must hold.
	Any struct{ Parts []Expr }
	// Negation is NOT.
	Negation struct{ Of Expr }
	// Term is a word, a phrase or a sentence that images are scored against.
	Term struct {
		Text  string
		Label bool // written as tag:…: stored labels only
	}
	// Fact is a condition on stored facts (path:, name:, taken:, camera:, size:, type:, tag:…>p).
	Fact struct {
		Source string // as written, for printing
		Filter sightline.Filter
	}
)

func (All) isExpr()      {}
func (Any) isExpr()      {}
func (Negation) isExpr() {}
func (Term) isExpr()     {}
func (Fact) isExpr()     {}

// Parse reads a query. Errors carry CodeQueryEmpty, CodeQueryTooLong or CodeQuerySyntax; a syntax error shows the place
// with a caret.
func Parse(s string) (Expr, error) { panic("not built yet") }

// Plain makes a query of one sentence without operators.
func Plain(s string) (Expr, error) { panic("not built yet") }

// ParseFilter reads an expression that has facts only (--filter); a bare word is an error.
func ParseFilter(s string) (sightline.Filter, error) { panic("not built yet") }

// Terms lists the distinct terms of an expression in the order in which they appear, and for each whether it occurs
// outside any negation (only those may propose candidates).
func Terms(e Expr) []TermUse { panic("not built yet") }

// TermUse is a term and how it is used.
type TermUse struct {
	Term     Term
	Positive bool
}

// Filter gives a filter that every image with a non-zero probability passes: what the facts of the expression imply.
// Nil when they imply nothing.
func Filter(e Expr) sightline.Filter { panic("not built yet") }

// Probability composes the probability of an expression for one image, taking its terms as independent: AND
// multiplies, OR is one minus the product of the complements, NOT is the complement, a fact is 0 or 1.
func Probability(e Expr, term func(Term) float64, fact func(sightline.Filter) bool) float64 {
	panic("not built yet")
}
