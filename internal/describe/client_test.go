package describe

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
)

const prompt = "Describe briefly what a dog looks like."

func TestTheRequestIsWhatRAMPlusAsks(t *testing.T) {
	e := serve(t, good)
	c, waits := e.client("s3cret")
	answers, err := c.answers(t.Context(), prompt)
	require.NoError(t, err)
	assert.Equal(t, several(10, 1), answers)
	require.Len(t, e.asked, 1)
	assert.Equal(t, question{Model: "parrot", Messages: []message{{"user", prompt}}, N: 10, Temperature: 0.99, MaxTokens: 77}, e.asked[0])
	assert.Equal(t, "Bearer s3cret", e.keys[0])
	assert.Empty(t, *waits)

	c, _ = e.client("")
	_, err = c.answers(t.Context(), prompt)
	require.NoError(t, err)
	assert.Empty(t, e.keys[1], "no key, no header")
}

func TestEveryWayOfServersWithSeveralAnswers(t *testing.T) {
	one := func(w http.ResponseWriter, _ *http.Request, _ question, nth int) { send(w, several(1, nth)...) }
	refuse := func(status int, why string) behaviour {
		return func(w http.ResponseWriter, r *http.Request, q question, nth int) {
			if q.N > 1 {
				text(status, `{"error": {"message": "`+why+`"}}`)(w, r, q, nth)
				return
			}
			one(w, r, q, nth)
		}
	}
	three := func(w http.ResponseWriter, _ *http.Request, q question, nth int) {
		send(w, several(min(q.N, 3), nth)...)
	}
	more := func(w http.ResponseWriter, _ *http.Request, q question, nth int) { send(w, several(q.N+5, nth)...) }
	for name, tc := range map[string]struct {
		behave   behaviour
		requests int // for the answers to two prompts
	}{
		"as many as asked":      {good, 2},
		"one, whatever asked":   {one, 20},
		"at most three":         {three, 8},
		"more than asked":       {more, 2},
		"refuses with 400":      {refuse(400, "n must be 1"), 21},
		"refuses with 422":      {refuse(422, "extra fields not permitted"), 21},
		"refuses with 500":      {refuse(500, "Only one completion choice is allowed"), 21},
		"refuses with 501":      {refuse(501, "not implemented"), 21},
		"fails once, then well": {firstly(text(500, "out of memory")), 3},
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, tc.behave)
			c, _ := e.client("")
			for range 2 {
				answers, err := c.answers(t.Context(), prompt)
				require.NoError(t, err)
				assert.Len(t, answers, 10)
			}
			assert.Equal(t, tc.requests, e.requests())
			assert.Equal(t, tc.requests, c.Requests())
		})
	}
}

func TestWhatMayPassIsTriedAgain(t *testing.T) {
	ownChoice := []time.Duration{-1}
	for name, tc := range map[string]struct {
		bad   behaviour
		waits []time.Duration
	}{
		"429 with seconds":        {text(429, "slow down", "Retry-After", "7"), []time.Duration{7 * time.Second}},
		"429 with a date gone by": {text(429, "slow down", "Retry-After", "Mon, 02 Jan 2006 15:04:05 GMT"), []time.Duration{0}},
		"429 with nothing":        {text(429, "slow down"), ownChoice},
		"429 with nonsense":       {text(429, "slow down", "Retry-After", "soon"), ownChoice},
		"408":                     {text(408, ""), ownChoice},
		"500":                     {text(500, ""), ownChoice},
		"502 with a page":         {text(502, "<html><h1>Bad gateway</h1></html>"), ownChoice},
		"503":                     {text(503, "loading the model"), ownChoice},
		"504":                     {text(504, ""), ownChoice},
		"a page":                  {text(200, "<html>welcome</html>"), ownChoice},
		"torn JSON":               {text(200, `{"choices": [{"message": {"content": "It is`), ownChoice},
		"a connection that drops": {drop, ownChoice},
		"silence":                 {hang, ownChoice},
		"unusable answers":        {always("I'm sorry, but I cannot help with that."), nil},
		"one answer all the time": {always("It is a dog with fur."), nil},
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, firstly(tc.bad))
			c, waits := e.client("")
			if name == "silence" {
				c.limits.Timeout = 100 * time.Millisecond
				recorded := c.wait
				c.wait = func(ctx context.Context, d time.Duration) error {
					c.limits.Timeout = 10 * time.Second // a busy machine may be slow with the good answer
					return recorded(ctx, d)
				}
			}
			answers, err := c.answers(t.Context(), prompt)
			require.NoError(t, err)
			assert.Len(t, answers, 10)
			require.Len(t, *waits, len(tc.waits))
			for i, want := range tc.waits {
				if want >= 0 {
					assert.Equal(t, want, (*waits)[i])
				} else {
					assert.InDelta(t, 0.75, (*waits)[i].Seconds(), 0.25, "half a second to a whole one")
				}
			}
		})
	}
}

func TestDelaysDoubleUpToALimit(t *testing.T) {
	f := unusable(true, "no")
	for attempt, longest := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, maxDelay, maxDelay} {
		d := f.delay(attempt)
		assert.GreaterOrEqual(t, d, longest/2)
		assert.LessOrEqual(t, d, longest)
	}
	assert.LessOrEqual(t, f.delay(1000), maxDelay)
}

func TestWhatStaysWrongIsTold(t *testing.T) {
	huge := strings.Repeat("lorem ipsum ", 1<<20)
	for name, tc := range map[string]struct {
		behave   behaviour
		says     string
		code     sightline.Code
		stop     bool // no other prompt would fare better
		requests int
	}{
		"a page":           {text(200, "<html>"+huge[:5000]), `not answer in the form of a chat completion: invalid character '<' looking for beginning of value; it sent "<html>lorem`, sightline.CodeUnavailable, false, 5},
		"torn JSON":        {text(200, `{"choices": [{"mess`), "unexpected end of JSON input", sightline.CodeUnavailable, false, 5},
		"nothing":          {text(200, ""), `it sent ""`, sightline.CodeUnavailable, false, 5},
		"another shape":    {text(200, `{"choices": "It is a dog."}`), `it sent "{\"choices\"`, sightline.CodeUnavailable, false, 5},
		"a list":           {text(200, `["It is a dog."]`), "form of a chat completion", sightline.CodeUnavailable, false, 5},
		"no choices":       {text(200, `{"error": {"message": "overloaded"}}`), `without choices; it sent "{\"error\"`, sightline.CodeUnavailable, false, 5},
		"12 MB":            {text(200, huge), `more than 1 MiB, beginning with "lorem ipsum`, sightline.CodeUnavailable, false, 1},
		"12 MB of error":   {text(503, huge), `503 Service Unavailable: "lorem ipsum`, sightline.CodeUnavailable, false, 5},
		"null":             {text(200, `{"choices": [{"message": {"content": null}}]}`), "0 of 10 answers that can be used; the last that cannot: an empty answer", sightline.CodeUnavailable, false, 50},
		"refusals":         {always("I’m sorry, I can't describe that."), "a refusal: \"I’m sorry", sightline.CodeUnavailable, false, 5},
		"pages as answers": {always("<html><body>hello there</body></html>"), "markup: \"<html>", sightline.CodeUnavailable, false, 5},
		"one answer":       {always("How can I help you today?"), `only 1 of 10 answers that can be used; the last that cannot: it repeats itself: "How can I help`, sightline.CodeUnavailable, false, 5},
		"400":              {text(400, `{"error": "model has no chat template"}`), `400 Bad Request: "model has no chat template"`, sightline.CodeUnavailable, false, 2},
		"401":              {text(401, `{"error": {"message": "bad key: s3cret"}}`), `401 Unauthorized: "bad key: (hidden)" (put the endpoint's key into SIGHTLINE_DESCRIBE_KEY)`, sightline.CodeUnauthorized, true, 1},
		"404":              {text(404, `{"detail": "no such model"}`), `404 Not Found: "no such model" (--endpoint is the base`, sightline.CodeUnavailable, true, 1},
		"redirect":         {text(302, "", "Location", "http://127.0.0.1:1/elsewhere"), "redirects are not followed", sightline.CodeUnavailable, true, 1},
		"429 for ever":     {text(429, `{"message": "quota"}`), `429 Too Many Requests: "quota"`, sightline.CodeUnavailable, false, 5},
		"429 for hours":    {text(429, "", "Retry-After", "7200"), "it asks to wait for 2h0m0s", sightline.CodeUnavailable, true, 1},
		"silence":          {hang, "did not answer within 30ms (--timeout gives it longer", sightline.CodeTimeout, false, 5},
		"dropping":         {drop, "cannot be reached: EOF", sightline.CodeUnavailable, false, 5},
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, tc.behave)
			c, _ := e.client("s3cret")
			if name == "silence" {
				c.limits.Timeout = 30 * time.Millisecond
			}
			_, err := c.answers(t.Context(), prompt)
			require.ErrorContains(t, err, tc.says)
			assert.NotContains(t, err.Error(), "s3cret")
			assert.Less(t, len(err.Error()), 400, "an error is for reading")
			assert.Equal(t, tc.code, sightline.CodeOf(err))
			assert.Equal(t, tc.requests, e.requests())
			stops, ok := err.(*requestError) //nolint:errorlint // as the run gets it
			assert.Equal(t, tc.stop, ok && stops.stop)
		})
	}
}

func TestAnEndpointThatIsNotThereStopsTheRun(t *testing.T) {
	e := serve(t, good)
	c, waits := e.client("")
	e.server.Close()
	_, err := c.answers(t.Context(), prompt)
	require.ErrorContains(t, err, "cannot be reached")
	require.ErrorContains(t, err, "connection refused")
	var f *requestError
	require.ErrorAs(t, err, &f)
	assert.True(t, f.stop)
	assert.Len(t, *waits, 4, "a server may be starting")
}

func TestEndpointAddresses(t *testing.T) {
	for endpoint, want := range map[string]string{
		"http://127.0.0.1:8000/v1":                             "http://127.0.0.1:8000/v1/chat/completions",
		"http://127.0.0.1:8000/v1/":                            "http://127.0.0.1:8000/v1/chat/completions",
		"http://[::1]:8000":                                    "http://[::1]:8000/chat/completions",
		"https://models.example/v1/chat/completions":           "https://models.example/v1/chat/completions",
		"https://models.example/deployments/m?api-version=1.2": "https://models.example/deployments/m/chat/completions?api-version=1.2",
	} {
		c, err := NewClient(endpoint, "", DefaultSettings(), DefaultLimits())
		require.NoError(t, err)
		assert.Equal(t, want, c.address.String())
	}
	for endpoint, says := range map[string]string{
		"":                         "must begin with http:// or https:// and a host",
		"127.0.0.1:8000":           "the endpoint ",
		"localhost:8000/v1":        "must begin with http://",
		"ftp://models.example":     "must begin with http://",
		"http://":                  "and a host",
		"http://bad host/":         "is not an address",
		"http://me:hunter2@m.ex/1": "has a user or password in it; keys go into SIGHTLINE_DESCRIBE_KEY",
	} {
		_, err := NewClient(endpoint, "", DefaultSettings(), DefaultLimits())
		require.ErrorContains(t, err, says, endpoint)
		assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err))
		assert.NotContains(t, err.Error(), "hunter2")
	}
}
