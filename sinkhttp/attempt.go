package sinkhttp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// maxDrain is how much of an answer's body is read, so that its connection can be used again. What is longer costs the
// connection.
const maxDrain = 64 << 10

// errTimeout is the cause of an attempt's end where its own time was over.
var errTimeout = errors.New("timeout")

// attempt sends one request and judges the answer. unread reports that the transport may still read body: it gives an
// early answer back while it is sending.
func (s *Sink) attempt(ctx context.Context, t *target, body []byte, n int) (j judgement, unread bool) {
	s.stats.requests.Add(1)
	s.stats.bytes.Add(uint64(len(body)))
	status, header, unread, err := s.exchange(ctx, string(s.cfg.Method), t.url, body)
	switch {
	case err == nil:
		j = s.classifier.response(status, header, n, time.Now())
	case ctx.Err() != nil:
		j = judgement{verdict: cancelled, reason: "cancelled"}
	default:
		j = s.classifier.failure(err)
	}
	s.stats.verdicts[j.verdict].Add(1)
	return j, unread
}

// exchange makes one request within the time of an attempt. Once the status is there, nothing that happens to the rest
// of the answer counts.
func (s *Sink) exchange(ctx context.Context, method string, u *url.URL, body []byte) (
	status int, header http.Header, unread bool, err error,
) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.Timeout.Std(), errTimeout)
	defer cancel()
	w := &writes{}
	r := http.Request{
		Method: method, URL: u, Header: s.header, Host: s.host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: http.NoBody,
	}
	if len(body) > 0 {
		r.ContentLength = int64(len(body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		r.Body = io.NopCloser(bytes.NewReader(body)) // this very type: the transport sends it without a copy
	}
	response, err := s.transport.RoundTrip(r.WithContext(w.trace(ctx)))
	if err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, errTimeout) {
			err = errTimeout
		}
		return 0, nil, !w.done(), err
	}
	status, header = response.StatusCode, response.Header
	if status != http.StatusSwitchingProtocols { // there the body is the connection
		_, _ = io.CopyN(io.Discard, response.Body, maxDrain) // the status is what counts
	}
	_ = response.Body.Close() // nothing is left to lose
	return status, header, !w.done(), nil
}

// writes counts on how many connections a request was begun and ended. The transport may take a second connection where
// the first was dead, and may answer while it is still writing.
type writes struct{ begun, ended atomic.Int32 }

func (w *writes) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { w.begun.Add(1) },
		WroteRequest: func(httptrace.WroteRequestInfo) { w.ended.Add(1) },
	})
}

// done reports that nobody reads the body any more.
func (w *writes) done() bool { return w.begun.Load() == w.ended.Load() }
