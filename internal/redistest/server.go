// Package redistest starts real Redis servers for tests. It must not know what is kept on them.
package redistest

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Env names a server (host:port) for the tests that do not have to stop one.
const Env = "SIGHTLINE_TEST_REDIS"

// Address gives a server for tests that only use it: the one that Env names, otherwise one of its own.
func Address(t testing.TB) string {
	t.Helper()
	if address := os.Getenv(Env); address != "" {
		return address
	}
	return Start(t).Address
}

// Server is a redis-server of the test, on a port of its own. It keeps nothing on disk.
type Server struct {
	Address string // host:port

	t       testing.TB
	args    []string
	process *exec.Cmd
}

// Port stands for the server's port in the arguments of Start.
const Port = "{port}"

// Start starts a server with further arguments of redis-server; it ends with the test.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := &Server{t: t, args: args}
	for range 10 { // somebody else may take a port that was free
		s.Address = freeAddress(t)
		if s.run() {
			t.Cleanup(s.Kill)
			return s
		}
	}
	require.FailNow(t, "redis-server does not start")
	return nil
}

// Kill ends it as a power cut would.
func (s *Server) Kill() {
	if s.process != nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
		s.process = nil
	}
}

// Restart starts it again on the same port after Kill; what it held is lost.
func (s *Server) Restart() {
	s.t.Helper()
	require.True(s.t, s.run(), "redis-server does not start again on %s", s.Address)
}

// Pause stops it where it is: connections stay, answers do not come.
func (s *Server) Pause() {
	s.t.Helper()
	require.NoError(s.t, s.process.Process.Signal(syscall.SIGSTOP))
}

// Resume lets it go on.
func (s *Server) Resume() {
	s.t.Helper()
	require.NoError(s.t, s.process.Process.Signal(syscall.SIGCONT))
}

// run starts the process and reports whether it accepts connections.
func (s *Server) run() bool {
	s.t.Helper()
	program, err := exec.LookPath("redis-server")
	require.NoError(s.t, err, "the tests need redis-server: make setup installs it")
	host, port, err := net.SplitHostPort(s.Address)
	require.NoError(s.t, err)
	args := []string{"--bind", host, "--port", port, "--save", "", "--appendonly", "no", "--dir", s.t.TempDir()}
	for _, arg := range s.args {
		args = append(args, strings.ReplaceAll(arg, Port, port))
	}
	s.process = exec.Command(program, args...)
	out, err := s.process.StdoutPipe()
	require.NoError(s.t, err)
	require.NoError(s.t, s.process.Start())
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "Ready to accept connections") {
			return true
		}
	}
	s.Kill()
	return false
}

func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
}
