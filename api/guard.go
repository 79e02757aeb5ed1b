package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/sightline-search/sightline"
)

// requireKey lets a request through that carries the key, or that needs none. A request that came through a proxy on
// this machine is not from this machine: it needs the key when there is one.
func (s *server) requireKey(c *gin.Context) {
	if s.Loopback && (s.Key == "" || !proxied(c.Request)) {
		return
	}
	given := c.GetHeader("X-Api-Key")
	if bearer, ok := strings.CutPrefix(c.GetHeader("Authorization"), "Bearer "); ok {
		given = strings.TrimSpace(bearer)
	}
	switch {
	case given == "":
		s.fail(c, sightline.Errorf(sightline.CodeUnauthorized, "this server needs an API key").
			WithHint("send it as 'Authorization: Bearer KEY' or 'X-Api-Key: KEY'"))
	case !sameKey(given, s.Key):
		s.fail(c, sightline.Errorf(sightline.CodeUnauthorized, "the API key is not the one that this server was started with"))
	}
}

// sameKey compares in constant time. The hashes make the lengths equal, so that the time tells nothing of the length.
func sameKey(given, want string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(want))
	return want != "" && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func proxied(r *http.Request) bool {
	return r.Header.Get("Forwarded") != "" || r.Header.Get("X-Forwarded-For") != ""
}

// guardHost refuses names other than this machine's own on a loopback listener: a foreign page whose name resolves to
// 127.0.0.1 could otherwise read the whole collection.
func (s *server) guardHost(c *gin.Context) {
	if s.Loopback && !loopbackHost(c.Request.Host) {
		s.fail(c, sightline.Errorf(sightline.CodeForbidden, "the host %q is not this machine's own name", c.Request.Host).
			WithParam("Host").
			WithHint("use localhost, or start the server with --listen on another address and --api-key"))
	}
}

func loopbackHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// guardOrigin refuses what changes something or costs work when another site's page asks for it.
func (s *server) guardOrigin(c *gin.Context) {
	if err := http.NewCrossOriginProtection().Check(c.Request); err != nil {
		s.fail(c, sightline.Errorf(sightline.CodeForbidden, "requests from other sites are refused: %w", err).WithParam("Origin"))
	}
}
