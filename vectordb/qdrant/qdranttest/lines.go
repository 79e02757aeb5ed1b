package qdranttest

import (
	"context"
	"net"
	"sync"

	"google.golang.org/grpc/peer"
)

// lines is a listener that knows its open connections, so that one can be cut from within a call.
type lines struct {
	net.Listener
	mu   sync.Mutex
	open map[string]net.Conn // by the client's address
}

func (l *lines) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c.RemoteAddr().String()] = c
	return &line{Conn: c, of: l}, nil
}

// cut closes the connection that the call came by. The client sees a reset and does not learn what became of the call.
func (l *lines) cut(ctx context.Context) {
	client, ok := peer.FromContext(ctx)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.open[client.Addr.String()]; c != nil {
		_ = c.Close() // it is broken either way
	}
}

type line struct {
	net.Conn
	of *lines
}

func (c *line) Close() error {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	delete(c.of.open, c.RemoteAddr().String())
	return c.Conn.Close()
}
