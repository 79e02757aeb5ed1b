package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/sightline-search/sightline/api"
)

// shutdownGrace is how long answers under way may take after the signal to stop.
const shutdownGrace = 10 * time.Second

// front is the HTTP server from the moment its port is open: it says that it is loading until it is given what answers.
type front struct {
	server  *http.Server
	ended   chan error // of Serve
	answers atomic.Pointer[http.Handler]
}

// newFront starts to answer on the listener.
func newFront(listener net.Listener, log *slog.Logger) *front {
	f := &front{ended: make(chan error, 1)}
	f.use(api.Loading())
	f.server = &http.Server{
		Handler:           f,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      5 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	go func() { f.ended <- f.server.Serve(listener) }()
	return f
}

func (f *front) use(h http.Handler) { f.answers.Store(&h) }

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*f.answers.Load()).ServeHTTP(w, r)
}

// close cuts everything off, for a server that never got to answer.
func (f *front) close() {
	_ = f.server.Close() // what made it stop is the error to tell
}

// serveUntilDone serves until the context ends and then lets answers under way finish. Being told to stop is the
// normal end of a server, not an interruption.
func (f *front) serveUntilDone(ctx context.Context, say func(format string, args ...any)) error {
	select {
	case err := <-f.ended:
		return fmt.Errorf("the server stopped: %w", err)
	case <-ctx.Done():
	}
	say("stopping")
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err := f.server.Shutdown(grace); err != nil {
		return errors.Join(fmt.Errorf("answers under way were cut off: %w", err), f.server.Close())
	}
	return nil
}
