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
	walk(e, true, func(t Term, positive bool) {
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

func walk(e Expr, positive bool, visit func(Term, bool)) {
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
	case Term:
		visit(e, positive)
	}
}

// Filter gives a filter that every image with a non-zero probability passes: what the facts of the expression imply.
// Nil when they imply nothing.
func Filter(e Expr) sightline.Filter { return implied(e, false) }

// implied follows negations down to the facts: NOT turns AND into OR and OR into AND.
func implied(e Expr, negated bool) sightline.Filter {
	switch e := e.(type) {
	case Fact:
		if negated {
			return sightline.Not{Of: e.Filter}
		}
		return e.Filter
	case Negation:
		return implied(e.Of, !negated)
	case All:
		if negated {
			return impliedByEach(e.Parts, negated)
		}
		return impliedByAny(e.Parts, negated)
	case Any:
		if negated {
			return impliedByAny(e.Parts, negated)
		}
		return impliedByEach(e.Parts, negated)
	}
	return nil
}

// impliedByAny is the filter of parts that must all hold: what any of them implies.
func impliedByAny(parts []Expr, negated bool) sightline.Filter {
	var all sightline.And
	for _, p := range parts {
		if f := implied(p, negated); f != nil {
			all = append(all, f)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return all
}

// impliedByEach is the filter of parts of which one must hold: something only when each of them implies something.
func impliedByEach(parts []Expr, negated bool) sightline.Filter {
	var either sightline.Or
	for _, p := range parts {
		f := implied(p, negated)
		if f == nil {
			return nil
		}
		either = append(either, f)
	}
	return either
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
