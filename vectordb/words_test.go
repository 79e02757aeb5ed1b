package vectordb_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sightline-search/sightline/vectordb"
)

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"IMG_1234.JPG":              {"img", "1234", "jpg"},
		"summer-beach (2).jpeg":     {"summer", "beach", "2", "jpeg"},
		"Café":                      {"cafe"},
		"Cafe\u0301":                {"cafe"}, // as some systems write file names
		"GRÖSSE straße":             {"grosse", "straße"},
		"ﬁnal ①":                    {"final", "1"}, // compatibility forms
		"海辺の猫2":                     {"海", "辺", "の", "猫", "2"},
		"ガ":                         {"ガ"}, // another letter than カ
		"서울":                        {"서울"},
		"हिन्दी":                    {"हिन्दी"}, // vowel signs belong to the word
		"Москва 🐈 2024":             {"москва", "2024"},
		"\xff\xfebroken\x00bytes":   {"broken", "bytes"},
		"":                          nil,
		" \t-_.!\"*":                nil,
		"don't":                     {"don", "t"},
		"FUJIFILM X-100V/ILCE-7RM3": {"fujifilm", "x", "100v", "ilce", "7rm3"},
	} {
		assert.Equal(t, want, vectordb.Words(text), "text %q", text)
	}
}
