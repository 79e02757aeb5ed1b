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
func Address(tb testing.TB) string {
	tb.Helper()
	if address := os.Getenv(Env); address != "" {
		return address
	}
	return Start(tb).Address
}

// Server is a redis-server of the test, on a port of its own. It keeps nothing on disk.
type Server struct {
	Address string // host:port

	tb      testing.TB
	args    []string
	process *exec.Cmd
}

// Port stands for the server's port in the arguments of Start.
const Port = "{port}"

// Start starts a server with further arguments of redis-server; it ends with the test.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	s := &Server{tb: tb, args: args}
	for range 10 { // somebody else may take a port that was free
		s.Address = freeAddress(tb)
		if s.run() {
			tb.Cleanup(s.Kill)
			return s
		}
	}
	require.FailNow(tb, "redis-server does not start")
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
	s.tb.Helper()
	require.True(s.tb, s.run(), "redis-server does not start again on %s", s.Address)
}

// Pause stops it where it is: connections stay, answers do not come.
func (s *Server) Pause() {
	s.tb.Helper()
	require.NoError(s.tb, s.process.Process.Signal(syscall.SIGSTOP))
}

// Resume lets it go on.
func (s *Server) Resume() {
	s.tb.Helper()
	require.NoError(s.tb, s.process.Process.Signal(syscall.SIGCONT))
}

// run starts the process and reports whether it accepts connections.
func (s *Server) run() bool {
	s.tb.Helper()
	program, err := exec.LookPath("redis-server")
	require.NoError(s.tb, err, "the tests need redis-server: make setup installs it")
	host, port, err := net.SplitHostPort(s.Address)
	require.NoError(s.tb, err)
	args := []string{"--bind", host, "--port", port, "--save", "", "--appendonly", "no", "--dir", s.tb.TempDir()}
	for _, arg := range s.args {
		args = append(args, strings.ReplaceAll(arg, Port, port))
	}
	s.process = exec.Command(program, args...)
	out, err := s.process.StdoutPipe()
	require.NoError(s.tb, err)
	require.NoError(s.tb, s.process.Start())
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "Ready to accept connections") {
			return true
		}
	}
	s.Kill()
	return false
}

func freeAddress(tb testing.TB) string {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	defer listener.Close()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
}
