package config

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Limits of what may be set.
const (
	maxRedisDatabase = 1 << 16
	maxRedisTTL      = 10 * 365 * 24 * time.Hour
	maxRedisValueKiB = 64 << 10
	maxCacheMiB      = 1 << 20
)

func setRedis(c *Config, raw string) error {
	u, err := url.Parse(raw)
	if raw != "" && (err != nil || !isRedis(u)) { // err is left out: it repeats the password
		return errors.New("it must be redis://[user:password@]host[:port][/database], or rediss:// for TLS; special characters of a password as %XX")
	}
	c.Redis = raw
	return nil
}

func isRedis(u *url.URL) bool {
	if u.Scheme != "redis" && u.Scheme != "rediss" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	database := strings.TrimPrefix(u.Path, "/")
	n, err := strconv.ParseUint(database, 10, 32)
	return database == "" || (err == nil && n < maxRedisDatabase)
}

// ShownRedis is the URL without user and password; nothing of it where it cannot be told what they are.
func ShownRedis(raw string) string {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return ""
	case err != nil || u.Host == "":
		return hidden
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.User != nil {
		return strings.Replace(shown.String(), "://", "://"+hidden+"@", 1)
	}
	return shown.String()
}

func setRedisTTL(c *Config, raw string) error {
	d, err := time.ParseDuration(raw)
	if err != nil || d < 0 || d > maxRedisTTL || (d > 0 && d < time.Second) {
		return fmt.Errorf("it must be 0 or a duration from 1s to %s, such as 30m or 720h", hours(maxRedisTTL))
	}
	c.RedisTTL = d
	return nil
}

func hours(d time.Duration) string { return strconv.Itoa(int(d.Hours())) + "h" }

func setRedisMaxValue(c *Config, raw string) error {
	n, err := strconv.Atoi(raw)
	if err != nil || n < 1 || n > maxRedisValueKiB {
		return fmt.Errorf("it must be a whole number of KiB from 1 to %d", maxRedisValueKiB)
	}
	c.RedisMaxValue = n << 10
	return nil
}

func setCacheSize(c *Config, raw string) error {
	n, err := strconv.ParseInt(raw, 10, 64)
	if err != nil || n < 0 || n > maxCacheMiB {
		return fmt.Errorf("it must be a whole number of MiB from 0 to %d", maxCacheMiB)
	}
	c.CacheSize = n << 20
	return nil
}
