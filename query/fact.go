package query

import (
	"math"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/sightline-search/sightline"
)

// fieldReader makes a filter of a field's value, or says in words why not.
type fieldReader func(value string) (sightline.Filter, string)

// fields are the facts that can be asked for, besides "tag", whose values are read by readTag.
var fields = map[string]fieldReader{
	"tag":    nil,
	"path":   readPath,
	"name":   readName,
	"taken":  readTaken,
	"camera": func(v string) (sightline.Filter, string) { return sightline.CameraHas(v), "" },
	"size":   readSize,
	"type":   readType,
}

// fieldList names the fields for messages.
func fieldList() string { return "tag:, path:, name:, taken:, camera:, size:, type:" }

// readField makes a term or a fact of a field token.
func readField(src string, t token) (Expr, error) {
	if _, ok := fields[t.field]; !ok {
		return nil, syntaxError(src, t.from, "there is no field %q; the fields are %s; in quotes it is plain text", t.field+":", fieldList())
	}
	if t.text == "" {
		return nil, syntaxError(src, t.to, "%s: needs its value directly after the colon", t.field)
	}
	source := src[t.from:t.to]
	if t.field == "tag" {
		return readTag(src, t)
	}
	if t.suffix != "" {
		return nil, syntaxError(src, t.to-len(t.suffix), "%q cannot follow the quoted value of %s:", t.suffix, t.field)
	}
	filter, why := fields[t.field](t.text)
	if why != "" {
		return nil, syntaxError(src, t.from+len(t.field)+1, "%s: %s", t.field, why)
	}
	return Fact{Source: source, Filter: filter}, nil
}

// readTag reads tag:NAME, a term, and tag:NAME>P (also <, >=, <=), a fact.
func readTag(src string, t token) (Expr, error) {
	name, condition := t.text, t.suffix
	if !t.quoted {
		if i := strings.IndexAny(name, "<>"); i >= 0 {
			name, condition = name[:i], name[i:]
		}
	}
	if name == "" {
		return nil, syntaxError(src, t.from, "tag: needs the name of a label before %q", condition)
	}
	if condition == "" {
		return Term{Text: name, Label: true}, nil
	}
	op, number := cutComparison(condition)
	p, err := strconv.ParseFloat(number, 64)
	if op == "" || err != nil || !(p >= 0 && p <= 1) {
		return nil, syntaxError(src, t.to-len(condition), "tag:%s%s: the probability after <, <=, > or >= is a number from 0 to 1", name, condition)
	}
	return Fact{Source: src[t.from:t.to], Filter: tagFilter(name, op, p)}, nil
}

// tagFilter says the four comparisons with the one that filters have; the next smaller float makes > out of >=.
func tagFilter(name, op string, p float64) sightline.Filter {
	atLeast := sightline.TagOver{Name: name, P: math.Nextafter(p, -1)}
	over := sightline.TagOver{Name: name, P: p}
	switch op {
	case ">":
		return over
	case ">=":
		return atLeast
	case "<":
		return sightline.Not{Of: atLeast}
	}
	return sightline.Not{Of: over}
}

// cutComparison splits "<=2mp" into "<=" and "2mp"; op is "" when there is none.
func cutComparison(s string) (op, rest string) {
	for _, op := range []string{">=", "<=", ">", "<"} {
		if rest, ok := strings.CutPrefix(s, op); ok {
			return op, rest
		}
	}
	return "", s
}

func readPath(v string) (sightline.Filter, string) {
	return sightline.PathGlob(v), badGlob(v)
}

func readName(v string) (sightline.Filter, string) { return sightline.NameGlob(v), badGlob(v) }

func badGlob(pattern string) string {
	if _, err := path.Match(pattern, ""); err != nil {
		return strconv.Quote(pattern) + " is not a pattern: a '[' is not closed or a '\\' ends it"
	}
	return ""
}

func readType(v string) (sightline.Filter, string) {
	switch t := strings.ToLower(v); t {
	case "jpg":
		return sightline.FormatIs("jpeg"), ""
	case "tif":
		return sightline.FormatIs("tiff"), ""
	case "jpeg", "png", "gif", "webp", "bmp", "tiff":
		return sightline.FormatIs(t), ""
	}
	return nil, strconv.Quote(v) + " is not one of jpeg, png, gif, webp, bmp, tiff"
}

// readTaken reads a day, a month, a year, or a range of them whose end is included.
func readTaken(v string) (sightline.Filter, string) {
	first, last, ranged := strings.Cut(v, "..")
	if !ranged {
		last = first
	}
	if first == "" && last == "" {
		return nil, "a range needs a beginning or an end"
	}
	var in sightline.TakenIn
	var ok bool
	if first != "" {
		if in.From, _, ok = readDate(first); !ok {
			return nil, badDate(first)
		}
	}
	if last != "" {
		if _, in.To, ok = readDate(last); !ok {
			return nil, badDate(last)
		}
		if !in.From.Before(in.To) {
			return nil, "the range ends before it begins"
		}
	}
	return in, ""
}

func badDate(s string) string {
	return strconv.Quote(s) + " is not a date like 2024, 2024-05 or 2024-05-31"
}

// readDate gives the time span [from, to) that a year, a month or a day covers.
func readDate(s string) (from, to time.Time, ok bool) {
	if t, err := time.Parse("2006-01-02", s); err == nil {
		return t, t.AddDate(0, 0, 1), true
	}
	if t, err := time.Parse("2006-01", s); err == nil {
		return t, t.AddDate(0, 1, 0), true
	}
	t, err := time.Parse("2006", s)
	return t, t.AddDate(1, 0, 0), err == nil
}
