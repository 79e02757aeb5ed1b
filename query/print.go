package query

import "strings"

// String prints the parts with AND between them.
func (e All) String() string { return join(e.Parts, " AND ") }

// String prints the parts with OR between them.
func (e Any) String() string { return join(e.Parts, " OR ") }

// String prints NOT before what is negated.
func (e Negation) String() string { return "NOT " + inGroup(e.Of) }

// String prints the term, in quotes where it would be read as something else without them.
func (e Term) String() string {
	text := e.Text
	if e.Label {
		if !plain(text) || strings.ContainsAny(text, " <>") {
			text = quote(text)
		}
		return "tag:" + text
	}
	if !plain(text) {
		return quote(text)
	}
	return text
}

// String prints the fact as it was written.
func (e Fact) String() string { return e.Source }

func join(parts []Expr, operator string) string {
	printed := make([]string, len(parts))
	for i, p := range parts {
		printed[i] = inGroup(p)
	}
	return strings.Join(printed, operator)
}

// inGroup prints an operand; AND and OR inside another operator are put in parentheses even where precedence would not
// need them: a printed query is for people.
func inGroup(e Expr) string {
	switch e.(type) {
	case All, Any:
		return "(" + e.String() + ")"
	}
	return e.String()
}

// plain reports whether the text without quotes is read as this one term.
func plain(text string) bool {
	l := lexer{src: text}
	for from := 0; ; {
		t, err := l.next()
		if err != nil || t.kind == endToken {
			return err == nil && text != "" && squeeze(text) == text
		}
		if t.kind != wordToken || t.from != from {
			return false
		}
		from = t.to + 1
	}
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
