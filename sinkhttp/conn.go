package sinkhttp

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// What an answer may cost in bytes as they come from the endpoint. The transport counts what it has decoded, which chunk
// extensions and interim answers are not.
const (
	maxInterimBytes = 64 << 10                                      // of 1xx answers in front of one final answer
	maxAnswerBytes  = maxInterimBytes + maxHeaderBytes + 2*maxDrain // of all of one answer
)

// The ends that conn itself makes.
var (
	errInterim = errors.New("too many interim answers")
	errAnswer  = errors.New("the answer is too long")
)

// conn gives the transport no byte that is not part of the final answer to a request of ours.
//
// An endpoint can send more than its answer: behind it, or while the connection is idle. The transport prints such bytes
// with the standard logger, and they may echo a secret that we have sent; or it takes them for the answer to the next
// request. Here such a connection ends, and the transport takes another one.
//
// To know where an answer ends it would have to be parsed once more. Instead Read stops wherever one may end: behind
// each empty line, where every head and every chunked body ends, and after the length that expect was told. So the
// transport's buffer is empty when an answer is complete, and what is left here is surplus.
//
// Interim answers (1xx, RFC 9110 section 15.2) end here too: the transport takes five of them and then fails, however
// short they are, and a server that hints often would be sent the same request for ever.
type conn struct {
	net.Conn

	expires time.Time // no request begins on it any more; zero: never
	most    int64     // bytes of one answer; 0: maxAnswerBytes

	mu       sync.Mutex
	buffer   []byte // read and not given yet; of storage
	storage  [2 << 10]byte
	err      error // of the read that filled buffer
	request  uint64
	armed    bool // a request has the connection and has not begun to write
	open     bool // a request was written and its answer is not complete
	head     head
	answered int64 // bytes of the answer that have come, interim ones included
	left     int64 // bytes of a body that the reader knows to be coming
	inLine   bool  // the last line given has something in it
	ended    bool  // no request may be written to it: it is too old, or there was a byte that nobody asked for
}

// head is how far the reader is in the head of an answer.
type head uint8

const (
	unknownHead head = iota // not enough of the status line was read
	interimHead
	finalHead // or behind it
)

// begin notes that a request has got the connection and returns its number.
func (c *conn) begin() uint64 {
	expired := !c.expires.IsZero() && !time.Now().Before(c.expires)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.request++
	c.armed, c.open, c.left, c.answered = true, false, 0, 0
	c.ended = c.ended || expired
	return c.request
}

// refuse lets no request be written any more.
func (c *conn) refuse() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
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

// silent reports whether nothing came back to request, whether it has begun to be written or not: the transport may learn of
// the end of a kept connection in between, and then makes no request again that is not idempotent.
func (c *conn) silent(request uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.request == request && c.answered == 0
}

// wrote reports whether request has begun to be written.
func (c *conn) wrote(request uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.request == request && !c.armed
}

// Write sends. What arrived before a request's first byte left is no answer to it.
func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	if c.armed {
		c.ended = c.ended || len(c.buffer) > 0
		if !c.ended {
			c.armed, c.open, c.inLine, c.head = false, true, false, unknownHead
		}
	}
	ended := c.ended
	c.mu.Unlock()
	if ended {
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
	for {
		if !c.ended && c.needsMore() {
			if err := c.fill(); err != nil {
				return 0, err
			}
		}
		if c.ended || !c.open {
			c.ended = true
			c.buffer = nil
			return 0, io.EOF // the transport takes it for an end of the connection, and repeats a request that it just began
		}
		if c.head != finalHead && c.interim() {
			if c.answered > maxInterimBytes {
				c.buffer, c.err = nil, errInterim
			}
			continue
		}
		break
	}
	piece := c.buffer[:min(len(p), len(c.buffer))]
	if c.left > 0 {
		piece = piece[:min(int64(len(piece)), c.left)]
		c.left -= int64(len(piece))
	} else {
		n, _ := c.part(piece)
		piece = piece[:n]
	}
	c.buffer = c.buffer[len(piece):]
	return copy(p, piece), nil
}

// statusLength is that of a status line up to its code, as in "HTTP/1.1 103".
const statusLength = 12

// needsMore reports that the buffer has nothing to give, or too little to know what it begins with.
func (c *conn) needsMore() bool {
	if len(c.buffer) == 0 {
		return true
	}
	return c.open && c.head == unknownHead && c.err == nil &&
		len(c.buffer) < statusLength && bytes.IndexByte(c.buffer, '\n') < 0
}

// fill reads behind what is in the buffer. It fails where it read nothing and the buffer has nothing either.
func (c *conn) fill() error {
	if c.err != nil {
		return c.err
	}
	kept := copy(c.storage[:], c.buffer)
	c.buffer = c.storage[:kept]
	c.mu.Unlock()
	n, err := c.Conn.Read(c.storage[kept:])
	c.mu.Lock()
	c.buffer, c.err = c.storage[:kept+n], err
	if c.open {
		if c.answered += int64(n); c.answered > max(c.most, maxAnswerBytes) {
			c.buffer, c.err = nil, errAnswer
		}
	}
	if len(c.buffer) == 0 {
		return c.err
	}
	return nil
}

// interim takes what belongs to an interim answer off the buffer, and reports whether there was something. What may be one
// and cannot be told yet waits for more. 101 is a final answer.
func (c *conn) interim() bool {
	if c.head == unknownHead {
		if c.needsMore() {
			return true
		}
		b := c.buffer
		if len(b) < statusLength || b[9] != '1' || string(b[9:statusLength]) == "101" || string(b[:7]) != "HTTP/1." {
			c.head = finalHead
			return false
		}
		c.head = interimHead
	}
	n, empty := c.part(c.buffer)
	c.buffer = c.buffer[n:]
	if empty {
		c.head = unknownHead
	}
	return true
}

// part returns the length of b up to its first empty line, that included, or all of it. empty reports that there is one.
func (c *conn) part(b []byte) (n int, empty bool) {
	for i := 0; ; {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			c.inLine = c.inLine || len(bytes.Trim(b[i:], "\r")) > 0
			return len(b), false
		}
		empty := !c.inLine && len(bytes.Trim(b[i:i+n], "\r")) == 0
		c.inLine = false
		if i += n + 1; empty || i == len(b) {
			return i, empty
		}
	}
}
