package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/api"
	"github.com/sightline-search/sightline/index"
	"github.com/sightline-search/sightline/internal/config"
	"github.com/sightline-search/sightline/vectordb/embedded"
	"github.com/sightline-search/sightline/web"
)

// shutdownGrace is how long answers under way may take after the signal to stop.
const shutdownGrace = 10 * time.Second

func newServeCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the HTTP API and the search page",
		Long: `Serves the HTTP API and the search page until it is interrupted. The index is opened for writing only while a tag is
stored, so that 'sightline index' can run beside it; what it adds is found at once. Tags that are not scored on all images
yet are scored in the background. On any address but a loopback one an API key is needed.`,
		Example: "  sightline serve\n  SIGHTLINE_API_KEY=... sightline serve --listen 0.0.0.0:8080",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runServe(cmd.Context()) },
	}
	config.RegisterFor(cmd.Flags(), "serve")
	return cmd
}

func (a *app) runServe(ctx context.Context) error {
	loopback, err := isLoopback(ctx, a.Listen)
	if err != nil {
		return err
	}
	if !loopback && a.APIKey == "" {
		return sightline.Errorf(sightline.CodeInvalid, "--listen %s can be reached from other machines, and there is no API key", a.Listen).
			WithParam("api-key").WithHint("give one with SIGHTLINE_API_KEY or --api-key, or listen on 127.0.0.1")
	}
	// The port comes first: that it is taken is known before seconds go into the model.
	listener, err := listen(ctx, a.Listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	e, err := a.openEngine(embedded.ReadOnly)
	if err != nil {
		return err
	}
	defer e.Close()
	if err := e.warm(ctx); err != nil {
		return err
	}
	defer a.scoreInBackground(ctx, e.index)()
	handler := api.New(api.Options{
		Index: e.index, Web: web.Handler(), Log: a.log, Version: programVersion(), Key: a.APIKey, Loopback: loopback,
		Decode: e.decodePicture, Thumbnail: writeThumbnail,
	})
	a.say("serving %s on http://%s", printable(a.StoreName()), shownAddress(listener.Addr()))
	return a.serveUntilDone(ctx, listener, handler)
}

// scoreInBackground scores the user's tags until the server ends; stop waits for that.
func (a *app) scoreInBackground(ctx context.Context, x *index.Index) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		x.KeepTagsScored(ctx, func(err error) {
			a.log.LogAttrs(ctx, slog.LevelWarn, "tags are not scored", slog.String("error", err.Error()))
		})
	}()
	return func() {
		cancel()
		<-ended
	}
}

// warm answers one query, so that the first person does not wait for what is done once.
func (e *engine) warm(ctx context.Context) error {
	if e.texts == nil {
		return nil
	}
	_, err := e.index.Search(ctx, index.Request{Query: "a photograph", Plain: true, Limit: 1})
	return err
}

// serveUntilDone serves until the context ends and then lets answers under way finish. Being told to stop is the
// normal end of a server, not an interruption.
func (a *app) serveUntilDone(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      5 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("the server stopped: %w", err)
	case <-ctx.Done():
	}
	a.say("stopping")
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return errors.Join(fmt.Errorf("answers under way were cut off: %w", err), server.Close())
	}
	return nil
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, sightline.Errorf(sightline.CodeUnavailable, "another program listens on %s already", address).
			WithParam("listen").WithHint("stop it, or take another port with --listen")
	}
	if err != nil {
		return nil, sightline.Errorf(sightline.CodeUnavailable, "cannot listen on %s: %w", address, err).WithParam("listen")
	}
	return listener, nil
}

// isLoopback tells whether only this machine can reach the address. A host name must stand for loopback addresses only;
// no host means every address of this machine.
func isLoopback(ctx context.Context, address string) (bool, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false, sightline.Errorf(sightline.CodeInvalid, "--listen %q is not HOST:PORT: %w", address, err)
	}
	if host == "" {
		return false, nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return false, sightline.Errorf(sightline.CodeInvalid, "--listen %s: there is no such host: %w", address, err)
	}
	for _, addr := range addrs {
		if !addr.Unmap().IsLoopback() {
			return false, nil
		}
	}
	return true, nil
}

// shownAddress is an address that a browser takes: "every address" is shown as this machine's own.
func shownAddress(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return fmt.Sprintf("localhost:%d", tcp.Port)
}
