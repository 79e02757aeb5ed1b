package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"testing"

	"github.com/gin-gonic/gin"
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

func TestAnswersThatTakeTooLongAreUnavailable(t *testing.T) {
	p := problemOf(fmt.Errorf("search: %w", context.DeadlineExceeded))
	assert.Equal(t, http.StatusServiceUnavailable, p.Status)
	assert.Equal(t, sightline.CodeTimeout, p.Code)
	assert.NotEmpty(t, p.Hint)
}

// answerOf answers one request with a handler that does this, and gives the answer and the log.
func answerOf(ctx context.Context, t *testing.T, h func(c *gin.Context) error) (answer *httptest.ResponseRecorder, log string) {
	t.Helper()
	var lines bytes.Buffer
	s := &server{Options: Options{Log: slog.New(slog.NewTextHandler(&lines, nil))}}
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(s.logRequest, s.recoverPanic)
	r.GET("/", s.handle(h)) //nolint:contextcheck // a handler takes the context of its request
	answer = httptest.NewRecorder()
	r.ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
	return answer, lines.String()
}

func TestPanicsBecomeInternalErrors(t *testing.T) {
	answer, log := answerOf(t.Context(), t, func(*gin.Context) error { panic("out of cheese") })
	assert.Equal(t, http.StatusInternalServerError, answer.Code)
	assert.Equal(t, "application/problem+json", answer.Header().Get("Content-Type"))
	assert.NotContains(t, answer.Body.String(), "cheese")
	assert.Contains(t, log, "out of cheese")
	assert.Contains(t, log, answer.Header().Get("X-Request-Id"), "the client can name the line in the log")
}

func TestClientsThatHungUpAreNoFailure(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, log := answerOf(ctx, t, func(c *gin.Context) error {
		cancel()
		return c.Request.Context().Err()
	})
	assert.Contains(t, log, "status=499")
	assert.NotContains(t, log, "level=ERROR")
}

func TestHeadersOfTheAnswerThatWasMeantDoNotStayOnErrors(t *testing.T) {
	answer, _ := answerOf(t.Context(), t, func(c *gin.Context) error {
		c.Header("ETag", `"x"`)
		c.Header("Cache-Control", immutable)
		return sightline.Errorf(sightline.CodeVanished, "gone")
	})
	assert.Empty(t, answer.Header().Get("ETag"))
	assert.Equal(t, "no-store", answer.Header().Get("Cache-Control"))
}
