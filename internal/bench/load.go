package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// target is a server on a free port of this machine's loopback interface, and a client of it.
type target struct {
	url    string
	server *http.Server
	client *http.Client
	ended  chan error
}

func listen(ctx context.Context, handler http.Handler) (*target, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen on the loopback interface: %w", err)
	}
	t := &target{
		url: "http://" + listener.Addr().String() + "/v1/search", server: &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: maxClients}}, ended: make(chan error, 1),
	}
	go func() { t.ended <- t.server.Serve(listener) }()
	return t, nil
}

func (t *target) close() error {
	t.client.CloseIdleConnections()
	err := t.server.Close()
	if served := <-t.ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// answer is what is read of an answer, and the time that the client waited for it.
type answer struct {
	Took struct {
		Wait     float64 `json:"wait"`
		Text     float64 `json:"text"`
		Retrieve float64 `json:"retrieve"`
		Fetch    float64 `json:"fetch"`
		Decode   float64 `json:"decode"`
		Total    float64 `json:"total"`
	} `json:"took_ms"`
	Searched struct {
		Decoded int `json:"decoded"`
	} `json:"searched"`
	ms float64
}

// ask makes one search; candidates of 0 are the default number.
func (t *target) ask(ctx context.Context, text string, candidates int) (a answer, err error) {
	question := map[string]any{"query": text, "plain": true}
	if candidates > 0 {
		question["candidates"] = candidates
	}
	body, err := json.Marshal(question)
	if err != nil {
		return a, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	request.Header.Set("Content-Type", "application/json")
	started := time.Now()
	response, err := t.client.Do(request)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	data, err := io.ReadAll(response.Body)
	a.ms = msOf(time.Since(started))
	if err != nil {
		return a, err
	}
	if response.StatusCode != http.StatusOK {
		return a, fmt.Errorf("the search for %q ended with %s: %s", text, response.Status, data)
	}
	return a, json.Unmarshal(data, &a)
}

// closedLoop has so many clients ask one question after the other, without a pause, until n are answered besides
// the first of every client: those arrive at the same moment, and are left out. It gives the others, and how many were
// answered a second, from the first answer on.
func (t *target) closedLoop(ctx context.Context, clients, n int, text func(i int) string) (counted []answer, perSecond float64, err error) {
	var next atomic.Int64
	var mu sync.Mutex
	var begin time.Time
	all := 0
	group, ctx := errgroup.WithContext(ctx)
	for range clients {
		group.Go(func() error {
			for first := true; ; first = false {
				i := int(next.Add(1)) - 1
				if i >= n+clients {
					return nil
				}
				a, err := t.ask(ctx, text(i), 0)
				if err != nil {
					return err
				}
				mu.Lock()
				if all++; all == 1 {
					begin = time.Now()
				}
				if !first {
					counted = append(counted, a)
				}
				mu.Unlock()
			}
		})
	}
	err = group.Wait()
	return counted, float64(all-1) / time.Since(begin).Seconds(), err
}

func msOf(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// percentile of values, by the nearest rank.
func percentile(values []float64, p float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}

func each(answers []answer, of func(a answer) float64) []float64 {
	values := make([]float64, len(answers))
	for i, a := range answers {
		values[i] = of(a)
	}
	return values
}
