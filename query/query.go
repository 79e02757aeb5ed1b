// Package query is the query language: parse, print, what a query implies as a filter, and how term probabilities
// compose. It must not know who scores the terms.
package query

import "github.com/sightline-search/sightline"

// The limits of the language. They bound what a query costs: every term is a text to encode and a decoder query for
// every candidate image.
const (
	// MaxLength is the longest query in bytes.
	MaxLength = 2000
	// MaxParts is the largest number of terms and facts in a query.
	MaxParts = 32
	// MaxDepth is the deepest nesting of parentheses and negations.
	MaxDepth = 32
)

// Expr is a parsed query.
type Expr interface {
	// String prints the expression so that parsing it again gives the same expression.
	String() string
	isExpr()
}

// The nodes of an expression. Parsing never gives an All directly inside an All, nor an Any inside an Any, and both
// have at least two parts.
type (
	// All is AND: every part must hold.
	All struct{ Parts []Expr }
	// Any is OR: one part must hold.
	Any struct{ Parts []Expr }
	// Negation is NOT.
	Negation struct{ Of Expr }
	// Term is a word, a phrase or a sentence that images are scored against.
	Term struct {
		Text  string // words separated by single spaces, case as written
		Label bool   // written as tag:…: stored labels only
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
