package query_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/query"
)

// TestTheExamplesOfTheDocumentation parses what docs/query-language.md shows in its tables' first columns.
func TestTheExamplesOfTheDocumentation(t *testing.T) {
	page, err := os.ReadFile("../docs/query-language.md")
	require.NoError(t, err)
	example := regexp.MustCompile("`([^`]+)`")
	parsed := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, found := range example.FindAllStringSubmatch(cells[1], -1) {
			_, err := query.Parse(found[1])
			assert.NoError(t, err)
			parsed++
		}
	}
	assert.Greater(t, parsed, 25, "the page's tables have examples")

	_, err = query.Parse("dog AND OR cat")
	assert.Contains(t, string(page), err.Error(), "the page shows an error as it is")
}
