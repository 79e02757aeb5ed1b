package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	sqliteURL  = "sqlite://"
	qdrantURL  = "qdrant://"
	qdrantTLS  = "qdrants://"
	maxThreads = 1024
)

// Each setter takes a value as written and either stores it or tells what is allowed.

func setData(c *Config, raw string) error   { return setPath(&c.Data, raw) }
func setBundle(c *Config, raw string) error { return setPath(&c.Bundle, raw) }

func setORTLibrary(c *Config, raw string) error { return setPath(&c.ORTLibrary, raw) }

func setPath(field *string, raw string) error {
	if raw == "" {
		return errors.New("it must be a path")
	}
	if strings.ContainsRune(raw, 0) {
		return errors.New("it must be a path without zero bytes")
	}
	abs, err := filepath.Abs(raw)
	if err != nil {
		return fmt.Errorf("it cannot be made absolute: %w", err)
	}
	*field = abs
	return nil
}

func setStore(c *Config, raw string) error {
	const allowed = "it must be sqlite, sqlite:///absolute/folder, or qdrant://host:port with an optional /prefix (qdrants:// with TLS)"
	dir, isURL := strings.CutPrefix(raw, sqliteURL)
	switch {
	case strings.HasPrefix(raw, qdrantURL) || strings.HasPrefix(raw, qdrantTLS):
		return setQdrant(c, raw)
	case raw == "sqlite":
		c.Store = raw
	case isURL && filepath.IsAbs(dir):
		c.Store = sqliteURL + filepath.Clean(dir)
	default:
		return errors.New(allowed)
	}
	return nil
}

// setQdrant refuses what would be shown with the settings and must not be; the driver reads the rest.
func setQdrant(c *Config, raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "":
		return errors.New("it must be qdrant://host:port with an optional /prefix (qdrants:// with TLS)")
	case u.User != nil:
		return errors.New("it must be without a name or key; the key is the setting qdrant-api-key")
	}
	c.Store = raw
	return nil
}

func setRedis(*Config, string) error {
	return errors.New("a Redis cache is not in this version; leave it out, texts are cached in the process")
}

func setDevice(c *Config, raw string) error {
	switch raw {
	case "cpu", "auto":
		c.Device = raw
		return nil
	case "cuda":
		return errors.New("cuda is not in this version; it must be cpu or auto")
	}
	return errors.New("it must be cpu or auto")
}

func setThreads(c *Config, raw string) error {
	n, err := strconv.Atoi(raw)
	if err != nil || n < 0 || n > maxThreads {
		return fmt.Errorf("it must be a whole number from 0 to %d", maxThreads)
	}
	c.Threads = n
	return nil
}

func setKey(field func(c *Config) *string) func(*Config, string) error {
	return func(c *Config, raw string) error {
		for _, r := range raw {
			if r <= ' ' || r > '~' {
				return errors.New("it must be printable ASCII without spaces, as HTTP headers carry it")
			}
		}
		*field(c) = raw
		return nil
	}
}

func setBool(field func(c *Config) *bool) func(*Config, string) error {
	return func(c *Config, raw string) error {
		switch strings.ToLower(raw) {
		case "true", "1":
			*field(c) = true
		case "false", "0":
			*field(c) = false
		default:
			return errors.New("it must be true or false")
		}
		return nil
	}
}

func setLogLevel(c *Config, raw string) error {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[strings.ToLower(raw)]
	if !ok {
		return errors.New("it must be debug, info, warn or error")
	}
	c.LogLevel = level
	return nil
}

func setListen(c *Config, raw string) error {
	_, port, err := net.SplitHostPort(raw)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return errors.New("it must be HOST:PORT with a port from 0 to 65535 (0 is any free one), such as 127.0.0.1:8080 or [::1]:8080")
	}
	c.Listen = raw
	return nil
}

// WithStore gives the settings with another store, for a command that works on two of them.
func (c *Config) WithStore(raw string) (Config, error) {
	other := *c
	if err := setStore(&other, raw); err != nil {
		return other, fmt.Errorf("the store %q: %w", raw, err)
	}
	return other, nil
}
