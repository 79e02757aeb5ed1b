package describe

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/descriptions"
)

// maxSaid is how many characters of what a server says an error shows.
const maxSaid = 200

// requestError is a request that gave nothing, and what that means for the ones after it.
type requestError struct {
	reason *sightline.Error
	status int           // HTTP status; 0 when there was none
	retry  bool          // the same request may work later
	stop   bool          // no other request will work either
	after  time.Duration // that the server asks to wait; negative when it does not
}

func (f *requestError) Error() string { return f.reason.Error() }

// Unwrap gives the error that a person reads, with its code.
func (f *requestError) Unwrap() error { return f.reason }

func unusable(retry bool, format string, args ...any) *requestError {
	return &requestError{reason: sightline.Errorf(sightline.CodeUnavailable, format, args...), retry: retry, after: -1}
}

// unreached explains a request without a response. The address is left out of causes: it may carry a key.
func (c *Client) unreached(err error) *requestError {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		f := unusable(true, "the endpoint %s did not answer within %s", c.address.Host, c.limits.Timeout)
		f.reason.Code, f.reason.Hint = sightline.CodeTimeout, "--timeout gives it longer, --parallel asks for less at a time"
		return f
	}
	f := unusable(true, "the endpoint %s cannot be reached: %w", c.address.Host, err)
	f.reason.Hint = "is the server running, and is --endpoint its address?"
	if e, ok := errors.AsType[*net.OpError](err); ok {
		f.stop = e.Op == "dial"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		f.stop, f.retry = true, false
	}
	return f
}

// shown is what a server says, cut, and without the key, which some repeat.
func (c *Client) shown(said string) string {
	if c.key != "" {
		said = strings.ReplaceAll(said, c.key, "(hidden)")
	}
	return descriptions.CutTo(said, maxSaid)
}

// refused explains a response that is not 200.
func (c *Client) refused(response *http.Response, body []byte) *requestError {
	f := unusable(false, "the endpoint %s answers %s: %s", c.address.Host, response.Status, c.shown(sayingOf(body)))
	f.status = response.StatusCode
	switch f.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		f.stop, f.reason.Code, f.reason.Hint = true, sightline.CodeUnauthorized, "put the endpoint's key into SIGHTLINE_DESCRIBE_KEY"
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		f.stop, f.reason.Hint = true, "--endpoint is the base address, mostly ending in /v1; --model must be one that it has"
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		f.retry, f.after = true, retryAfter(response.Header.Get("Retry-After"))
	}
	if f.status >= 300 && f.status < 400 {
		f.stop, f.reason.Hint = true, "redirects are not followed, because the key is for one address; name the right one"
	}
	if f.after > maxAfter {
		f.retry, f.stop, f.reason.Hint = false, true, "it asks to wait for "+f.after.String()+"; what was answered is kept, run the same command again then"
	}
	return f
}

// refusesSeveral tells whether the reason may be that several answers were asked for. Some servers say so with a 500.
func (f *requestError) refusesSeveral() bool {
	switch f.status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusNotImplemented:
		return true
	case http.StatusInternalServerError:
		return strings.Contains(f.reason.Detail, "choice")
	}
	return false
}

// sayingOf is what an error body says to people, the whole of it where that cannot be told.
func sayingOf(body []byte) string {
	var form struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
		Detail  string          `json:"detail"`
	}
	if json.Unmarshal(body, &form) != nil {
		return strings.TrimSpace(string(body))
	}
	var inner struct {
		Message string `json:"message"`
	}
	var plain string
	_, _ = json.Unmarshal(form.Error, &inner), json.Unmarshal(form.Error, &plain) // either form, or none of them
	for _, text := range []string{inner.Message, plain, form.Message, form.Detail} {
		if text != "" {
			return text
		}
	}
	return strings.TrimSpace(string(body))
}
