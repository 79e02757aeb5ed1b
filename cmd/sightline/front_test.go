package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAServerSaysThatItIsLoadingUntilItCanAnswer(t *testing.T) {
	listener, err := listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	f := newFront(listener, slog.New(slog.DiscardHandler))
	base := "http://" + listener.Addr().String()
	status, body := fetch(t, base+"/readyz")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Contains(t, parse(t, body)["detail"], "being loaded")
	status, _ = fetch(t, base+"/healthz")
	assert.Equal(t, http.StatusOK, status)

	f.use(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here I am") }))
	_, body = fetch(t, base+"/readyz")
	assert.Equal(t, "here I am", body)

	ctx, stop := context.WithCancel(t.Context())
	stop()
	said := ""
	require.NoError(t, f.serveUntilDone(ctx, func(format string, _ ...any) { said = format }))
	assert.Equal(t, "stopping", said)
}
