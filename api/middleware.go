package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	// requestTimeout bounds the work for one answer.
	requestTimeout = 60 * time.Second
	// maxBodyBytes is room for a query image of about 24 MB in base64.
	maxBodyBytes = 32 << 20
	// policy fits the page: everything from this server, images also from blobs that it fetched with its key.
	policy = "default-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

	requestIDKey = "request_id"
)

// byItself are the routes that nobody asks for on purpose.
var byItself = map[string]bool{
	"/healthz": true, "/readyz": true, "/assets/*file": true, "/favicon.ico": true, "/v1/images/:id/thumbnail": true, "/v1/images/:id/file": true,
}

func requestID(c *gin.Context) string { return c.GetString(requestIDKey) }

// logRequest gives the request its id and writes one line for it: at the level info what somebody asked for, at debug
// what a page or a monitor asks for by itself. The path is logged without its query string: what people search for is
// theirs.
func (s *server) logRequest(c *gin.Context) {
	id := c.GetHeader("X-Request-Id")
	if !validRequestID(id) {
		id = rand.Text()
	}
	c.Set(requestIDKey, id)
	c.Header("X-Request-Id", id)
	begin := time.Now()
	c.Next()
	level := slog.LevelInfo
	if byItself[c.FullPath()] && c.Writer.Status() < http.StatusBadRequest {
		level = slog.LevelDebug
	}
	s.Log.LogAttrs(c.Request.Context(), level, "request",
		slog.String("request_id", id), slog.String("method", c.Request.Method), slog.String("path", c.Request.URL.Path),
		slog.Int("status", c.Writer.Status()), slog.Int("bytes", max(0, c.Writer.Size())), slog.String("remote", c.Request.RemoteAddr),
		slog.Float64("ms", float64(time.Since(begin).Microseconds())/1000))
}

// validRequestID accepts ids of other systems as long as they cannot garble a log.
func validRequestID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// recoverPanic turns a defect into a 500 and keeps the server alive. http.ErrAbortHandler is the standard library's own
// way to drop a connection and passes.
func (s *server) recoverPanic(c *gin.Context) {
	defer func() {
		caught := recover()
		if caught == nil {
			return
		}
		if caught == http.ErrAbortHandler { //nolint:errorlint // a panic value, compared as net/http does
			panic(caught)
		}
		s.Log.LogAttrs(c.Request.Context(), slog.LevelError, "panic",
			slog.String("request_id", requestID(c)), slog.Any("value", caught), slog.String("stack", string(debug.Stack())))
		s.fail(c, fmt.Errorf("panic: %v", caught))
	}()
	c.Next()
}

func secureHeaders(c *gin.Context) {
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Content-Security-Policy", policy)
	c.Header("Referrer-Policy", "no-referrer")
	c.Header("X-Frame-Options", "DENY")
	c.Header("Cross-Origin-Resource-Policy", "same-origin")
}

func limitBody(c *gin.Context) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBodyBytes)
}

func limitTime(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), requestTimeout)
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}
