package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/api"
)

const key = "correct-horse"

func TestKeyIsNeededOffLoopback(t *testing.T) {
	lib := newLibrary(t, func(o *api.Options) { o.Loopback, o.Key = false, key })
	for name, c := range map[string]struct {
		headers []string
		status  int
	}{
		"none":               {nil, 401},
		"wrong":              {[]string{"X-Api-Key", "wrong"}, 401},
		"prefix":             {[]string{"X-Api-Key", key[:5]}, 401},
		"longer":             {[]string{"X-Api-Key", key + "x"}, 401},
		"wrong scheme":       {[]string{"Authorization", "Basic " + key}, 401},
		"right":              {[]string{"X-Api-Key", key}, 200},
		"right bearer":       {[]string{"Authorization", "Bearer " + key}, 200},
		"any host name goes": {[]string{"X-Api-Key", key, "Host", "photos.example"}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			response := lib.get("/v1/stats", c.headers...)
			require.Equal(t, c.status, response.StatusCode)
			if c.status == 401 {
				assert.Contains(t, response.Header.Get("WWW-Authenticate"), "Bearer")
				requireProblem(t, response, 401, "unauthorized", "")
			}
		})
	}
	for _, open := range []string{"/", "/healthz", "/readyz"} {
		assert.Equal(t, http.StatusOK, lib.get(open).StatusCode, "%s needs no key", open)
	}
}

func TestServerWithoutAKeyLetsNobodyInFromOutside(t *testing.T) {
	lib := newLibrary(t, func(o *api.Options) { o.Loopback = false })
	for _, headers := range [][]string{nil, {"X-Api-Key", ""}, {"X-Api-Key", "x"}, {"Authorization", "Bearer "}} {
		requireProblem(t, lib.get("/v1/stats", headers...), 401, "unauthorized", "")
	}
}

func TestLoopbackNeedsNoKeyButItsOwnName(t *testing.T) {
	lib := newLibrary(t, func(o *api.Options) { o.Key = key })
	for _, host := range []string{"localhost", "localhost:8080", "LOCALHOST.", "127.0.0.1:8080", "127.8.9.1", "[::1]:8080", "photos.localhost"} {
		assert.Equal(t, http.StatusOK, lib.get("/v1/stats", "Host", host).StatusCode, host)
	}
	for _, host := range []string{"evil.example", "evil.example:8080", "localhost.evil.example", "192.168.1.2", "127.0.0.1.evil.example", "0.0.0.0", ""} {
		requireProblem(t, lib.get("/v1/stats", "Host", host), 403, "forbidden", "Host")
		assert.Equal(t, http.StatusForbidden, lib.get("/", "Host", host).StatusCode, "the page too: %s", host)
	}
	requireProblem(t, lib.get("/v1/stats", "X-Forwarded-For", "203.0.113.9"), 401, "unauthorized", "")
	assert.Equal(t, http.StatusOK, lib.get("/v1/stats", "X-Forwarded-For", "203.0.113.9", "X-Api-Key", key).StatusCode)
}

func TestOtherSitesMayNotPost(t *testing.T) {
	lib := newLibrary(t, nil)
	body := `{"query": "dog"}`
	requireProblem(t, lib.post("/v1/search", body, "Origin", "https://evil.example"), 403, "forbidden", "Origin")
	requireProblem(t, lib.post("/v1/search", body, "Sec-Fetch-Site", "cross-site"), 403, "forbidden", "Origin")
	assert.Equal(t, http.StatusOK, lib.post("/v1/search", body, "Sec-Fetch-Site", "same-origin", "Origin", "http://localhost:8080").StatusCode)
}

func TestEveryAnswerIsGuardedAndNamed(t *testing.T) {
	lib := newLibrary(t, nil)
	for _, path := range []string{"/", "/healthz", "/v1/stats", "/nowhere"} {
		h := lib.get(path).Header
		assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
		assert.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
		assert.NotEmpty(t, h.Get("X-Request-Id"), path)
		assert.Empty(t, h.Get("Access-Control-Allow-Origin"), path)
	}
	assert.Equal(t, "abc-123", lib.get("/v1/stats", "X-Request-Id", "abc-123").Header.Get("X-Request-Id"))
	assert.NotContains(t, lib.get("/healthz", "X-Request-Id", "a b\"c").Header.Get("X-Request-Id"), " ")
	assert.Contains(t, lib.log.String(), "request_id=abc-123")
	assert.NotContains(t, lib.log.String(), "path=/healthz", "a monitor's questions are not worth a line")
}

func TestTheLogKeepsQueriesAndKeysPrivate(t *testing.T) {
	lib := newLibrary(t, func(o *api.Options) { o.Loopback, o.Key = false, key })
	lib.get("/v1/search?q=secretword", "X-Api-Key", key)
	assert.Contains(t, lib.log.String(), "path=/v1/search")
	assert.NotContains(t, lib.log.String(), "secretword")
	assert.NotContains(t, lib.log.String(), key)
}

func TestWrongRoutesAndMethods(t *testing.T) {
	lib := newLibrary(t, nil)
	for _, path := range []string{"/nowhere", "/v1", "/v1/nothing", "/v1/search/", "/index.html"} {
		requireProblem(t, lib.get(path), 404, "not_found", "")
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch} {
		response := lib.do(method, "/v1/search", nil)
		assert.Contains(t, response.Header.Get("Allow"), "POST")
		requireProblem(t, response, 405, "method_not_allowed", "")
	}
}

func TestStatsAndHealth(t *testing.T) {
	lib := newLibrary(t, nil)
	stats := read(t, lib.get("/v1/stats"))
	assert.EqualValues(t, 4, stats["images"])
	assert.EqualValues(t, 0, stats["bad_files"])
	assert.Equal(t, "test", stats["version"])
	assert.Equal(t, true, stats["model"].(map[string]any)["free_text"])
	assert.Equal(t, "alive", read(t, lib.get("/healthz"))["status"])
	assert.Equal(t, "ready", read(t, lib.get("/readyz"))["status"])
	for _, path := range []string{"/", "/healthz", "/readyz", "/v1/stats", "/v1/images", "/v1/search?q=dog"} {
		assert.Equal(t, http.StatusOK, lib.do(http.MethodHead, path, nil).StatusCode, path)
	}
}
