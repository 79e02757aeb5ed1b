package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/api"
)

func TestAServerThatIsLoadingIsAliveAndSaysWhy(t *testing.T) {
	for _, path := range []string{"/readyz", "/v1/search?q=dog", "/v1/stats", "/"} {
		answer := httptest.NewRecorder()
		api.Loading().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		require.Equal(t, http.StatusServiceUnavailable, answer.Code, path)
		assert.Equal(t, "application/problem+json", answer.Header().Get("Content-Type"))
		assert.Equal(t, "1", answer.Header().Get("Retry-After"))
		var problem map[string]any
		require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &problem))
		assert.Equal(t, "unavailable", problem["code"])
		assert.Contains(t, problem["detail"], "being loaded")
	}
	answer := httptest.NewRecorder()
	api.Loading().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/healthz", http.NoBody))
	assert.Equal(t, http.StatusOK, answer.Code)
}
