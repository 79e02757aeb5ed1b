package config_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline"
	"github.com/sightline-search/sightline/internal/config"
)

// load parses a command line with the flags of all commands and joins it with the environment.
func load(t *testing.T, args, environ []string) (config.Config, error) {
	t.Helper()
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	config.Register(flags)
	config.RegisterFor(flags, "serve")
	config.RegisterFor(flags, "tags describe")
	require.NoError(t, flags.Parse(args))
	return config.Load(flags, environ)
}

func writeFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sightline.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestDefaults(t *testing.T) {
	c, err := load(t, nil, []string{"HOME=/home/ada"})
	require.NoError(t, err)
	assert.Equal(t, "/home/ada/.local/share/sightline", c.Data)
	assert.Equal(t, "/home/ada/.local/share/sightline", c.IndexDir())
	assert.Equal(t, "sqlite", c.Store)
	assert.Equal(t, "auto", c.Device)
	assert.Equal(t, "127.0.0.1:8080", c.Listen)
	assert.Equal(t, slog.LevelInfo, c.LogLevel)
	assert.Zero(t, c.Threads)
	assert.Equal(t, 720*time.Hour, c.RedisTTL)
	assert.Equal(t, 1<<20, c.RedisMaxValue)
	assert.EqualValues(t, 128<<20, c.CacheSize)
	assert.Empty(t, c.Bundle+c.Redis+c.APIKey+c.DescribeKey+c.ORTLibrary+c.File)
	assert.False(t, c.JSON || c.Quiet)
	for _, k := range config.Keys() {
		assert.Equal(t, "default", c.Origin[k.Name], k.Name)
	}

	c, err = load(t, nil, []string{"HOME=/home/ada", "XDG_DATA_HOME=/data"})
	require.NoError(t, err)
	assert.Equal(t, "/data/sightline", c.Data)
}

// A value of every key that is not its default, and where it must arrive.
var everyKey = map[string]struct {
	value string
	got   func(c config.Config) any
	want  any
}{
	"data":            {"/idx", func(c config.Config) any { return c.Data }, "/idx"},
	"bundle":          {"/b", func(c config.Config) any { return c.Bundle }, "/b"},
	"store":           {"sqlite:///s", func(c config.Config) any { return c.IndexDir() }, "/s"},
	"device":          {"cpu", func(c config.Config) any { return c.Device }, "cpu"},
	"threads":         {"3", func(c config.Config) any { return c.Threads }, 3},
	"api-key":         {"s3cret", func(c config.Config) any { return c.APIKey }, "s3cret"},
	"json":            {"true", func(c config.Config) any { return c.JSON }, true},
	"quiet":           {"true", func(c config.Config) any { return c.Quiet }, true},
	"log-level":       {"warn", func(c config.Config) any { return c.LogLevel }, slog.LevelWarn},
	"ort-library":     {"/l.so", func(c config.Config) any { return c.ORTLibrary }, "/l.so"},
	"listen":          {"[::1]:0", func(c config.Config) any { return c.Listen }, "[::1]:0"},
	"redis":           {"rediss://ada:s3cret@cache:6380/2", func(c config.Config) any { return c.Redis }, "rediss://ada:s3cret@cache:6380/2"},
	"redis-ttl":       {"90m", func(c config.Config) any { return c.RedisTTL }, 90 * time.Minute},
	"cache-size":      {"7", func(c config.Config) any { return c.CacheSize }, int64(7 << 20)},
	"redis-max-value": {"3", func(c config.Config) any { return c.RedisMaxValue }, 3 << 10},
	"describe-key":    {"k3y", func(c config.Config) any { return c.DescribeKey }, "k3y"},
	"qdrant-api-key":  {"k4y", func(c config.Config) any { return c.QdrantKey }, "k4y"},
}

func TestEveryKeyIsReadFromFlagEnvironmentAndFile(t *testing.T) {
	for _, k := range config.Keys() {
		t.Run(k.Name, func(t *testing.T) {
			key, ok := everyKey[k.Name]
			require.True(t, ok, "a new key needs a line in this test")
			path := writeFile(t, "\n"+k.Name+": "+quoted(key.value)+"\n")
			for _, source := range []struct {
				args, env []string
				origin    string
			}{
				{args: []string{"--" + k.Name + "=" + key.value}, origin: "--" + k.Name},
				{env: []string{k.Env() + "=" + key.value}, origin: k.Env()},
				{args: []string{"--config", path}, origin: path + ":2"},
				{env: []string{"SIGHTLINE_CONFIG=" + path}, origin: path + ":2"},
			} {
				c, err := load(t, source.args, append(source.env, "HOME=/home/ada"))
				require.NoError(t, err)
				assert.Equal(t, key.want, key.got(c), source.origin)
				assert.Equal(t, source.origin, c.Origin[k.Name])
			}
		})
	}
}

func quoted(s string) string { return `"` + s + `"` }

func TestFlagGoesBeforeEnvironmentBeforeFile(t *testing.T) {
	path := writeFile(t, "threads: 1\nquiet: true\ndevice: cpu\n")
	env := []string{"HOME=/home/ada", "SIGHTLINE_CONFIG=" + path, "SIGHTLINE_THREADS=2", "SIGHTLINE_DEVICE="}
	c, err := load(t, []string{"--threads", "3", "--quiet=false"}, env)
	require.NoError(t, err)
	assert.Equal(t, 3, c.Threads)
	assert.False(t, c.Quiet, "a switch can be turned off again")
	assert.Equal(t, "cpu", c.Device, "an empty variable is an absent one")
	assert.Equal(t, path, c.File)

	c, err = load(t, nil, env)
	require.NoError(t, err)
	assert.Equal(t, 2, c.Threads)
}

func TestTheFileInTheConfigFolderIsReadWhenItIsThere(t *testing.T) {
	home := t.TempDir()
	dir := filepath.Join(home, "sightline")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sightline.yaml"), []byte("data: photos-index\nbundle: ~/models/mine\n"), 0o600))
	c, err := load(t, nil, []string{"HOME=/home/ada", "XDG_CONFIG_HOME=" + home})
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "photos-index"), c.Data, "relative to the file")
	assert.Equal(t, "/home/ada/models/mine", c.Bundle)
}

func TestAnEmptyFileIsFine(t *testing.T) {
	_, err := load(t, []string{"--config", writeFile(t, "# nothing yet\n")}, []string{"HOME=/home/ada"})
	require.NoError(t, err)
}

func TestRelativePathsOnTheCommandLineAreOfTheWorkingFolder(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	c, err := load(t, []string{"--data", "here"}, nil)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "here"), c.Data)
}

func TestBadValuesNameSourceKeyValueAndWhatIsAllowed(t *testing.T) {
	home := []string{"HOME=/home/ada"}
	for _, tc := range []struct {
		args, env []string
		file      string
		says      string
	}{
		{args: []string{"--threads=many"}, says: `--threads is "many": it must be a whole number from 0 to 1024`},
		{args: []string{"--threads=-1"}, says: "from 0 to 1024"},
		{env: []string{"SIGHTLINE_THREADS=5000"}, says: `SIGHTLINE_THREADS is "5000": it must`},
		{file: "threads: 1.5\n", says: `FILE:1: threads is "1.5": it must`},
		{args: []string{"--device=tpu"}, says: "cpu, cuda or auto"},
		{args: []string{"--store=qdrant://"}, says: "qdrant://host:port"},
		{args: []string{"--store=qdrant://host:port"}, says: "qdrant://host:port"},
		{args: []string{"--store=qdrant:host"}, says: "qdrant://host:port"},
		{args: []string{"--store=qdrant://key@host"}, says: "qdrant-api-key"},
		{args: []string{"--store=qdrants://host/a?b"}, says: "qdrants:// with TLS"},
		{args: []string{"--store=sqlite://relative"}, says: "sqlite:///absolute/folder"},
		{args: []string{"--store=postgres"}, says: "sqlite:///absolute/folder"},
		{args: []string{"--redis=localhost:6379"}, says: "it must be redis://"},
		{args: []string{"--redis=http://localhost:6379"}, says: `--redis is "http://localhost:6379": it must be redis://`},
		{args: []string{"--redis=redis://:two%20words@localhost:0"}, says: `--redis is "redis://(hidden)@localhost:0"`},
		{args: []string{"--redis=redis://:two words@localhost/1"}, says: `--redis is "(hidden)"`},
		{args: []string{"--redis=redis://ada:two words@local host/1"}, says: `--redis is "(hidden)"`},
		{args: []string{"--redis=two words@localhost"}, says: `--redis is "(hidden)"`},
		{args: []string{"--redis=redis://localhost/zero"}, says: "/database"},
		{args: []string{"--redis=redis://localhost?password=two words"}, says: `--redis is "redis://localhost": it must be`},
		{args: []string{"--redis=redis:///0"}, says: "it must be redis://"},
		{args: []string{"--redis-ttl=-1s"}, says: "0 or a duration from 1s to 87600h"},
		{args: []string{"--redis-ttl=30"}, says: "such as 30m"},
		{args: []string{"--redis-ttl=1ms"}, says: "from 1s"},
		{args: []string{"--redis-max-value=0"}, says: "from 1 to 65536"},
		{args: []string{"--cache-size=-1"}, says: "from 0 to 1048576"},
		{args: []string{"--cache-size=many"}, says: "a whole number of MiB"},
		{args: []string{"--log-level=loud"}, says: "debug, info, warn or error"},
		{args: []string{"--listen=8080"}, says: "HOST:PORT"},
		{args: []string{"--listen=localhost:99999"}, says: "0 to 65535"},
		{args: []string{"--data="}, says: `--data is "": it must be a path`},
		{env: []string{"SIGHTLINE_JSON=maybe"}, says: `SIGHTLINE_JSON is "maybe": it must be true or false`},
		{args: []string{"--api-key=two words"}, says: "--api-key is \"(hidden)\": it must be printable ASCII"},
		{args: []string{"--describe-key=two words"}, says: "--describe-key is \"(hidden)\": it must be printable ASCII"},
		{file: "bundel: /b\n", says: `FILE:1: unknown key "bundel"; the keys are data, bundle`},
		{file: "data: /a\ndata: /b\n", says: "data"},
		{file: "data: [/a, /b]\n", says: "FILE:1: data must have one plain value"},
		{file: "data:\n", says: "FILE:1: data must have one plain value"},
		{file: "- data\n", says: "FILE:1: the file must be a list of `key: value` lines"},
		{file: "data: \"/a\n", says: "FILE is not YAML"},
		{args: []string{"--config=/nowhere/s.yaml"}, says: "/nowhere/s.yaml"},
		{args: []string{"--config="}, says: "cannot be read"},
	} {
		t.Run(tc.says, func(t *testing.T) {
			args, says := tc.args, tc.says
			if tc.file != "" {
				path := writeFile(t, tc.file)
				args, says = append(args, "--config", path), strings.ReplaceAll(says, "FILE", path)
			}
			_, err := load(t, args, append(tc.env, home...))
			require.ErrorContains(t, err, says)
			assert.Equal(t, sightline.CodeInvalid, sightline.CodeOf(err))
			assert.NotContains(t, err.Error(), "two words", "a key is a secret")
		})
	}
}

func TestOfARedisAddressThePasswordIsNotShown(t *testing.T) {
	for raw, want := range map[string]string{
		"": "", "redis://cache": "redis://cache", "rediss://cache:6380/2": "rediss://cache:6380/2",
		"redis://ada:s3cret@cache/2": "redis://(hidden)@cache/2", "redis://:s3cret@[::1]:6379": "redis://(hidden)@[::1]:6379",
		"redis://s3cret@cache": "redis://(hidden)@cache", "s3cret": "(hidden)", "redis://cache?password=s3cret#s3cret": "redis://cache",
	} {
		assert.Equal(t, want, config.ShownRedis(raw), raw)
	}
}

func TestWithoutAHomeFolderTheIndexNeedsAPlace(t *testing.T) {
	_, err := load(t, nil, nil)
	require.ErrorContains(t, err, "--data")
	c, err := load(t, nil, []string{"SIGHTLINE_DATA=/idx"})
	require.NoError(t, err)
	assert.Equal(t, "/idx", c.Data)
}

func TestGlobalFlagsDoNotIncludeThoseOfServe(t *testing.T) {
	flags := pflag.NewFlagSet("search", pflag.ContinueOnError)
	config.Register(flags)
	assert.Nil(t, flags.Lookup("listen"))
	c, err := config.Load(flags, []string{"HOME=/home/ada", "SIGHTLINE_LISTEN=127.0.0.1:9"})
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:9", c.Listen)
}

func TestTheDocumentedTableIsTheProgramsOwn(t *testing.T) {
	doc, err := os.ReadFile("../../docs/configuration.md")
	require.NoError(t, err)
	code := func(s string) string {
		if s == "" || strings.Contains(s, " ") || s == "searched" {
			return s
		}
		return "`" + s + "`"
	}
	for _, k := range config.Keys() {
		help := k.Help
		if k.Only != "" {
			help += " (`" + k.Only + "` only)"
		}
		row := "| `" + strings.TrimSpace("--"+k.Name+" "+k.Value) + "` | `" + k.Env() + "` | " + code(k.Default) + " | " + help + " |\n"
		assert.Contains(t, string(doc), row)
	}
	assert.Equal(t, len(config.Keys()), strings.Count(string(doc), "\n| `--"), "the document has a row for every key and no other")
}
