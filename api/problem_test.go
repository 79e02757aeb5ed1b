package api

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
)

func TestEveryCodeHasAStatusAndTheDocumentationAgrees(t *testing.T) {
	source, err := os.ReadFile("../errors.go")
	require.NoError(t, err)
	docs, err := os.ReadFile("../docs/api.md")
	require.NoError(t, err)
	codes := regexp.MustCompile(`Code = "(\w+)"`).FindAllSubmatch(source, -1)
	require.Len(t, codes, len(kinds), "one status for each code")
	for _, match := range codes {
		p := problemOf(sightline.Errorf(sightline.Code(match[1]), "something"))
		assert.Equal(t, sightline.Code(match[1]), p.Code)
		row := fmt.Sprintf("<a id=\"%s\"></a>`%s` | %d |", match[1], match[1], p.Status)
		assert.Contains(t, string(docs), row)
	}
}

func TestDefectsKeepTheirCauseFromTheClient(t *testing.T) {
	p := problemOf(errors.New("/secret/path: disk on fire"))
	assert.Equal(t, http.StatusInternalServerError, p.Status)
	assert.Equal(t, sightline.CodeInternal, p.Code)
	assert.NotContains(t, p.Detail+p.Hint, "secret")
}

func TestWrappedErrorsKeepTheirCode(t *testing.T) {
	p := problemOf(fmt.Errorf("search: %w", sightline.Errorf(sightline.CodeNotFound, "no image 7").WithHint("look again")))
	assert.Equal(t, http.StatusNotFound, p.Status)
	assert.Equal(t, "no image 7", p.Detail)
	assert.Equal(t, "look again", p.Hint)
}
