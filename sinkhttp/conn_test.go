package sinkhttp

import (
	"bufio"
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// keptAlive is a server that answers each request with the same bytes and keeps its connections.
type keptAlive struct {
	url      string
	conns    atomic.Int32
	requests atomic.Int32
}

// answerWith serves answer, in pieces of so many bytes; 0: in one. after is written when the answer has been.
func answerWith(t *testing.T, answer string, piece int) *keptAlive {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	k := &keptAlive{url: "http://" + l.Addr().String()}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			k.conns.Add(1)
			all.Go(func() {
				k.serve(c, answer, piece)
				_ = c.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	return k
}

func (k *keptAlive) serve(c net.Conn, answer string, piece int) {
	for r := bufio.NewReader(c); ; {
		request, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return
		}
		k.requests.Add(1)
		for rest := answer; rest != ""; {
			n := len(rest)
			if piece > 0 {
				n = min(piece, n)
			}
			if _, err := io.WriteString(c, rest[:n]); err != nil {
				return
			}
			rest = rest[n:]
		}
	}
}

// captureStandardLog redirects the standard logger for the time of the test.
func captureStandardLog(t *testing.T) *syncBuffer {
	t.Helper()
	var out syncBuffer
	before := log.Writer()
	log.SetOutput(&out)
	t.Cleanup(func() { log.SetOutput(before) })
	return &out
}

// syncBuffer is a buffer for several writers.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

const canary = "canary of a secret"

// answersByShape are complete answers of every shape that a connection survives.
func answersByShape() map[string]string {
	return map[string]string{
		"no body":             "HTTP/1.1 204 No Content\r\n\r\n",
		"length 0":            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"length":              "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"length, empty lines": "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\na\n\n\r\n\r\nb",
		"chunked":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\n\n\nx\r\n0\r\n\r\n",
		"chunked, trailer":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n",
		"interim":             "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"bare line feeds":     "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
		"long body":           "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + strings.Repeat("0123456789", 6000),
		"long head":           "HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("a", 5000) + "\r\nContent-Length: 2\r\n\r\nok",
	}
}

func TestAnswersOfEveryShapeKeepTheConnection(t *testing.T) {
	for name, answer := range answersByShape() {
		for _, piece := range []int{0, 1, 7} {
			if piece > 0 && len(answer) > 10000 {
				continue
			}
			server := answerWith(t, answer, piece)
			s := startAt(t, server.url, nil)
			for range 5 {
				assert.Equal(t, "A", kinds(send(t.Context(), s, batch(0, "a"))), name)
			}
			s.Close()
			assert.Equal(t, int32(1), server.conns.Load(), "%s in pieces of %d", name, piece)
		}
	}
}

// What an endpoint sends behind its answer is nobody's answer and nobody's to read.
func TestBytesBehindAnAnswerEndTheConnectionAndArePrintedNowhere(t *testing.T) {
	printed := captureStandardLog(t)
	for name, answer := range answersByShape() {
		for _, surplus := range []string{canary, "\r\n" + canary + "\r\n\r\n", "HTTP/1.1 401 " + canary + "\r\n\r\n", "\n", "x"} {
			server := answerWith(t, answer+surplus, 0)
			s := startAt(t, server.url, nil)
			for range 5 {
				out := send(t.Context(), s, batch(0, "a"))
				assert.Equal(t, "A", kinds(out), "%s and %q", name, surplus)
				assert.Equal(t, 1, out[0].Attempts)
			}
			s.Close()
			if len(answer) < 2000 { // otherwise the surplus comes with a later read
				assert.Equal(t, int32(5), server.requests.Load(), "%s and %q", name, surplus)
				assert.Equal(t, int32(5), server.conns.Load(), "%s and %q", name, surplus)
			}
		}
	}
	assert.Empty(t, printed.String())
}

func TestBytesOnAnIdleConnectionEndItAndArePrintedNowhere(t *testing.T) {
	printed := captureStandardLog(t)
	more := make(chan struct{})
	ended := make(chan struct{}, 1)
	url := rawServer(t, func(n int, c net.Conn) {
		b := make([]byte, 4096)
		_, _ = c.Read(b)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		if n == 0 {
			select {
			case <-more:
			case <-t.Context().Done(): // the test ended before
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n"+canary+"\r\n\r\n")
			_, _ = c.Read(b) // until the client ends it
			ended <- struct{}{}
		}
	})
	s := startAt(t, url, nil)
	assert.Equal(t, "A", kinds(send(t.Context(), s, batch(0, "a"))))
	close(more)
	<-ended
	assert.Equal(t, "A", kinds(send(t.Context(), s, batch(0, "b"))))
	s.Close()
	assert.Empty(t, printed.String())
}

// A request that has got its connection and not begun to write is not answered by what was there before.
func TestNothingFromBeforeARequestAnswersIt(t *testing.T) {
	client, server := net.Pipe()
	c := &conn{Conn: client}
	defer func() { assert.NoError(t, c.Close()) }()
	go func() { _, _ = io.WriteString(server, canary) }()
	c.begin()
	n, err := c.Read(make([]byte, 10))
	assert.Zero(t, n)
	assert.Equal(t, io.EOF, err)
	_, err = c.Write([]byte("POST"))
	assert.ErrorIs(t, err, net.ErrClosed, "not even begun, so that the transport may take another connection")
}

// The end of one request may be noticed after the next one has the connection.
func TestAConnectionKnowsWhichRequestHasEnded(t *testing.T) {
	client, server := net.Pipe()
	c := &conn{Conn: client}
	defer func() { assert.NoError(t, c.Close()) }()
	first := c.begin()
	c.begin()
	go func() {
		_, _ = io.ReadFull(server, make([]byte, 4))
		_, _ = io.WriteString(server, "HTTP/1.1 200")
	}()
	_, err := c.Write([]byte("POST"))
	require.NoError(t, err)
	c.rest(first)
	b := make([]byte, 20)
	n, err := c.Read(b)
	assert.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 200", string(b[:n]))
}

// A head may not take more memory than its bound, however it comes.
func TestAnEndlessHeadIsCut(t *testing.T) {
	for _, line := range []string{"X-A: " + strings.Repeat("a", 1000) + "\r\n", strings.Repeat("a", 1000)} {
		var sent atomic.Int64
		url := rawServer(t, func(_ int, c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			for {
				n, err := io.WriteString(c, line)
				if sent.Add(int64(n)); err != nil {
					return
				}
			}
		})
		s := startAt(t, url, func(c *schema.Sink) { c.Timeout = schema.Duration(time.Minute) })
		_, _, err := s.exchange(t.Context(), http.MethodPost, s.health, s.header, []byte("a"))
		require.Error(t, err)
		assert.Equal(t, retry, s.classifier.failure(err).verdict)
		assert.NotContains(t, s.classifier.failure(err).reason, "within", "not the timeout")
		s.Close()
	}
}
