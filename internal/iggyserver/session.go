package iggyserver

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
)

// firstRead is how much of a long request is allocated on the word of its length field alone.
const firstRead = 1 << 20

// session is one connection. Its goroutine alone reads and writes; Server guards loggedIn and dropped with its lock.
type session struct {
	id       uint32
	conn     net.Conn
	server   *Server
	stop     chan struct{} // closed when the generation ends
	loggedIn bool
	dropped  bool   // others needed its room before it logged in
	code     uint32 // of the request in hand
	scratch  []byte // of requests that nobody keeps
}

// isKnown reports whether a login came.
func (c *session) isKnown() bool {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return c.loggedIn
}

func abort(conn net.Conn) {
	if secure, isTLS := conn.(*tls.Conn); isTLS {
		conn = secure.NetConn() // no goodbye of TLS, which could wait for the client
	}
	if tcp, isTCP := conn.(*net.TCPConn); isTCP {
		_ = tcp.SetLinger(0) // a reset, not an orderly end
	}
	_ = conn.Close()
}

// serve answers requests in order until the client goes, the server stops, or a request is malformed beyond repair.
func (c *session) serve() {
	defer c.server.end(c)
	defer func() { _ = c.conn.Close() }()
	in := bufio.NewReaderSize(c.conn, 16<<10)
	for {
		payload, answer, err := c.read(in)
		if err != nil {
			break
		}
		fault := c.server.take(c.code)
		if answer == nil && !fault.beforeRun() {
			r := c.run(payload, fault)
			answer = &r
		}
		if !c.write(answer, fault) {
			return
		}
	}
	select {
	case <-c.stop:
		_, _ = c.conn.Write(frame(disconnected, 0, nil)) // the goodbye; the client may be gone
	default:
	}
}

func (c *session) run(payload []byte, fault *Fault) reply {
	if fault.is(Refuse) {
		return refuse(status(fault.Status))
	}
	return c.server.run(c, c.code, payload)
}

// read takes one request in. answer is set for a request that is refused unread; what follows it on the connection cannot
// be told apart from its payload, so the connection ends after it.
func (c *session) read(in *bufio.Reader) (payload []byte, answer *reply, err error) {
	var header [8]byte
	if _, err := io.ReadFull(in, header[:]); err != nil {
		return nil, nil, err
	}
	length := int64(binary.LittleEndian.Uint32(header[:])) - 4
	c.code = binary.LittleEndian.Uint32(header[4:])
	limit := int64(maxControlFrame)
	if c.code == CodeSendMessages {
		limit = int64(c.server.opts.MaxFrame)
	}
	if limit > maxOpenFrame && !c.isKnown() {
		limit = maxOpenFrame
	}
	if length < 0 || length > limit {
		c.server.log.Warn("refusing a malformed request", "code", c.code, "length", length, "limit", limit)
		if length < 0 {
			return nil, &reply{status: invalidCommand}, nil
		}
		_, _ = c.conn.Write(frame(invalidCommand, 0, nil)) // the connection ends either way
		return nil, nil, io.ErrUnexpectedEOF
	}
	if c.code == CodeSendMessages {
		payload, err = readBody(in, nil, int(length)) // becomes the log
		return payload, nil, err
	}
	c.scratch, err = readBody(in, c.scratch[:0], int(length))
	return c.scratch, nil, err
}

// readBody reads n bytes into b. A long length buys memory only as its bytes arrive.
func readBody(in *bufio.Reader, b []byte, n int) ([]byte, error) {
	for len(b) < n {
		at := len(b)
		if cap(b) == at {
			grown := make([]byte, at, min(n, max(firstRead, 2*at)))
			copy(grown, b)
			b = grown
		}
		b = b[:min(n, cap(b))]
		if _, err := io.ReadFull(in, b[at:]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// frame is the start of a reply, with room for nothing else.
func frame(s status, length int, head []byte) []byte {
	b := make([]byte, 0, 8+len(head))
	return append(put32(put32(b, uint32(s)), uint32(length)), head...)
}

// write sends a reply, or what a fault leaves of it, and tells whether the connection goes on.
func (c *session) write(r *reply, fault *Fault) bool {
	if fault.spoils() {
		return c.spoil(r, fault)
	}
	out := append(make(net.Buffers, 0, 1+len(r.parts)), frame(r.status, r.payloadLength(), r.head))
	out = append(out, r.parts...)
	_, err := out.WriteTo(c.conn)
	return err == nil
}
