package sightline

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestPathGlobMatches(t *testing.T) {
	const p = "/photos/Holiday/beach/IMG_1234.JPG"
	for _, row := range []struct {
		pattern string
		want    bool
	}{
		{"holiday", true},
		{"holiday/", true},
		{"holiday/*", true},
		{"HOLIDAY/BEACH", true},
		{"holi*", true},
		{"holi*/", true},
		{"holiday/*/img_*.jpg", true},
		{"holiday/*.jpg", false},
		{"holiday/**/*.jpg", true},
		{"photos/**/beach", true},
		{"photos/**/holiday", true},
		{"**", true},
		{"*.jpg", true},
		{"*.jpg/", false},
		{"img_1234.jpg", true},
		{"img_123[0-9].jpg", true},
		{"img_????.jpg", true},
		{"mg_1234.jpg", false},
		{"day/beach", false},
		{"/photos", true},
		{"/photos/*", true},
		{"/photos/*/beach/*", true},
		{"/holiday", false},
		{"/*/holiday", true},
		{"/", true},
		{"beach/holiday", false},
		{"holiday//beach", true},
		{"", false},
		{"holiday/[", false},
		{"[", false},
		{`img\_1234.jpg`, true},
		{strings.Repeat("**/", 600) + "nowhere", false},
		{strings.Repeat("**/*/", 300), false},
	} {
		assert.Equal(t, row.want, PathGlob(row.pattern).Matches(p), "pattern %q", row.pattern)
	}
	assert.True(t, PathGlob("straße/日本*").Matches("/fotos/STRASSE/straße/日本語.png"))
}

func TestNameGlobMatchesTheBaseNameOnly(t *testing.T) {
	const p = "/photos/Holiday/IMG_1234.JPG"
	for pattern, want := range map[string]bool{
		"IMG_1*": true, "img_1*": true, "*.jpg": true, "img_1234.jpg": true, "img_1234": false,
		"holiday*": false, "*holiday*": false, "": false, "[": false, "*": true, "holiday/*": false,
	} {
		assert.Equal(t, want, NameGlob(pattern).Matches(p), "pattern %q", pattern)
	}
}

func TestMatchFilterLeaves(t *testing.T) {
	may := time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)
	img := &Image{
		ID: "aa", Format: "jpeg", Width: 4000, Height: 3000, TakenAt: may, Camera: "FUJIFILM X100V",
		Files: []File{{Path: "/photos/a.jpg"}, {Path: "/backup/holiday/copy of a.jpg"}},
	}
	undated := &Image{ID: "bb", Format: "png", Files: []File{{Path: "/photos/b.png"}}}
	tag := func(name string) float64 { return map[string]float64{"dog": 0.8}[name] }

	for name, row := range map[string]struct {
		filter    Filter
		img, none bool // whether it holds for img and for undated
	}{
		"nil":                    {nil, true, true},
		"any of the files":       {PathGlob("holiday"), true, false},
		"name of the second":     {NameGlob("copy*"), true, false},
		"from is inclusive":      {TakenIn{From: may}, true, false},
		"to is exclusive":        {TakenIn{To: may}, false, false},
		"open on both sides":     {TakenIn{}, true, false},
		"in the range":           {TakenIn{From: may.AddDate(0, -1, 0), To: may.AddDate(0, 1, 0)}, true, false},
		"camera ignores case":    {CameraHas("x100"), true, false},
		"camera empty text":      {CameraHas(""), true, true},
		"least size":             {SizeIn{MinPixels: 12_000_000}, true, false},
		"too small":              {SizeIn{MinPixels: 12_000_001}, false, false},
		"most size":              {SizeIn{MaxPixels: 12_000_000}, true, true},
		"format ignores case":    {FormatIs("JPEG"), true, false},
		"tag over":               {TagOver{"dog", 0.79}, true, true},
		"tag not over its own":   {TagOver{"dog", 0.8}, false, false},
		"absent tag counts as 0": {TagOver{"cat", 0}, false, false},
		"negative bound":         {TagOver{"cat", -1}, true, true},
		"ids":                    {IDIn{"aa", "cc"}, true, false},
		"no ids":                 {IDIn{}, false, false},
		"empty and":              {And{}, true, true},
		"empty or":               {Or{}, false, false},
		"and":                    {And{FormatIs("jpeg"), Not{CameraHas("x100")}}, false, false},
		"or":                     {Or{FormatIs("png"), CameraHas("x100")}, true, true},
		"not":                    {Not{FormatIs("png")}, true, false},
		"not of nothing":         {Not{}, false, false},
	} {
		assert.Equal(t, row.img, MatchFilter(row.filter, img, tag), name)
		assert.Equal(t, row.none, MatchFilter(row.filter, undated, tag), name+", undated image")
	}
}
