package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/config"
)

// readyTimeout is how long a server may take to say whether it is ready.
const readyTimeout = 5 * time.Second

func newReadyCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ready",
		Short: "Ask a running server whether it can answer searches",
		Long: `Asks the server on this machine's --listen address whether it can answer searches, and ends with 0 when it can and with 1
when it cannot. Health checks of containers and services use it.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runReady(cmd.Context()) },
	}
	config.RegisterFor(cmd.Flags(), "serve")
	return cmd
}

func (a *app) runReady(ctx context.Context) error {
	address, err := dialAddress(a.Listen)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	target := url.URL{Scheme: "http", Host: address, Path: "/readyz"}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return notReady(address, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return notReady(address, fmt.Errorf("it answers %s", answer.Status))
	}
	a.say("the server on %s is ready", address)
	return nil
}

func notReady(address string, why error) error {
	return sightline.Errorf(sightline.CodeUnavailable, "the server on %s is not ready: %w", address, why).
		WithParam("listen").WithHint("start it with sightline serve, or name its address with --listen")
}

// dialAddress is where a server that listens on the address is reached from this machine.
func dialAddress(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", usageError{errors.New("--listen " + listen + " is not HOST:PORT")}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip != nil && ip.To4() == nil {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port), nil
}
