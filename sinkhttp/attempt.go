package sinkhttp

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// How much of an answer's body is read, so that its connection can be used again, and for how long. What is longer costs
// the connection; it does not hold the request back, because the status decides.
const (
	maxDrain  = 1 << 20
	drainTime = 500 * time.Millisecond
)

// errTimeout is the cause of an attempt's end where its own time was over.
var errTimeout = errors.New("timeout")

// errReplay is the cause of an attempt's end where the transport was about to send the request a second time.
var errReplay = errors.New("the transport wanted to send the request again")

// attempt sends one request and judges the answer. unread reports that the transport may still read body: it gives an
// early answer back while it is sending.
//
// A credential that is answered 401 is fetched anew, and the request is made once more. Where that gets no answer the 401
// stays the last one.
func (s *Sink) attempt(ctx context.Context, out *outgoing) (j judgement, unread bool) {
	answered := 0
	defer func() { j.status = cmp.Or(j.status, answered) }()
	for again := s.credential != nil; ; again = false {
		header, used, err := s.dress(ctx, out)
		if err != nil {
			j = undressed(ctx, err)
			s.stats.verdicts[j.verdict].Add(1)
			return j, unread
		}
		var late bool
		j, late = s.once(ctx, out, header)
		unread = unread || late
		if !again || j.status != http.StatusUnauthorized || !s.credential.Renew(used) {
			return j, unread
		}
		answered = j.status
		if !s.limited(ctx, out.n) { // one more request is one more turn
			return judgement{verdict: cancelled, reason: "cancelled"}, unread
		}
	}
}

// once makes one request.
func (s *Sink) once(ctx context.Context, out *outgoing, header http.Header) (j judgement, unread bool) {
	s.stats.requests.Add(1)
	s.stats.bytes.Add(uint64(len(out.body)))
	a, unread, err := s.exchange(ctx, out.method, out.url, header, out.body)
	switch {
	case err == nil:
		j = s.classifier.response(a.status, a.header, out.n, time.Now())
		j.body = withoutSignature(a.said, header)
		if s.items != nil && j.verdict == accept {
			s.judgeItems(&j, &a, out.n, header)
		}
	case ctx.Err() != nil:
		j = judgement{verdict: cancelled, reason: "cancelled"}
	default:
		j = s.classifier.failure(err)
		if j.replay {
			s.transport.CloseIdleConnections() // made at the same time, most of them end the same way
		}
	}
	s.stats.verdicts[j.verdict].Add(1)
	return j, unread
}

// exchange makes one request within the time of an attempt. Once the status is there, nothing that happens to the rest
// of the answer counts. An error is a *staleError where it says no more than that a kept connection had ended.
func (s *Sink) exchange(ctx context.Context, method string, u *url.URL, header http.Header, body []byte) (
	a answer, unread bool, err error,
) {
	c := s.call()
	c.said = ""
	c.deadline = time.Now().Add(s.cfg.Timeout.Std())
	c.timer.Reset(s.cfg.Timeout.Std())
	stop := context.AfterFunc(ctx, func() { c.cancel(context.Cause(ctx)) })
	a, err = c.run(method, u, header, body)
	a.said = c.said
	// Where one of them has begun it ends the context sooner or later, maybe that of another attempt.
	inTime, goesOn := c.timer.Stop(), stop()
	if unread = !c.done(); unread || !inTime || !goesOn || err != nil {
		c.cancel(nil)
	} else {
		s.calls.Put(c)
	}
	return a, unread, err
}

// answer is what an endpoint answered.
type answer struct {
	status int
	header http.Header
	body   []byte // where response_items wants it; at most one byte more than it may have
	cut    bool   // body is not all of it
	said   string // how the body begins of an answer that accepts nothing, with no secret in it
}

// staleError says that a request was written to a connection that had served others, which ended before a byte of an
// answer came. Most likely the endpoint had ended it before the request arrived: RFC 9112 section 9.3.1 lets a client send
// such a request once more, and for a request that nobody can tell from the next one that is at-least-once.
type staleError struct{ err error }

func (e *staleError) Error() string { return "a kept connection ended: " + e.err.Error() }
func (e *staleError) Unwrap() error { return e.err }

// call is what an attempt needs beside its body. It is used for one attempt after the other; but not again once its
// context has ended, nor while the transport may still use a part of it.
type call struct {
	sink     *Sink
	ctx      context.Context //nolint:containedctx // made once: a context for each attempt costs as much as encoding
	cancel   context.CancelCauseFunc
	timer    *time.Timer
	deadline time.Time
	request  *http.Request
	content  []byte
	reader   bytes.Reader
	body     io.ReadCloser // of reader

	begun, ended atomic.Int32 // on how many connections the request was begun and ended
	conn         *conn        // the last one of them
	number       uint64       // of the request on it
	reused       bool         // it has served others
	said         string       // how the body of an answer began that accepts nothing
}

// call returns one that is not in use.
func (s *Sink) call() *call {
	if c, isCall := s.calls.Get().(*call); isCall {
		return c
	}
	c := &call{sink: s}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	c.timer = time.AfterFunc(time.Hour, func() { c.cancel(errTimeout) })
	c.timer.Stop()
	c.body = io.NopCloser(&c.reader) // this very type: the transport sends it without a copy
	r := http.Request{Host: s.host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	if _, isHTTP2 := s.transport.(*http2Transport); !isHTTP2 { // which would send it again where a stream is refused
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(c.content)), nil }
	}
	c.request = r.WithContext(httptrace.WithClientTrace(c.ctx, &httptrace.ClientTrace{
		GotConn:      c.gotConn,
		WroteRequest: func(httptrace.WroteRequestInfo) { c.ended.Add(1) },
		PutIdleConn: func(error) {
			if c.conn != nil {
				c.conn.rest(c.number)
			}
		},
	}))
	return c
}

// gotConn is called for each connection that the transport takes for the request. It may take another one where nothing
// was written to the last. Beyond that it repeats what it believes to be idempotent, for as long as it has idle
// connections; but whether a request is sent again is decided in one place, which counts and logs it.
func (c *call) gotConn(info httptrace.GotConnInfo) {
	c.begun.Add(1)
	replay := c.conn != nil && c.conn.wrote(c.number)
	if replay {
		c.cancel(errReplay)
	}
	c.reused = info.Reused || replay
	if replay { // conn stays the one that it was written to
		if other, isConn := info.Conn.(*conn); isConn {
			other.refuse()
		}
		return
	}
	if c.conn, _ = info.Conn.(*conn); c.conn != nil {
		c.number = c.conn.begin()
	} else if m := meterOf(info.Conn); m != nil {
		m.grant()
	}
}

// run makes the attempt.
func (c *call) run(method string, u *url.URL, header http.Header, body []byte) (answer, error) {
	c.content, c.conn = body, nil
	c.request.Method, c.request.URL, c.request.Header = method, u, header
	c.request.Body, c.request.ContentLength = nil, int64(len(body)) // http.NoBody would be sent in chunks: req knows another one
	if len(body) > 0 {
		c.reader.Reset(body)
		c.request.Body = c.body
	}
	response, err := c.sink.transport.RoundTrip(c.request)
	if err != nil {
		cause := context.Cause(c.ctx)
		if errors.Is(cause, errTimeout) {
			err = errTimeout
		} else if c.reused && c.conn != nil && c.conn.silent(c.number) && (cause == nil || errors.Is(cause, errReplay)) {
			err = &staleError{err}
		}
		return answer{}, err
	}
	a := answer{status: response.StatusCode, header: response.Header}
	if c.sink.items != nil && c.sink.classifier.accepts(a.status) {
		c.read(&a, response)
	} else {
		c.drain(method, response)
	}
	return a, nil
}

// read reads the body of an answer that judges items, within the time of the attempt.
func (c *call) read(a *answer, response *http.Response) {
	if c.conn != nil && response.ContentLength > 0 {
		c.conn.expect(min(response.ContentLength, maxItemsAnswer+1))
	}
	var err error
	a.body, err = io.ReadAll(io.LimitReader(response.Body, maxItemsAnswer+1))
	a.cut = err != nil || len(a.body) > maxItemsAnswer
	_ = response.Body.Close() // ends the connection where there is more to come
}

// drain reads the body of an answer, which makes its connection free for the next request, or ends the connection.
func (c *call) drain(method string, response *http.Response) {
	switch {
	case response.ContentLength == 0, method == http.MethodHead:
	case response.StatusCode == http.StatusSwitchingProtocols: // there the body is the connection
	case response.ContentLength > maxDrain && c.sink.classifier.accepts(response.StatusCode):
	default:
		if c.conn != nil && response.ContentLength > 0 {
			c.conn.expect(response.ContentLength)
		}
		c.timer.Reset(min(drainTime, time.Until(c.deadline)))
		if !c.sink.classifier.accepts(response.StatusCode) {
			c.said = c.sink.bodies.read(response.Body)
		}
		if response.ContentLength > maxDrain {
			break
		}
		_, _ = io.CopyN(io.Discard, response.Body, maxDrain+1) // the status is what counts
	}
	_ = response.Body.Close() // nothing is left to lose
}

// done reports that nobody reads the body any more. The transport may take a second connection where the first was dead,
// and may answer while it is still writing.
func (c *call) done() bool { return c.begun.Load() == c.ended.Load() }
