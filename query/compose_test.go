package query_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/query"
)

func parse(t *testing.T, s string) query.Expr {
	t.Helper()
	e, err := query.Parse(s)
	require.NoError(t, err, s)
	return e
}

func TestTermsSayWhatMayProposeCandidates(t *testing.T) {
	for in, want := range map[string][]query.TermUse{
		"dog, cat":              {{Term: query.Term{Text: "dog"}, Positive: true}, {Term: query.Term{Text: "cat"}, Positive: true}},
		"dog -person":           {{Term: query.Term{Text: "dog"}, Positive: true}, {Term: query.Term{Text: "person"}}},
		"NOT NOT dog":           {{Term: query.Term{Text: "dog"}, Positive: true}},
		"NOT dog OR dog":        {{Term: query.Term{Text: "dog"}, Positive: true}},
		"NOT (a OR NOT b)":      {{Term: query.Term{Text: "a"}}, {Term: query.Term{Text: "b"}, Positive: true}},
		"tag:dog, dog":          {{Term: query.Term{Text: "dog", Label: true}, Positive: true}, {Term: query.Term{Text: "dog"}, Positive: true}},
		"path:x/*, type:png":    nil,
		"dog OR dog OR tag:a>0": {{Term: query.Term{Text: "dog"}, Positive: true}},
	} {
		assert.Equal(t, want, query.Terms(parse(t, in)), in)
	}
}

func TestFilterIsWhatTheFactsImply(t *testing.T) {
	png, a := sightline.FormatIs("png"), sightline.NameGlob("a*")
	for in, want := range map[string]sightline.Filter{
		"dog":                         nil,
		"dog type:png":                png,
		"dog type:png name:a*":        sightline.And{png, a},
		"dog OR type:png":             nil,
		"name:a* OR type:png":         sightline.Or{a, png},
		"(dog name:a*) OR type:png":   sightline.Or{a, png},
		"NOT type:png":                sightline.Not{Of: png},
		"NOT (dog type:png)":          nil,
		"NOT (dog OR type:png)":       sightline.Not{Of: png},
		"NOT (type:png name:a*)":      sightline.Or{sightline.Not{Of: png}, sightline.Not{Of: a}},
		"NOT (dog OR NOT type:png)":   png,
		"dog (type:png OR beach) cat": nil,
	} {
		assert.Equal(t, want, query.Filter(parse(t, in)), in)
	}
}

func TestProbabilityTakesTermsAsIndependent(t *testing.T) {
	p := map[string]float64{"dog": 0.8, "cat": 0.5, "person": 0.1}
	for in, want := range map[string]float64{
		"dog":                 0.8,
		"dog, cat":            0.4,
		"dog OR cat":          0.9,
		"NOT person":          0.9,
		"dog -person":         0.72,
		"dog type:png":        0.8,
		"dog type:gif":        0,
		"NOT type:gif":        1,
		"(dog OR cat) person": 0.09,
		"unknown":             0,
	} {
		got := query.Probability(parse(t, in),
			func(t query.Term) float64 { return p[t.Text] },
			func(f sightline.Filter) bool { return f == sightline.FormatIs("png") })
		assert.InDelta(t, want, got, 1e-12, in)
	}
}

func TestRegardlessIsWhatMatchesWithoutAnyTerm(t *testing.T) {
	png := sightline.FormatIs("png")
	for in, want := range map[string]sightline.Filter{
		"dog":                       sightline.Or{},
		"dog -cat":                  sightline.Or{},
		"NOT dog":                   nil,
		"type:png":                  png,
		"dog OR type:png":           png,
		"dog OR NOT cat":            nil,
		"dog type:png":              sightline.Or{},
		"NOT dog type:png":          png,
		"NOT (dog type:png)":        nil,
		"dog OR (cat type:png)":     sightline.Or{},
		"dog OR (NOT cat type:png)": png,
	} {
		got := query.Regardless(parse(t, in))
		assert.Equal(t, want, got, in)
		assert.Equal(t, in == "dog" || query.Never(want), query.Never(got), in)
	}
}

func TestRestIsWhatTheFilterDoesNotSay(t *testing.T) {
	for in, want := range map[string]string{
		"dog":                            "dog",
		"dog type:png":                   "dog",
		"dog -cat type:png":              "dog AND NOT cat",
		"dog OR type:png":                "dog OR type:png",
		"dog (cat OR name:a*) -type:png": "dog AND (cat OR name:a*)",
	} {
		assert.Equal(t, want, query.Rest(parse(t, in)).String(), in)
	}
	assert.Nil(t, query.Rest(parse(t, "type:png (name:a* OR name:b*)")))
}
