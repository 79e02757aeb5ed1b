package api_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSearchAnswersInTheAgreedShape(t *testing.T) {
	lib := newLibrary(t, nil)
	response := lib.post("/v1/search", `{"query": "a red wall", "min_probability": 0, "limit": 2}`)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "application/json", response.Header.Get("Content-Type"))
	answer := read(t, response)
	assert.Equal(t, "a red wall", answer["query"])
	assert.Equal(t, true, answer["matched"])
	results := answer["results"].([]any)
	require.Len(t, results, 2)
	hit := results[0].(map[string]any)
	for _, key := range []string{"id", "path", "probability", "terms", "tags", "width", "height", "taken_at"} {
		assert.Contains(t, hit, key)
	}
	assert.EqualValues(t, 600, hit["width"])
	assert.NotNil(t, hit["tags"], "no tags is an empty list, not null")
	for _, key := range []string{"nearest_rejected", "next_cursor"} {
		assert.Contains(t, answer, key)
	}
	assert.EqualValues(t, 4, answer["searched"].(map[string]any)["images"])
	for _, key := range []string{"wait", "text", "retrieve", "fetch", "decode", "total"} {
		assert.Contains(t, answer["took_ms"], key)
	}
}

func TestNothingMatchesIsAnAnswer(t *testing.T) {
	lib := newLibrary(t, nil)
	answer := read(t, lib.post("/v1/search", `{"query": "a red wall", "min_probability": 1}`))
	assert.Equal(t, false, answer["matched"])
	assert.Equal(t, []any{}, answer["results"])
	assert.Contains(t, answer["nearest_rejected"], "probability")
}

func TestGetAndPostGiveTheSameAnswer(t *testing.T) {
	lib := newLibrary(t, nil)
	posted := read(t, lib.post("/v1/search", `{"query": "a red wall", "min_probability": 0.01, "limit": 3, "sort": "newest"}`))
	got := read(t, lib.get("/v1/search?q=a+red+wall&min_probability=0.01&limit=3&sort=newest"))
	assert.Equal(t, posted["results"], got["results"])
}

func TestPagesFollowEachOther(t *testing.T) {
	lib := newLibrary(t, nil)
	seen := map[any]bool{}
	cursor := ""
	for range 4 {
		body, err := json.Marshal(map[string]any{"query": "a red wall", "min_probability": 0, "limit": 1, "cursor": cursor})
		require.NoError(t, err)
		answer := read(t, lib.post("/v1/search", string(body)))
		require.Len(t, answer["results"], 1)
		seen[answer["results"].([]any)[0].(map[string]any)["id"]] = true
		cursor, _ = answer["next_cursor"].(string)
	}
	assert.Len(t, seen, 4, "every image comes once")
	assert.Empty(t, cursor, "the last page has no next one")
}

func TestImagesFindTheirLike(t *testing.T) {
	lib := newLibrary(t, nil)
	img := lib.anyImage()
	byID := read(t, lib.post("/v1/search", fmt.Sprintf(`{"image_id": %q, "min_probability": 0}`, img["id"])))
	require.NotEmpty(t, byID["results"])
	similar := read(t, lib.get(fmt.Sprintf("/v1/images/%s/similar?min_probability=0", img["id"])))
	assert.Equal(t, byID["results"], similar["results"])

	data, err := os.ReadFile(filepath.Join(lib.folder, "red.png"))
	require.NoError(t, err)
	body := fmt.Sprintf(`{"image": %q, "min_probability": 0}`, base64.StdEncoding.EncodeToString(data))
	byFile := read(t, lib.post("/v1/search", body))
	require.NotEmpty(t, byFile["results"])
	assert.Equal(t, img["id"], byFile["results"].([]any)[0].(map[string]any)["id"], "the same picture is the likest")
}

func TestBadSearchesAreExplained(t *testing.T) {
	lib := newLibrary(t, nil)
	id := strings.Repeat("0", 64)
	for name, c := range map[string]struct {
		body        string
		status      int
		code, param string
	}{
		"empty":                {`{"query": ""}`, 400, "query_empty", "query"},
		"blank":                {`{"query": "  "}`, 400, "query_empty", "query"},
		"too long":             {`{"query": "` + strings.Repeat("x", 100_000) + `"}`, 400, "query_too_long", "query"},
		"syntax":               {`{"query": "(dog"}`, 400, "query_syntax", "query"},
		"nothing":              {`{}`, 400, "invalid_request", "query"},
		"two subjects":         {`{"query": "dog", "image_id": "` + id + `"}`, 400, "invalid_request", "query"},
		"unknown id":           {`{"image_id": "` + id + `"}`, 404, "not_found", "image_id"},
		"no id":                {`{"image_id": "x"}`, 404, "not_found", "image_id"},
		"not base64":           {`{"image": "?"}`, 400, "invalid_request", "image"},
		"not an image":         {`{"image": "aGVsbG8="}`, 415, "image_unsupported", "image"},
		"empty image":          {`{"image": ""}`, 422, "image_empty", "image"},
		"unknown field":        {`{"query": "dog", "limt": 3}`, 400, "invalid_request", "limt"},
		"not a number":         {`{"query": "dog", "min_probability": true}`, 400, "invalid_request", "min_probability"},
		"wrong type":           {`{"query": "dog", "limit": "3"}`, 400, "invalid_request", "limit"},
		"limit 0":              {`{"query": "dog", "limit": 0}`, 400, "invalid_request", "limit"},
		"limit negative":       {`{"query": "dog", "limit": -1}`, 400, "invalid_request", "limit"},
		"limit over":           {`{"query": "dog", "limit": 1001}`, 400, "invalid_request", "limit"},
		"probability over":     {`{"query": "dog", "min_probability": 1.5}`, 400, "invalid_request", "min_probability"},
		"sort":                 {`{"query": "dog", "sort": "best"}`, 400, "invalid_request", "sort"},
		"candidates":           {`{"query": "dog", "candidates": 0}`, 400, "invalid_request", "candidates"},
		"cursor":               {`{"query": "dog", "cursor": "x"}`, 400, "invalid_request", "cursor"},
		"filter":               {`{"query": "dog", "filter": "cat"}`, 400, "query_syntax", "filter"},
		"not JSON":             {`dog`, 400, "invalid_request", ""},
		"no body":              {``, 400, "invalid_request", ""},
		"two documents":        {`{"query": "dog"} {"query": "cat"}`, 400, "invalid_request", ""},
		"a list":               {`[1]`, 400, "invalid_request", ""},
		"body over 32 MiB":     {`{"query": "` + strings.Repeat("x", 33<<20) + `"}`, 413, "request_too_large", ""},
		"null is not a query":  {`{"query": null}`, 400, "invalid_request", "query"},
		"invalid UTF-8 passes": {"{\"query\": \"\xff\", \"limit\": 0}", 400, "invalid_request", "limit"},
	} {
		t.Run(name, func(t *testing.T) {
			requireProblem(t, lib.post("/v1/search", c.body), c.status, c.code, c.param)
		})
	}
}

func TestBadSearchAddressesAreExplained(t *testing.T) {
	lib := newLibrary(t, nil)
	for query, want := range map[string][2]string{
		"":                                     {"query_empty", "q"},
		"q=":                                   {"query_empty", "q"},
		"q=" + strings.Repeat("x", 100_000):    {"query_too_long", "q"},
		"q=dog&limit=abc":                      {"invalid_request", "limit"},
		"q=dog&limit=0":                        {"invalid_request", "limit"},
		"q=dog&limit=1&limit=2":                {"invalid_request", "limit"},
		"q=dog&exhaustive=maybe":               {"invalid_request", "exhaustive"},
		"q=dog&min_probability=NaN":            {"invalid_request", "min_probability"},
		"q=dog&colour=red":                     {"invalid_request", "colour"},
		"q=dog&filter=" + url.QueryEscape("("): {"query_syntax", "filter"},
		"q=%zz":                                {"invalid_request", ""},
	} {
		t.Run(query[:min(len(query), 30)], func(t *testing.T) {
			requireProblem(t, lib.get("/v1/search?"+query), 400, want[0], want[1])
		})
	}
}

func TestOtherContentTypesAreRefused(t *testing.T) {
	lib := newLibrary(t, nil)
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded"} {
		response := lib.do(http.MethodPost, "/v1/search", strings.NewReader(`{"query":"dog"}`), "Content-Type", kind)
		requireProblem(t, response, 415, "unsupported_type", "Content-Type")
	}
	response := lib.do(http.MethodPost, "/v1/search", strings.NewReader(`{"query":"dog"}`), "Content-Type", "application/json; charset=utf-8")
	assert.Equal(t, http.StatusOK, response.StatusCode)
}
