package iggyhttp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
)

// drops counts the connections that the server ended. HTTP hides them: a request that finds its connection gone is sent
// again over a new one. But the server may have restarted in between, and may have lost the end of its log.
type drops struct{ count atomic.Uint64 }

// conn is a connection whose end by the server is counted, once.
type conn struct {
	net.Conn
	drops *drops
	over  atomic.Bool
}

// dialers return the functions that connect without and with TLS.
func (d *drops) dialers(secure *tls.Config) (plain, encrypted func(context.Context, string, string) (net.Conn, error)) {
	plain = func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, connectTimeout, errNoAnswer)
		defer cancel()
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &conn{Conn: c, drops: d}, nil
	}
	encrypted = func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, connectTimeout, errNoAnswer)
		defer cancel()
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		client := tls.Client(c, secure)
		if err := client.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("TLS: %w", err), c.Close())
		}
		return &conn{Conn: client, drops: d}, nil // around TLS: its end comes with an alert, and the socket is not read on
	}
	return plain, encrypted
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.notice(err)
	return n, err
}

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.notice(err)
	return n, err
}

// notice counts an end that did not come from here.
func (c *conn) notice(err error) {
	if err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) && !c.over.Swap(true) {
		c.drops.count.Add(1)
	}
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.over.Store(true)
	return c.Conn.Close()
}
