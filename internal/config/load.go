package config

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/sightline-search/sightline"
)

// setting is a value as somebody wrote it, and where.
type setting struct{ raw, origin string }

// Load joins the parsed flags, the environment (as os.Environ gives it) and the file. An empty environment variable
// counts as absent. Every error is CodeInvalid and names the source, the key, the value and what is allowed.
func Load(flags *pflag.FlagSet, environ []string) (Config, error) {
	env := environment(environ)
	path, explicit := configFile(flags, env)
	file, err := readFile(path, explicit, env["HOME"])
	if err != nil {
		return Config{}, err
	}
	c := Config{
		Device: "auto", Store: "sqlite", Listen: "127.0.0.1:8080", Origin: map[string]string{},
		CacheSize: 128 << 20, RedisTTL: 30 * 24 * time.Hour, RedisMaxValue: 1 << 20,
	}
	if file != nil {
		c.File = path
	}
	for _, k := range Keys() {
		s, given := lookup(k, flags, env, file)
		if !given {
			c.Origin[k.Name] = "default"
			continue
		}
		if err := k.set(&c, s.raw); err != nil {
			return Config{}, sightline.Errorf(sightline.CodeInvalid, "%s is %q: %w", describe(k, s), shown(k, s.raw), err).WithParam(k.Name)
		}
		c.Origin[k.Name] = s.origin
	}
	if c.Data == "" {
		if c.Data = dataHome(env); c.Data == "" {
			return Config{}, sightline.Errorf(sightline.CodeInvalid, "there is no place for the index: neither XDG_DATA_HOME nor HOME is set").
				WithParam("data").WithHint("name a folder with --data or SIGHTLINE_DATA")
		}
	}
	return c, nil
}

func lookup(k Key, flags *pflag.FlagSet, env map[string]string, file map[string]setting) (setting, bool) {
	if f := flags.Lookup(k.Name); f != nil && f.Changed {
		return setting{raw: f.Value.String(), origin: "--" + k.Name}, true
	}
	if v := env[k.Env()]; v != "" {
		return setting{raw: v, origin: k.Env()}, true
	}
	s, ok := file[k.Name]
	return s, ok
}

// describe names a value's place; a line of the file needs the key beside it.
func describe(k Key, s setting) string {
	if strings.HasPrefix(s.origin, "--") || s.origin == k.Env() {
		return s.origin
	}
	return s.origin + ": " + k.Name
}

const hidden = "(hidden)"

// shown keeps secrets out of error messages.
func shown(k Key, raw string) string {
	switch {
	case k.Secret:
		return hidden
	case k.show != nil:
		return k.show(raw)
	}
	return raw
}

func environment(environ []string) map[string]string {
	env := make(map[string]string, len(environ))
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok {
			env[name] = value
		}
	}
	return env
}

// configFile is the path of the settings file, "" when there is none, and whether the user named it.
func configFile(flags *pflag.FlagSet, env map[string]string) (path string, explicit bool) {
	if f := flags.Lookup(configFlag); f != nil && f.Changed {
		return f.Value.String(), true
	}
	if v := env[configEnv]; v != "" {
		return v, true
	}
	if home := xdg(env, "XDG_CONFIG_HOME", ".config"); home != "" {
		return filepath.Join(home, "sightline", "sightline.yaml"), false
	}
	return "", false
}

func dataHome(env map[string]string) string {
	if home := xdg(env, "XDG_DATA_HOME", ".local/share"); home != "" {
		return filepath.Join(home, "sightline")
	}
	return ""
}

// xdg follows the XDG base directory specification, which says that relative values are to be ignored.
func xdg(env map[string]string, name, underHome string) string {
	if dir := env[name]; filepath.IsAbs(dir) {
		return dir
	}
	if home := env["HOME"]; filepath.IsAbs(home) {
		return filepath.Join(home, underHome)
	}
	return ""
}
