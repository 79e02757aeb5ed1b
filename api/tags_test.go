package api_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/api"
	"github.com/sightline-search/sightline/bundle/bundletest"
)

func (l *library) send(method, path, body string) answer {
	l.t.Helper()
	return l.do(method, path, bytes.NewReader([]byte(body)), "Content-Type", "application/json")
}

// scoring starts the scoring in the background, as serve does.
func scoring(t *testing.T) func(o *api.Options) {
	t.Helper()
	return func(o *api.Options) {
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			o.Index.KeepTagsScored(ctx, func(err error) { assert.NoError(t, err) })
		}()
		t.Cleanup(func() {
			stop()
			<-ended
		})
	}
}

// scored asks until the tag is scored on all images.
func (l *library) scored(name string) document {
	l.t.Helper()
	for {
		require.NoError(l.t, l.t.Context().Err())
		tag := read(l.t, l.get("/v1/tags/"+name))
		if tag["scoring"].(map[string]any)["complete"] == true {
			return tag
		}
	}
}

func TestATagIsAddedScoredChangedAndRemoved(t *testing.T) {
	lib := newLibrary(t, scoring(t))
	added := lib.post("/v1/tags", `{"name": "green/blue ground", "descriptions": ["a green ground", "a blue ground"], "threshold": 0.02}`)
	require.Contains(t, []int{http.StatusCreated, http.StatusAccepted}, added.StatusCode, "%s", added.Body)
	at := added.Header.Get("Location")
	assert.Equal(t, "/v1/tags/green%2Fblue%20ground", at)
	tag := lib.scored(strings.TrimPrefix(at, "/v1/tags/"))
	assert.Equal(t, map[string]any{"images": 4.0, "scored": 4.0, "complete": true}, tag["scoring"])
	assert.Equal(t, true, tag["user"])
	assert.Equal(t, []any{"a green ground", "a blue ground"}, tag["descriptions"])
	again := lib.post("/v1/tags", `{"name": "green/blue ground", "descriptions": ["a green ground", "a blue ground"]}`)
	assert.Equal(t, http.StatusCreated, again.StatusCode, "adding it again changes nothing: %s", again.Body)
	requireProblem(t, lib.post("/v1/tags", `{"name": "Green/Blue Ground", "descriptions": ["snow"]}`), http.StatusConflict, "name_taken", "name")

	answer := read(t, lib.post("/v1/search", `{"query": "tag:\"GREEN/blue ground\"", "min_probability": 0.01}`))
	assert.EqualValues(t, 0, answer["searched"].(map[string]any)["decoded"])
	assert.NotContains(t, answer, "unfinished_tags")

	model := bundletest.Open(t).MatchThreshold // of a tag that has none of its own
	for _, c := range []struct {
		body string
		want float64
	}{{`{"threshold": 0.75}`, 0.75}, {`{"threshold": null}`, model}} {
		changed := lib.send(http.MethodPatch, at, c.body)
		require.Equal(t, http.StatusOK, changed.StatusCode, "%s", changed.Body)
		assert.InDelta(t, c.want, read(t, changed)["threshold"], 1e-9)
	}
	changed := lib.send(http.MethodPatch, at, `{"descriptions": ["sand"]}`)
	require.Contains(t, []int{http.StatusOK, http.StatusAccepted}, changed.StatusCode)
	assert.Equal(t, []any{"sand"}, lib.scored(strings.TrimPrefix(at, "/v1/tags/"))["descriptions"])

	removed := lib.do(http.MethodDelete, at, nil)
	assert.Equal(t, http.StatusNoContent, removed.StatusCode)
	assert.Empty(t, removed.Body)
	requireProblem(t, lib.get(at), http.StatusNotFound, "not_found", "name")
}

func TestTagsAreListed(t *testing.T) {
	lib := newLibrary(t, nil)
	assert.Equal(t, []any{}, read(t, lib.get("/v1/tags?user=true"))["tags"])
	require.Equal(t, http.StatusAccepted, lib.post("/v1/tags", `{"name": "my boat"}`).StatusCode, "nothing scores in the background here")
	tags := read(t, lib.get("/v1/tags"))["tags"].([]any)
	assert.Greater(t, len(tags), 1000)
	mine := tags[0].(map[string]any)
	assert.Equal(t, "my boat", mine["name"])
	assert.Equal(t, []any{"my boat"}, mine["descriptions"])
	assert.Equal(t, map[string]any{"images": 4.0, "scored": 0.0, "complete": false}, mine["scoring"])
	label := tags[1].(map[string]any)
	assert.Equal(t, false, label["user"])
	assert.NotContains(t, label, "scoring")
	assert.Contains(t, read(t, lib.get(fmt.Sprintf("/v1/tags/%s", label["name"]))), "tagged")
	assert.Contains(t, read(t, lib.get("/v1/search?q=my+boat"))["unfinished_tags"], map[string]any{"name": "my boat", "images": 4.0, "scored": 0.0, "complete": false})
}

func TestATagIsPreviewed(t *testing.T) {
	lib := newLibrary(t, nil)
	preview := read(t, lib.post("/v1/tags/preview", `{"name": "my ground", "descriptions": ["a green ground", "sand"], "limit": 2}`))
	assert.EqualValues(t, 4, preview["decoded"])
	assert.Len(t, preview["results"], 2)
	assert.Len(t, preview["histogram"], 10)
	assert.Contains(t, preview["passing"].([]any)[0], "threshold")
	assert.Equal(t, []any{}, read(t, lib.get("/v1/tags?user=true"))["tags"], "nothing is stored")
	few := read(t, lib.post("/v1/tags/preview", `{"name": "my ground", "decode": 1}`))
	assert.EqualValues(t, 1, few["decoded"])
}

func TestBadTagRequests(t *testing.T) {
	lib := newLibrary(t, nil)
	require.Equal(t, http.StatusAccepted, lib.post("/v1/tags", `{"name": "mine"}`).StatusCode)
	label := read(t, lib.get("/v1/tags"))["tags"].([]any)[5].(map[string]any)["name"].(string)
	huge := strings.Repeat("x", 10<<20)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		code, param        string
	}{
		"no name":              {"POST", "", `{}`, 400, "invalid_request", "name"},
		"a label's name":       {"POST", "", `{"name": "` + label + `"}`, 409, "name_taken", "name"},
		"control characters":   {"POST", "", `{"name": "a\u0007b"}`, 400, "invalid_request", "name"},
		"10 MB name":           {"POST", "", `{"name": "` + huge + `"}`, 400, "invalid_request", "name"},
		"10 MB description":    {"POST", "", `{"name": "a tag", "descriptions": ["` + huge + `"]}`, 400, "invalid_request", "descriptions"},
		"descriptions no list": {"POST", "", `{"name": "a tag", "descriptions": "x"}`, 400, "invalid_request", "descriptions"},
		"description a number": {"POST", "", `{"name": "a tag", "descriptions": [1]}`, 400, "invalid_request", "descriptions"},
		"threshold over 1":     {"POST", "", `{"name": "a tag", "threshold": 2}`, 400, "invalid_request", "threshold"},
		"unknown field":        {"POST", "", `{"name": "a tag", "describe": ["x"]}`, 400, "invalid_request", "describe"},
		"not JSON":             {"POST", "", `{"name"`, 400, "invalid_request", ""},
		"preview, limit":       {"POST", "/preview", `{"name": "a tag", "limit": 0}`, 400, "invalid_request", "limit"},
		"preview, decode":      {"POST", "/preview", `{"name": "a tag", "decode": 0}`, 400, "invalid_request", "decode"},
		"preview, name":        {"POST", "/preview", `{"name": ""}`, 400, "invalid_request", "name"},
		"patch nothing":        {"PATCH", "/mine", `{}`, 400, "invalid_request", ""},
		"patch, no number":     {"PATCH", "/mine", `{"threshold": "high"}`, 400, "invalid_request", "threshold"},
		"patch, under 0":       {"PATCH", "/mine", `{"threshold": -1}`, 400, "invalid_request", "threshold"},
		"patch, no text":       {"PATCH", "/mine", `{"descriptions": []}`, 400, "invalid_request", "descriptions"},
		"patch a label":        {"PATCH", "/" + label, `{"threshold": 0.5}`, 400, "invalid_request", "name"},
		"patch unknown":        {"PATCH", "/nobody", `{"threshold": 0.5}`, 404, "not_found", "name"},
		"delete unknown":       {"DELETE", "/nobody", ``, 404, "not_found", "name"},
		"delete a label":       {"DELETE", "/" + label, ``, 400, "invalid_request", "name"},
		"get unknown":          {"GET", "/nobody", ``, 404, "not_found", "name"},
		"user no flag":         {"GET", "?user=maybe", ``, 400, "invalid_request", "user"},
		"method":               {"PUT", "/mine", `{}`, 405, "method_not_allowed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := *lib
			l.t = t
			p := requireProblem(t, l.send(c.method, "/v1/tags"+c.path, c.body), c.status, c.code, c.param)
			assert.Less(t, len(fmt.Sprint(p)), 1000, "a long value is not repeated")
		})
	}
	assert.Len(t, read(t, lib.get("/v1/tags?user=true"))["tags"], 1)
}
