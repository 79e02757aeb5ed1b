package query

import "github.com/sightline-search/sightline"

// TermUse is a term and how it is used.
type TermUse struct {
	Term     Term
	Positive bool // it occurs under no negation, or under an even number of them: it may propose candidates
}

// Terms lists the distinct terms of an expression in the order in which they appear.
func Terms(e Expr) []TermUse {
	var uses []TermUse
	place := map[Term]int{}
	walk(e, true, func(leaf Expr, positive bool) {
		t, ok := leaf.(Term)
		if !ok {
			return
		}
		i, known := place[t]
		if !known {
			i = len(uses)
			place[t] = i
			uses = append(uses, TermUse{Term: t})
		}
		uses[i].Positive = uses[i].Positive || positive
	})
	return uses
}

// Facts lists the filters of an expression's facts in the order in which they appear.
func Facts(e Expr) []sightline.Filter {
	var facts []sightline.Filter
	walk(e, true, func(leaf Expr, _ bool) {
		if f, ok := leaf.(Fact); ok {
			facts = append(facts, f.Filter)
		}
	})
	return facts
}

// walk visits the leaves in order; positive is false under an odd number of negations.
func walk(e Expr, positive bool, visit func(leaf Expr, positive bool)) {
	switch e := e.(type) {
	case All:
		for _, p := range e.Parts {
			walk(p, positive, visit)
		}
	case Any:
		for _, p := range e.Parts {
			walk(p, positive, visit)
		}
	case Negation:
		walk(e.Of, !positive, visit)
	case Term, Fact:
		visit(e, positive)
	}
}

// Probability composes the probability of an expression for one image, taking its terms as independent: AND
// multiplies, OR is one minus the product of the complements, NOT is the complement, a fact is 0 or 1.
func Probability(e Expr, term func(Term) float64, fact func(sightline.Filter) bool) float64 {
	switch e := e.(type) {
	case All:
		p := 1.0
		for _, part := range e.Parts {
			p *= Probability(part, term, fact)
		}
		return p
	case Any:
		none := 1.0
		for _, part := range e.Parts {
			none *= 1 - Probability(part, term, fact)
		}
		return 1 - none
	case Negation:
		return 1 - Probability(e.Of, term, fact)
	case Term:
		return term(e)
	case Fact:
		if fact(e.Filter) {
			return 1
		}
	}
	return 0
}
