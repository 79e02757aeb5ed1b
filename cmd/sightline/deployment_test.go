package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sightline-search/sightline/internal/config"
	"github.com/sightline-search/sightline/internal/ort/orttest"
)

// Containers cannot be run on every machine. What is held here: that the files say what they should, read by the
// Compose specification's own parser, and that every command which they run does what it is there for.

func compose(t *testing.T, env ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(orttest.Root(t), "docker-compose.yml")}, cli.WithEnv(env))
	require.NoError(t, err)
	return options.LoadProject(t.Context())
}

func composeWithKey(t *testing.T) *types.Project {
	t.Helper()
	project, err := compose(t, "SIGHTLINE_API_KEY=secret")
	require.NoError(t, err)
	return project
}

func TestComposeAsksForAKey(t *testing.T) {
	_, err := compose(t)
	require.ErrorContains(t, err, ".env.example")
	example, err := os.ReadFile(filepath.Join(orttest.Root(t), ".env.example"))
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^SIGHTLINE_API_KEY=$`, string(example), "the example holds no key")
	assert.Contains(t, string(example), "openssl rand", "it says how to make one")
}

func TestComposePublishesTheAppOnLoopbackOnly(t *testing.T) {
	project := composeWithKey(t)
	require.ElementsMatch(t, []string{"app", "qdrant", "redis"}, project.ServiceNames())
	for name, service := range project.Services {
		assert.NotNil(t, service.HealthCheck, "%s has a health check", name)
		assert.NotEmpty(t, service.Volumes, "%s keeps what it stores", name)
		if name != "app" {
			assert.Empty(t, service.Ports, "%s is not published", name)
			assert.Equal(t, []string{"back"}, service.NetworksByPriority(), name)
		}
	}
	app := project.Services["app"]
	require.Len(t, app.Ports, 1)
	assert.Equal(t, "127.0.0.1", app.Ports[0].HostIP)
	assert.True(t, app.ReadOnly)
	assert.True(t, project.Networks["back"].Internal)
	for _, other := range []string{"qdrant", "redis"} {
		assert.Equal(t, types.ServiceConditionHealthy, app.DependsOn[other].Condition)
	}
}

// The settings that the container is given are settings that the program takes.
func TestTheProgramTakesTheContainersSettings(t *testing.T) {
	env := dockerfile(t).env
	for name, value := range composeWithKey(t).Services["app"].Environment {
		env = append(env, name+"="+*value)
	}
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	config.Register(flags)
	config.RegisterFor(flags, "serve")
	read, err := config.Load(flags, append(env, "HOME="+t.TempDir()))
	require.NoError(t, err)
	assert.Equal(t, "0.0.0.0:8080", read.Listen)
	assert.Equal(t, "/data", read.Data)
	assert.Equal(t, "qdrant://qdrant:6334", read.Store)
	assert.Equal(t, "redis://redis:6379", read.Redis)
	assert.Equal(t, "secret", read.APIKey)
}

// containerImage is what the Dockerfile says of the image that it makes.
type containerImage struct {
	env      []string
	copies   [][2]string // from the build's folder, to the image
	health   []string
	command  []string
	contents string
}

func dockerfile(t *testing.T) containerImage {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(orttest.Root(t), "Dockerfile"))
	require.NoError(t, err)
	text := strings.ReplaceAll(string(data), "\\\n", " ")
	i := containerImage{contents: text}
	for _, match := range regexp.MustCompile(`(?m)^COPY --from=build /src/(\S+) (/\S+[^/\s])$`).FindAllStringSubmatch(text, -1) {
		i.copies = append(i.copies, [2]string{match[1], match[2]})
	}
	for _, match := range regexp.MustCompile(`(SIGHTLINE_\w+=\S+)`).FindAllStringSubmatch(text, -1) {
		i.env = append(i.env, match[1])
	}
	words := func(line string) (words []string) {
		for _, match := range regexp.MustCompile(`"([^"]*)"`).FindAllStringSubmatch(line, -1) {
			words = append(words, match[1])
		}
		return words
	}
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "HEALTHCHECK"):
			i.health = words(line)
		case strings.HasPrefix(line, "ENTRYPOINT"), strings.HasPrefix(line, "CMD"):
			i.command = append(i.command, words(line)...)
		}
	}
	return i
}

// The image's files, laid out as the Dockerfile lays them out and made read-only, serve and answer the health check.
func TestTheImagesFilesServe(t *testing.T) {
	image := dockerfile(t)
	require.Contains(t, image.contents, "\nUSER 10001\n", "not root")
	require.Equal(t, []string{"sightline", "serve"}, image.command)
	require.Equal(t, []string{"sightline", "ready"}, image.health)
	root, checkout := t.TempDir(), orttest.Root(t)
	for _, c := range image.copies {
		to := filepath.Join(root, c[1])
		require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
		if c[0] == "bin/sightline" {
			continue // the test binary stands for it
		}
		require.NoError(t, os.Symlink(filepath.Join(checkout, c[0]), to))
	}
	program, err := os.Executable()
	require.NoError(t, err)
	binary := filepath.Join(root, "opt", "sightline", "bin", "sightline")
	copyFile(t, program, binary)
	require.NoError(t, os.Chmod(binary, 0o555))
	require.NoError(t, os.Chmod(filepath.Dir(binary), 0o555))

	p := newPlace(t)
	p.env = []string{"SIGHTLINE_DATA=" + p.data, "PATH=" + os.Getenv("PATH")}
	p.binary = binary
	health := func(address string) outcome {
		cmd := p.command("ready")
		cmd.Env = append(cmd.Env, "SIGHTLINE_LISTEN="+address)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		_ = cmd.Run()
		return outcome{code: cmd.ProcessState.ExitCode(), stderr: stderr.String()}
	}
	p.env = append(p.env, "SIGHTLINE_API_KEY=secret")
	s := p.serve("--listen", "0.0.0.0:0")
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.base, "http://"))
	require.NoError(t, err)
	assert.Equal(t, exitDone, health("0.0.0.0:"+port).code)
	require.Equal(t, exitDone, s.stop(t, os.Interrupt))
	gone := health("0.0.0.0:" + port)
	assert.Equal(t, exitFailed, gone.code)
	assert.Contains(t, gone.stderr, "not ready")
}

// Qdrant's health check, against a server that is ready and one that is not.
func TestQdrantsHealthCheck(t *testing.T) {
	check := composeWithKey(t).Services["qdrant"].HealthCheck.Test
	require.Equal(t, "CMD", check[0])
	for status, code := range map[int]int{http.StatusOK: 0, http.StatusServiceUnavailable: 1} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "/readyz", r.URL.Path)
			w.WriteHeader(status)
		}))
		_, port, err := net.SplitHostPort(server.Listener.Addr().String())
		require.NoError(t, err)
		script := strings.Replace(check[3], "/6333", "/"+port, 1)
		cmd := exec.CommandContext(context.WithoutCancel(t.Context()), check[1], check[2], script)
		_ = cmd.Run()
		server.Close()
		assert.Equal(t, code, cmd.ProcessState.ExitCode(), "status %d", status)
	}
}

// Redis's command line, run by a real server: what has no lifetime is never evicted.
func TestRedissCommandAndHealthCheck(t *testing.T) {
	redis := composeWithKey(t).Services["redis"]
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	args := slices.Concat(redis.Command[1:], []string{"--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir()})
	server := exec.CommandContext(t.Context(), redis.Command[0], args...)
	require.NoError(t, server.Start(), "make setup installs redis-server")
	t.Cleanup(func() { _ = server.Wait() }) // the test's context has ended, and the server with it

	ask := func(words ...string) string {
		out, _ := exec.CommandContext(t.Context(), "redis-cli", append([]string{"-p", port}, words...)...).CombinedOutput()
		return string(out)
	}
	require.Equal(t, []string{"CMD", "redis-cli", "ping"}, []string(redis.HealthCheck.Test))
	require.Eventually(t, func() bool { return ask("ping") == "PONG\n" }, time.Minute, 50*time.Millisecond)
	assert.Contains(t, ask("config", "get", "maxmemory-policy"), "volatile-lru")
	assert.Contains(t, ask("config", "get", "appendonly"), "yes")
}
