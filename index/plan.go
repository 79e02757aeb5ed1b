package index

import (
	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/query"
)

// plan is a parsed query joined with the vocabulary: what is a stored fact, what is a stored probability and what has to
// be decoded.
type plan struct {
	rest   query.Expr         // what facts do not decide; nil when they decide all
	filter sightline.Filter   // what every image with a non-zero probability passes
	near   sightline.Filter   // filter, and the labels that such an image must have
	terms  []planTerm         // in the order of the query
	texts  []string           // the free texts among them
	facts  []sightline.Filter // of rest, where it has any
}

// planTerm is a term and where its probability comes from.
type planTerm struct {
	query.TermUse
	label string // the stored name of the label or the user's tag; "" for free text
	text  int    // index in plan.texts, of free text
}

// plan reads the query of a request.
func (v vocabulary) plan(r *Request) (*plan, error) {
	parse := query.Parse
	if r.Plain {
		parse = query.Plain
	}
	expr, err := parse(r.Query)
	if err != nil {
		return nil, err
	}
	given, err := v.filter(r.Filter)
	if err != nil {
		return nil, err
	}
	if expr, err = v.nameLabels(expr); err != nil {
		return nil, err
	}
	p := &plan{rest: query.Rest(expr)}
	p.filter = both(query.Filter(expr), given)
	for _, use := range query.Terms(expr) {
		if err := p.add(v, use); err != nil {
			return nil, err
		}
	}
	implied := query.Implied(expr, func(t query.Term, negated bool) sightline.Filter {
		if label := p.label(t); label != "" && !negated {
			return sightline.TagOver{Name: label, P: 0}
		}
		return nil
	})
	p.near = both(implied, given)
	p.facts = query.Facts(p.rest)
	return p, nil
}

// add decides where a term's probability comes from.
func (p *plan) add(v vocabulary, use query.TermUse) error {
	t := planTerm{TermUse: use}
	if name, ok := v.stored(use.Term.Text); ok {
		t.label = name
	} else if use.Term.Label {
		return noLabel("query", use.Term.Text)
	} else {
		if v.x.texts == nil {
			return noText(use.Term.Text)
		}
		t.text = len(p.texts)
		p.texts = append(p.texts, use.Term.Text)
	}
	p.terms = append(p.terms, t)
	return nil
}

// tags lists the stored names of all labels and tags that the query names.
func (p *plan) tags() []string {
	names := append(tagsIn(p.filter), tagsInAll(p.facts)...)
	for _, t := range p.terms {
		if t.label != "" {
			names = append(names, t.label)
		}
	}
	return names
}

// label is the name of the label that a term stands for; "" for free text.
func (p *plan) label(t query.Term) string {
	for _, known := range p.terms {
		if known.Term == t {
			return known.label
		}
	}
	return ""
}

func noText(text string) error {
	return sightline.Errorf(sightline.CodeBundleNoText, "%q is none of the model's labels, and this model has no text encoder", text).
		WithParam("query").WithHint("search for a label, or use a bundle with a text encoder")
}

// both joins two filters, either of which may be nil.
func both(a, b sightline.Filter) sightline.Filter {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return sightline.And{a, b}
}
