package describe

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// endpoint is a real server on loopback that speaks chat completions as far as a test wants.
type endpoint struct {
	t      *testing.T
	server *httptest.Server

	mu    sync.Mutex
	asked []question
	keys  []string
}

// behaviour answers the request counted from 1.
type behaviour func(w http.ResponseWriter, r *http.Request, q question, nth int)

func serve(t *testing.T, behave behaviour) *endpoint {
	t.Helper()
	e := &endpoint{t: t}
	e.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		var q question
		assert.NoError(t, json.Unmarshal(body, &q))
		assert.Equal(t, "/v1/chat/completions", r.URL.Path)
		e.mu.Lock()
		e.asked = append(e.asked, q)
		e.keys = append(e.keys, r.Header.Get("Authorization"))
		nth := len(e.asked)
		e.mu.Unlock()
		behave(w, r, q, nth)
	}))
	t.Cleanup(e.server.Close)
	return e
}

// client has waits that take no time; they are recorded.
func (e *endpoint) client(key string) (*Client, *[]time.Duration) {
	e.t.Helper()
	settings := DefaultSettings()
	settings.Model = "parrot"
	c, err := NewClient(e.server.URL+"/v1", key, settings, Limits{Timeout: 10 * time.Second, Retries: 4, Parallel: 1})
	require.NoError(e.t, err)
	waits := &[]time.Duration{}
	c.wait = func(ctx context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		return ctx.Err()
	}
	return c, waits
}

func (e *endpoint) requests() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.asked)
}

// prompts gives how often each was asked.
func (e *endpoint) prompts() map[string]int {
	e.mu.Lock()
	defer e.mu.Unlock()
	times := map[string]int{}
	for _, q := range e.asked {
		times[q.Messages[0].Content]++
	}
	return times
}

// send writes a chat completion of these answers.
func send(w http.ResponseWriter, answers ...string) {
	var choices []map[string]any
	for i, answer := range answers {
		choices = append(choices, map[string]any{"index": i, "finish_reason": "stop", "message": map[string]any{"role": "assistant", "content": answer}})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"object": "chat.completion", "choices": choices})
}

// several are n different answers.
func several(n, nth int) (answers []string) {
	for i := range max(n, 1) {
		answers = append(answers, fmt.Sprintf("It is furry, number %d of request %d.", i, nth))
	}
	return answers
}

// good is what an endpoint should do.
func good(w http.ResponseWriter, _ *http.Request, q question, nth int) {
	send(w, several(q.N, nth)...)
}

// text answers with a status and a body.
func text(status int, body string, header ...string) behaviour {
	return func(w http.ResponseWriter, _ *http.Request, _ question, _ int) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// always gives the same answer.
func always(answer string) behaviour {
	return func(w http.ResponseWriter, _ *http.Request, q question, _ int) {
		send(w, strings.Split(strings.Repeat(answer+"\x00", max(q.N, 1)-1)+answer, "\x00")...)
	}
}

// hang answers when the client has given up.
func hang(_ http.ResponseWriter, r *http.Request, _ question, _ int) { <-r.Context().Done() }

// drop closes the connection in the middle of an answer.
func drop(w http.ResponseWriter, _ *http.Request, _ question, _ int) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"choices": [`)
	panic(http.ErrAbortHandler)
}

// firstly behaves badly once, then well.
func firstly(bad behaviour) behaviour {
	return func(w http.ResponseWriter, r *http.Request, q question, nth int) {
		if nth == 1 {
			bad(w, r, q, nth)
			return
		}
		good(w, r, q, nth)
	}
}
