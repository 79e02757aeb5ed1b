package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/web"
)

// get asks the page's handler and gives the answer with its body.
func get(t *testing.T, path string, headers ...string) (*http.Response, string) {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	web.Handler().ServeHTTP(recorder, request)
	response := recorder.Result()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response, string(body)
}

// references are the files that a text names: src and href of HTML, imports of modules.
var references = regexp.MustCompile(`(?:src|href)="(assets/[^"#]+)"|from "\./([^"]+)"`)

// everything walks from the page to all files that it leads to, and gives their bodies by address.
func everything(t *testing.T) map[string]string {
	t.Helper()
	_, page := get(t, "/")
	found := map[string]string{"/": page}
	folder := ""
	waiting := []string{"/"}
	for len(waiting) > 0 {
		text := found[waiting[0]]
		waiting = waiting[1:]
		for _, match := range references.FindAllStringSubmatch(text, -1) {
			address := "/" + match[1]
			if match[1] == "" {
				address = folder + match[2]
			} else {
				folder = address[:strings.LastIndex(address, "/")+1]
			}
			if _, known := found[address]; known {
				continue
			}
			response, body := get(t, address)
			require.Equal(t, http.StatusOK, response.StatusCode, address)
			found[address] = body
			waiting = append(waiting, address)
		}
	}
	return found
}

func TestPageLeadsToAllItsFiles(t *testing.T) {
	files := everything(t)
	for _, name := range []string{"app.js", "viewer.js", "panel.js", "base.css", "grid.css", "logo.svg"} {
		found := false
		for address := range files {
			found = found || strings.HasSuffix(address, "/"+name)
		}
		assert.True(t, found, "%s is not reached from the page", name)
	}
}

// Without it browsers learn of the modules one level of imports after the other.
func TestPageNamesAllModulesAtOnce(t *testing.T) {
	files := everything(t)
	for address := range files {
		if strings.HasSuffix(address, ".js") {
			assert.Regexp(t, `(rel="modulepreload" href|type="module" src)="`+strings.TrimPrefix(address, "/")+`"`, files["/"])
		}
	}
}

func TestBrowsersKeepFilesAndAskForThePage(t *testing.T) {
	for address := range everything(t) {
		response, _ := get(t, address)
		etag := response.Header.Get("Etag")
		require.NotEmpty(t, etag, address)
		if address == "/" {
			assert.Equal(t, "no-cache", response.Header.Get("Cache-Control"))
		} else {
			assert.Contains(t, response.Header.Get("Cache-Control"), "immutable", address)
		}
		again, body := get(t, address, "If-None-Match", etag)
		assert.Equal(t, http.StatusNotModified, again.StatusCode, address)
		assert.Empty(t, body)
	}
}

func TestPolicyAllowsNothingFromElsewhere(t *testing.T) {
	elsewhere := regexp.MustCompile(`(?:https?:)?//[a-z]`)
	for address, body := range everything(t) {
		response, _ := get(t, address)
		policy := response.Header.Get("Content-Security-Policy")
		assert.Contains(t, policy, "default-src 'none'", address)
		assert.NotContains(t, policy, "unsafe", address)
		assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"), address)
		for line := range strings.Lines(body) {
			line = strings.ReplaceAll(line, "http://www.w3.org/2000/svg", "") // a name, never fetched
			assert.False(t, elsewhere.MatchString(line) && !strings.HasPrefix(strings.TrimSpace(line), "//"), "%s: %s", address, line)
		}
	}
	_, page := get(t, "/")
	assert.NotRegexp(t, `<script>|<style>| style="| on[a-z]+="`, page, "the policy forbids inline script and style")
}

func TestContentTypes(t *testing.T) {
	want := map[string]string{
		".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", "/": "text/html; charset=utf-8",
	}
	for address := range everything(t) {
		response, _ := get(t, address)
		kind := address[max(strings.LastIndex(address, "."), 0):]
		assert.Equal(t, want[kind], response.Header.Get("Content-Type"), address)
	}
	icon, _ := get(t, "/favicon.ico")
	assert.Equal(t, "image/svg+xml", icon.Header.Get("Content-Type"))
}

func TestOtherRequests(t *testing.T) {
	tests := []struct {
		method, path string
		status       int
	}{
		{http.MethodHead, "/", http.StatusOK},
		{http.MethodGet, "/index.html", http.StatusNotFound},
		{http.MethodGet, "/assets/", http.StatusNotFound},
		{http.MethodGet, "/assets/0000000000000000/app.js", http.StatusNotFound},
		{http.MethodGet, "/static/app.js", http.StatusNotFound},
		{http.MethodGet, "/../web.go", http.StatusNotFound},
		{http.MethodPost, "/", http.StatusMethodNotAllowed},
	}
	for _, test := range tests {
		recorder := httptest.NewRecorder()
		web.Handler().ServeHTTP(recorder, httptest.NewRequest(test.method, test.path, http.NoBody))
		assert.Equal(t, test.status, recorder.Code, "%s %s", test.method, test.path)
	}
}
