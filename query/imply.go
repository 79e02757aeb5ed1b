package query

import "github.com/sightline-search/sightline"

// Filter gives a filter that every image with a non-zero probability passes: what the facts of the expression imply.
// Nil when they imply nothing.
func Filter(e Expr) sightline.Filter {
	return Implied(e, func(Term, bool) sightline.Filter { return nil })
}

// Implied is Filter for a caller that knows what a term implies by itself, where it is asked for and where it is
// negated. Nil is nothing.
func Implied(e Expr, term func(t Term, negated bool) sightline.Filter) sightline.Filter {
	return fold(e, false, term)
}

// Regardless gives the images that the expression can match although none of its terms holds: everything for "NOT dog",
// the images in x for "dog OR path:x/*". Nil is all images; Never reports that it is none.
func Regardless(e Expr) sightline.Filter {
	return fold(e, false, func(_ Term, negated bool) sightline.Filter {
		if negated {
			return nil
		}
		return sightline.Or{}
	})
}

// Never reports whether the filter is the empty Or, which no image passes.
func Never(f sightline.Filter) bool {
	or, ok := f.(sightline.Or)
	return ok && len(or) == 0
}

// Rest is the expression without the facts that Filter says completely: for images under the filter both have the same
// probability. Nil when nothing else is asked.
func Rest(e Expr) Expr {
	if len(Terms(e)) == 0 {
		return nil
	}
	all, ok := e.(All)
	if !ok {
		return e
	}
	var parts []Expr
	for _, p := range all.Parts {
		if len(Terms(p)) > 0 {
			parts = append(parts, p)
		}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return All{parts}
}

// fold makes a filter of an expression, given what stands for a term; nil is true and the empty Or is false. It follows
// negations down to the leaves: NOT turns AND into OR and OR into AND.
func fold(e Expr, negated bool, term func(Term, bool) sightline.Filter) sightline.Filter {
	switch e := e.(type) {
	case Term:
		return term(e, negated)
	case Fact:
		if negated {
			return sightline.Not{Of: e.Filter}
		}
		return e.Filter
	case Negation:
		return fold(e.Of, !negated, term)
	case All:
		if negated {
			return foldAny(e.Parts, negated, term)
		}
		return foldAll(e.Parts, negated, term)
	case Any:
		if negated {
			return foldAll(e.Parts, negated, term)
		}
		return foldAny(e.Parts, negated, term)
	}
	return nil
}

func foldAll(parts []Expr, negated bool, term func(Term, bool) sightline.Filter) sightline.Filter {
	var all sightline.And
	for _, p := range parts {
		f := fold(p, negated, term)
		if Never(f) {
			return f
		}
		if f != nil {
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

func foldAny(parts []Expr, negated bool, term func(Term, bool) sightline.Filter) sightline.Filter {
	either := sightline.Or{}
	for _, p := range parts {
		f := fold(p, negated, term)
		if f == nil {
			return nil
		}
		if !Never(f) {
			either = append(either, f)
		}
	}
	if len(either) == 1 {
		return either[0]
	}
	return either
}
