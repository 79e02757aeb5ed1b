package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind int

const (
	endToken kind = iota
	wordToken
	phraseToken
	fieldToken
	andToken // AND or a comma
	orToken
	notToken   // NOT
	minusToken // '-' directly before what it negates
	openToken
	closeToken
)

// token is one lexical unit. For a field, field holds the name in lower case, text the value, and suffix what follows
// a quoted value ("camera" has none, tag:"hot dog">0.8 has ">0.8").
type token struct {
	kind     kind
	from, to int // bytes of the source
	text     string
	field    string
	quoted   bool
	suffix   string
}

// operators are words only in capitals, so that "salt and pepper" stays a sentence.
var operators = map[string]kind{"AND": andToken, "OR": orToken, "NOT": notToken}

// closing gives the quote that ends a phrase, by the one that began it: phones type the typographic ones by themselves.
var closing = map[rune]rune{'"': '"', '“': '”', '„': '“', '«': '»'}

type lexer struct {
	src string
	at  int // byte offset of what is read next
}

// next reads one token.
func (l *lexer) next() (token, error) {
	l.skipSpace()
	from := l.at
	r, size := l.peek()
	one := func(k kind) (token, error) {
		l.at += size
		return token{kind: k, from: from, to: l.at}, nil
	}
	switch {
	case size == 0:
		return one(endToken)
	case r == '(':
		return one(openToken)
	case r == ')':
		return one(closeToken)
	case r == ',':
		return one(andToken)
	case closing[r] != 0:
		text, err := l.phrase()
		return token{kind: phraseToken, from: from, to: l.at, text: text}, err
	case r == '-' && l.negates():
		return one(minusToken)
	}
	return l.word()
}

func (l *lexer) peek() (rune, int) { return utf8.DecodeRuneInString(l.src[l.at:]) }

func (l *lexer) skipSpace() {
	for {
		r, size := l.peek()
		if size == 0 || !unicode.IsSpace(r) {
			return
		}
		l.at += size
	}
}

// negates reports whether the '-' at hand belongs to what follows it; a dash between spaces is a word.
func (l *lexer) negates() bool {
	r, size := utf8.DecodeRuneInString(l.src[l.at+1:])
	return size > 0 && !unicode.IsSpace(r) && r != '-' && r != ',' && r != ')'
}

// phrase reads a quoted text; a backslash takes the next character as it is.
func (l *lexer) phrase() (string, error) {
	from := l.at
	first, size := l.peek()
	end := closing[first]
	l.at += size
	var text strings.Builder
	for {
		r, size := l.peek()
		l.at += size
		switch {
		case size == 0:
			return "", syntaxError(l.src, from, "the quote that begins here is not closed")
		case r == end:
			words := squeeze(text.String())
			if words == "" {
				return "", syntaxError(l.src, from, "there is nothing between these quotes")
			}
			return words, nil
		case r == '\\':
			if r, size = l.peek(); size == 0 {
				continue
			}
			l.at += size
		}
		text.WriteRune(r)
	}
}

// word reads a plain word, an operator or a field.
func (l *lexer) word() (token, error) {
	from := l.at
	for {
		r, size := l.peek()
		if size == 0 || l.endsWord(r) {
			break
		}
		l.at += size
		if r == ':' && fieldName(l.src[from:l.at-1]) && l.hasValue() {
			return l.field(from)
		}
	}
	text := l.src[from:l.at]
	if k, ok := operators[text]; ok {
		return token{kind: k, from: from, to: l.at, text: text}, nil
	}
	return token{kind: wordToken, from: from, to: l.at, text: text}, nil
}

// endsWord reports whether r, which is read next, ends a word. A comma between digits does not: "1,000 people".
func (l *lexer) endsWord(r rune) bool {
	if r == ',' && l.at > 0 && l.at+1 < len(l.src) {
		return !digit(l.src[l.at-1]) || !digit(l.src[l.at+1])
	}
	return unicode.IsSpace(r) || r == '(' || r == ')' || r == ',' || closing[r] != 0
}

// field reads the value of a field whose name and colon have been read.
func (l *lexer) field(from int) (token, error) {
	t := token{kind: fieldToken, from: from, field: strings.ToLower(l.src[from : l.at-1])}
	if r, _ := l.peek(); closing[r] != 0 {
		text, err := l.phrase()
		if err != nil {
			return t, err
		}
		t.text, t.quoted = text, true
		t.suffix = l.rest()
	} else {
		t.text = l.rest()
	}
	t.to = l.at
	return t, nil
}

// rest reads up to the next space, quote, comma or parenthesis.
func (l *lexer) rest() string {
	from := l.at
	for {
		r, size := l.peek()
		if size == 0 || l.endsWord(r) {
			return l.src[from:l.at]
		}
		l.at += size
	}
}

// hasValue tells a field from a word with a colon, at the character after the colon: a colon that ends a word is
// punctuation ("look: a dog") unless the name is a known field's, and "//" makes it an address.
func (l *lexer) hasValue() bool {
	if strings.HasPrefix(l.src[l.at:], "//") {
		return false
	}
	r, size := l.peek()
	if size > 0 && (closing[r] != 0 || !l.endsWord(r)) {
		return true
	}
	name := l.src[:l.at-1]
	name = name[strings.LastIndexFunc(name, func(r rune) bool { return !letter(r) })+1:]
	return fields[strings.ToLower(name)] != nil
}

// fieldName reports whether the word before a colon can name a field: letters and '_' only, so "10:30" is a word.
func fieldName(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !letter(r) }) < 0
}

func letter(r rune) bool { return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

func digit(b byte) bool { return b >= '0' && b <= '9' }

// squeeze puts one space between words and none around them.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
