package index_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/index"
)

func TestTagsThatAreRefused(t *testing.T) {
	p := parts(t)
	x := index.New(p)
	noise(t, p, 3)
	addTag(t, x, index.TagSpec{Name: "mine"})
	over, nan := 1.1, math.NaN()
	label := p.Bundle.Labels[0].Name
	var alias string
	for _, l := range p.Bundle.Labels {
		if len(l.Aliases) > 0 {
			alias = l.Aliases[0]
		}
	}
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprintf("number %d", i)
	}
	for name, c := range map[string]struct {
		spec  index.TagSpec
		code  sightline.Code
		param string
		says  string
	}{
		"no name":            {index.TagSpec{Name: " \u00a0 "}, sightline.CodeInvalid, "name", "empty"},
		"endless name":       {index.TagSpec{Name: strings.Repeat("ö", 101)}, sightline.CodeInvalid, "name", "at most 100"},
		"control characters": {index.TagSpec{Name: "a\x1b[31mb"}, sightline.CodeInvalid, "name", "control characters"},
		"line break":         {index.TagSpec{Name: "a\nb"}, sightline.CodeInvalid, "name", "control characters"},
		"name not UTF-8":     {index.TagSpec{Name: "a\xffb"}, sightline.CodeInvalid, "name", "UTF-8"},
		"10 MB name":         {index.TagSpec{Name: strings.Repeat("x", 10<<20)}, sightline.CodeInvalid, "name", "10485760 characters"},
		"a label":            {index.TagSpec{Name: strings.ToUpper(label)}, sightline.CodeNameTaken, "name", label},
		"an alias":           {index.TagSpec{Name: alias}, sightline.CodeNameTaken, "name", alias},
		"another tag":        {index.TagSpec{Name: "MINE"}, sightline.CodeNameTaken, "name", "mine"},
		"other descriptions": {index.TagSpec{Name: "mine", Descriptions: []string{"yours"}}, sightline.CodeNameTaken, "name", "tags set"},
		"empty description":  {index.TagSpec{Name: "a tag", Descriptions: []string{"good", " "}}, sightline.CodeInvalid, "descriptions", "description 2"},
		"no word":            {index.TagSpec{Name: "a tag", Descriptions: []string{"\u200b\u0300"}}, sightline.CodeInvalid, "descriptions", "no word"},
		"name without words": {index.TagSpec{Name: "\u200b"}, sightline.CodeInvalid, "descriptions", "no word"},
		"10 MB description":  {index.TagSpec{Name: "a tag", Descriptions: []string{strings.Repeat("x", 10<<20)}}, sightline.CodeInvalid, "descriptions", "at most 2000"},
		"too many":           {index.TagSpec{Name: "a tag", Descriptions: many}, sightline.CodeInvalid, "descriptions", "at most 100"},
		"said twice":         {index.TagSpec{Name: "a tag", Descriptions: []string{"x", "y", "x"}}, sightline.CodeInvalid, "descriptions", "1 and 3 are the same"},
		"threshold over 1":   {index.TagSpec{Name: "a tag", Threshold: &over}, sightline.CodeInvalid, "threshold", "0 to 1"},
		"threshold NaN":      {index.TagSpec{Name: "a tag", Threshold: &nan}, sightline.CodeInvalid, "threshold", "0 to 1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := x.AddTag(t.Context(), c.spec)
			require.Equal(t, c.code, sightline.CodeOf(err), "%v", err)
			assert.ErrorContains(t, err, c.says)
			assert.Less(t, len(err.Error()), 600, "a long value is not repeated")
			var coded *sightline.Error
			require.ErrorAs(t, err, &coded)
			assert.Equal(t, c.param, coded.Param)
		})
	}
	tags, err := x.Tags(t.Context(), true)
	require.NoError(t, err)
	assert.Len(t, tags, 1)

	for name, change := range map[string]index.TagChange{
		"over": {Threshold: &over}, "both": {Threshold: new(float64), DefaultThreshold: true}, "none": {Descriptions: []string{}}, "bad": {Descriptions: []string{""}},
	} {
		_, err := x.SetTag(t.Context(), "mine", change)
		assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err), name)
	}
	half := 0.5
	_, err = x.SetTag(t.Context(), "no such tag", index.TagChange{Threshold: &half})
	assert.Equal(t, sightline.CodeNotFound, sightline.CodeOf(err))
	_, err = x.SetTag(t.Context(), label, index.TagChange{Threshold: &half})
	assert.ErrorContains(t, err, "label of the model")
	assert.Equal(t, sightline.CodeNotFound, sightline.CodeOf(x.RemoveTag(t.Context(), "no such tag")))
	_, err = x.PreviewTag(t.Context(), party, index.PreviewOptions{Limit: 1001})
	assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err))
}

func TestABundleWithoutTextHasNoTagsOfTheUsers(t *testing.T) {
	p := parts(t)
	noise(t, p, 3)
	p.Texts = nil
	x := index.New(p)
	_, err := x.AddTag(t.Context(), party)
	assert.Equal(t, sightline.CodeBundleNoText, sightline.CodeOf(err))
	_, err = x.PreviewTag(t.Context(), party, index.PreviewOptions{})
	assert.Equal(t, sightline.CodeBundleNoText, sightline.CodeOf(err))
	tags, err := x.Tags(t.Context(), false)
	require.NoError(t, err)
	assert.Len(t, tags, len(p.Bundle.Labels))
}
