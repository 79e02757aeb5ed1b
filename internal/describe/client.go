package describe

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sightline-search/sightline"
)

// Limits bound what is done to an endpoint.
type Limits struct {
	Timeout  time.Duration // of one request
	Retries  int           // more attempts after one that failed
	Parallel int           // labels at the same time
}

// DefaultLimits suit a model on this machine and one behind a paid interface.
func DefaultLimits() Limits { return Limits{Timeout: time.Minute, Retries: 4, Parallel: 4} }

// Client asks an OpenAI-compatible endpoint. Safe for concurrent use.
type Client struct {
	settings Settings
	limits   Limits
	address  *url.URL // of chat/completions
	key      string
	http     *http.Client
	wait     func(context.Context, time.Duration) error

	several  atomic.Bool // the endpoint has given several answers to one request
	single   atomic.Bool // the endpoint refuses to give several
	requests atomic.Int64
}

// NewClient takes the base address of the endpoint, such as http://127.0.0.1:8000/v1, and its key, which may be empty.
func NewClient(endpoint, key string, settings Settings, limits Limits) (*Client, error) {
	address, err := completions(endpoint)
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeInvalid, "the endpoint %w", err).WithParam("endpoint").
			WithHint("give its base address, such as http://127.0.0.1:8000/v1")
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // the key is for this address only
	return &Client{
		settings: settings, limits: limits, address: address, key: key,
		http: &http.Client{CheckRedirect: stay, Transport: transport(limits.Parallel)}, wait: wait,
	}, nil
}

// transport is the usual one, but keeps as many connections as are used.
func transport(parallel int) http.RoundTripper {
	t := http.DefaultTransport
	if usual, ok := t.(*http.Transport); ok {
		own := usual.Clone()
		own.MaxIdleConnsPerHost = parallel
		t = own
	}
	return t
}

func completions(endpoint string) (*url.URL, error) {
	address, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return nil, errors.New("is not an address") // the cause would repeat it, and secrets in it
	case address.User != nil:
		return nil, errors.New("has a user or password in it; keys go into SIGHTLINE_DESCRIBE_KEY")
	case (address.Scheme != "http" && address.Scheme != "https") || address.Host == "":
		return nil, errors.New("must begin with http:// or https:// and a host")
	}
	address.Fragment = ""
	if strings.HasSuffix(strings.TrimRight(address.Path, "/"), "/chat/completions") {
		return address, nil
	}
	return address.JoinPath("chat", "completions"), nil
}

// Requests is how many requests were sent.
func (c *Client) Requests() int { return int(c.requests.Load()) }

// choices gives at least one and at most n answers to a prompt as they came.
func (c *Client) choices(ctx context.Context, prompt string, n int) ([]answer, error) {
	if c.single.Load() {
		n = 1
	}
	asked := n
	for attempt := 0; ; attempt++ {
		got, failed := c.request(ctx, prompt, n)
		if failed == nil {
			c.learn(asked, n, len(got))
			return got[:min(n, len(got))], nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if n > 1 && failed.refusesSeveral() && !c.several.Load() {
			n = 1
			continue
		}
		if !failed.retry || attempt >= c.limits.Retries {
			return nil, failed
		}
		if err := c.wait(ctx, failed.delay(attempt)); err != nil {
			return nil, err
		}
	}
}

// learn remembers whether the endpoint gives several answers to one request.
func (c *Client) learn(asked, sent, got int) {
	switch {
	case got > 1:
		c.several.Store(true)
	case asked > 1 && sent == 1:
		c.single.Store(true)
	}
}
