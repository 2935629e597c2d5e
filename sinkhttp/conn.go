package sinkhttp

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"

	"iggysink/schema"
)

// dialFunc makes a connection.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// dialers return what connects to http and to https endpoints. Each dial, its handshake included, has the time of an
// attempt: the transport dials apart from the attempt, whose end does not end it. TLS is ours and not the transport's
// because conn has to see plain bytes.
func dialers(cfg *schema.Sink, dial dialFunc) (plain, encrypted dialFunc, err error) {
	config, err := newTLS(cfg)
	if err != nil {
		return nil, nil, err
	}
	timeout := cfg.Timeout.Std()
	if dial == nil {
		dial = (&net.Dialer{Timeout: timeout, KeepAlive: 15 * time.Second}).DialContext
	}
	plain = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &conn{Conn: c}, nil
	}
	encrypted = func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		config := config.Clone()
		if config.ServerName == "" {
			if config.ServerName, _, err = net.SplitHostPort(addr); err != nil {
				config.ServerName = addr
			}
		}
		secure := tls.Client(c, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = c.Close() // the handshake's error is the one to tell
			return nil, err
		}
		return &conn{Conn: secure}, nil
	}
	return plain, encrypted, nil
}

// conn gives the transport no byte that is not part of the answer to a request of ours.
//
// An endpoint can send more than its answer: behind it, or while the connection is idle. The transport prints such bytes
// with the standard logger, and they may echo a secret that we have sent; or it takes them for the answer to the next
// request. Here such a connection ends, and the transport takes another one.
//
// To know where an answer ends it would have to be parsed once more. Instead Read stops wherever one may end: behind
// each empty line, where every head and every chunked body ends, and after the length that expect was told. So the
// transport's buffer is empty when an answer is complete, and what is left here is surplus.
type conn struct {
	net.Conn

	mu      sync.Mutex
	buffer  []byte // read and not given yet; of storage
	storage [2 << 10]byte
	err     error // of the read that filled buffer
	request uint64
	armed   bool  // a request has the connection and has not begun to write
	open    bool  // a request was written and its answer is not complete
	left    int64 // bytes of a body that the reader knows to be coming
	inLine  bool  // the last line given has something in it
	surplus bool  // there was a byte that nobody asked for
}

// begin notes that a request has got the connection and returns its number.
func (c *conn) begin() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.request++
	c.armed, c.open, c.left = true, false, 0
	return c.request
}

// expect tells that n bytes of the answer's body follow.
func (c *conn) expect(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = n
}

// rest notes that the answer to request is complete. The connection may have been given to another one by now.
func (c *conn) rest(request uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.request == request {
		c.open, c.left = false, 0
	}
}

// Write sends. What arrived before a request's first byte left is no answer to it.
func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	if c.armed {
		c.armed, c.open, c.inLine = false, true, false
		c.surplus = c.surplus || len(c.buffer) > 0
	}
	surplus := c.surplus
	c.mu.Unlock()
	if surplus {
		return 0, net.ErrClosed // nothing was written, so the transport goes on with another connection
	}
	return c.Conn.Write(p)
}

// Read gives a piece of an answer. It has one caller at a time.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.buffer) == 0 && !c.surplus {
		if c.err != nil {
			return 0, c.err
		}
		c.mu.Unlock()
		n, err := c.Conn.Read(c.storage[:])
		c.mu.Lock()
		c.buffer, c.err = c.storage[:n], err
		if n == 0 {
			return 0, err
		}
	}
	if c.surplus || !c.open {
		c.surplus = true
		c.buffer = nil
		return 0, io.EOF // the transport takes it for an end of the connection, and repeats a request that it just began
	}
	piece := c.buffer[:min(len(p), len(c.buffer))]
	if c.left > 0 {
		piece = piece[:min(int64(len(piece)), c.left)]
		c.left -= int64(len(piece))
	} else {
		piece = piece[:c.part(piece)]
	}
	c.buffer = c.buffer[len(piece):]
	return copy(p, piece), nil
}

// part returns the length of b up to its first empty line, that included, or all of it.
func (c *conn) part(b []byte) int {
	for i := 0; ; {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			c.inLine = c.inLine || len(bytes.Trim(b[i:], "\r")) > 0
			return len(b)
		}
		empty := !c.inLine && len(bytes.Trim(b[i:i+n], "\r")) == 0
		c.inLine = false
		if i += n + 1; empty || i == len(b) {
			return i
		}
	}
}
