package qdrant

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/sightline-search/sightline"
)

// Target is where an index lies, as in qdrant://host:6334/prefix.
type Target struct {
	Host   string
	Port   int
	Prefix string // of the names of the collections
	TLS    bool   // qdrants://
}

const (
	defaultPort   = 6334 // gRPC
	defaultPrefix = "sightline"
)

// prefixes are names that collections, aliases and snapshots may have on every file system.
var prefixes = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)

// ParseTarget reads a URL. Keys are refused there: URLs are shown and logged.
func ParseTarget(raw string) (Target, error) {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "qdrant" && u.Scheme != "qdrants") || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return Target{}, sightline.Errorf(sightline.CodeInvalid, "a Qdrant store is written qdrant://host:6334 or, with TLS, qdrants://host:6334, with /prefix after it where there are several indexes").WithParam("store")
	}
	if u.User != nil {
		return Target{}, sightline.Errorf(sightline.CodeInvalid, "the URL of a Qdrant store holds no key and no name of a user").
			WithParam("store").WithHint("give the key as SIGHTLINE_QDRANT_API_KEY")
	}
	t := Target{Host: u.Hostname(), Port: defaultPort, Prefix: defaultPrefix, TLS: u.Scheme == "qdrants"}
	if u.Port() != "" {
		if t.Port, err = strconv.Atoi(u.Port()); err != nil || t.Port < 1 || t.Port > 65535 {
			return Target{}, sightline.Errorf(sightline.CodeInvalid, "port %q is not one of 1 to 65535", u.Port()).WithParam("store")
		}
	}
	if prefix := strings.Trim(u.Path, "/"); prefix != "" {
		t.Prefix = prefix
	}
	if !prefixes.MatchString(t.Prefix) {
		return Target{}, sightline.Errorf(sightline.CodeInvalid, "prefix %q: letters, digits, - and _ are allowed, 100 of them at most", t.Prefix).WithParam("store")
	}
	return t, nil
}

// String is the URL.
func (t Target) String() string {
	scheme := "qdrant"
	if t.TLS {
		scheme = "qdrants"
	}
	return fmt.Sprintf("%s://%s/%s", scheme, net.JoinHostPort(t.Host, strconv.Itoa(t.Port)), t.Prefix)
}

// local says that what is sent there does not leave this machine.
func (t Target) local() bool {
	ip := net.ParseIP(t.Host)
	return t.Host == "localhost" || ip != nil && ip.IsLoopback()
}
