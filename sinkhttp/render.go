package sinkhttp

import (
	"bytes"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"iggysink/sinkhttp/internal/auth"
)

// Request is a request as its first attempt would send it. It is the caller's.
type Request struct {
	Method   string
	URL      *url.URL
	Host     string      // of the Host header; empty: that of URL
	Header   http.Header // each name as it goes out over HTTP/1.1; Host and Content-Length are not among them
	Body     []byte      // after compression
	Plain    []byte      // before it
	Messages []int       // positions in Batch.Messages

	// Secret has the names of the headers whose value is one: what the configuration says for all messages, credentials and
	// signatures.
	Secret map[string]bool
	// Unknown says, by the name of a header, why its value is not known before a connection is made.
	Unknown map[string]string
	// Fault is why no attempt would be made, such as a header that has to be signed and is not there; empty: there is none.
	Fault string
}

// Render returns the requests that Send would make of a batch, in order, and an outcome for each message that is in none of
// them, because it is rejected or filtered. Nothing is sent and no connection is made, for credentials neither: what takes one
// is in Request.Unknown. Requests are cut as they are before an endpoint has answered anything.
func (s *Sink) Render(b Batch) ([]Request, []Outcome) {
	p, outcomes := s.Prepare(b)
	if p == nil {
		return nil, outcomes
	}
	s.claim(p)
	requests := make([]Request, 0, len(p.requests))
	for i := range p.requests {
		for head, rest := s.cut(p, p.requests[i]); head.length() > 0; head, rest = s.cut(p, rest) {
			requests = append(requests, s.render(p, &head))
			if rest.length() == 0 {
				break
			}
		}
	}
	s.give(p)
	return requests, outcomes
}

// render makes one request, which keeps nothing of p.
func (s *Sink) render(p *Prepared, r *run) Request {
	out := s.outgoing(p, r)
	u := *out.url
	q := Request{
		Method: out.method, URL: &u, Host: s.host, Body: bytes.Clone(out.body), Plain: bytes.Clone(s.bytes(p, *r)),
		Secret: s.secretHeaders(), Unknown: map[string]string{},
	}
	for i := range r.all {
		q.Messages = append(q.Messages, p.spans[i].index)
	}
	before := maps.Clone(out.header)
	header, now := maps.Clone(out.header), time.Now()
	prove := func() {
		if s.credential != nil {
			q.Unknown = s.credential.Offline(&auth.Request{
				Method: out.method, URL: out.url, Host: s.host, Header: header, Body: out.body, Time: now,
			})
		}
	}
	if !s.provesLast() {
		prove()
	}
	for name := range q.Unknown { // it can be a part of what is signed
		header[name] = []string{""}
	}
	if err := s.sign(&out, header, now); err != nil {
		q.Fault = err.Error()
	} else if s.provesLast() {
		prove()
	}
	for name := range q.Unknown {
		delete(header, name)
	}
	for name := range header {
		if _, was := before[name]; !was && isProof(name) {
			q.Secret[name] = true
		}
	}
	if slices.Equal(header["User-Agent"], []string{""}) { // it keeps the transport from adding its own
		delete(header, "User-Agent")
	}
	q.Header = header
	return q
}

// isProof reports whether a header that an attempt adds proves something: it must not be shown. The others say when, which
// request and what of it.
func isProof(name string) bool {
	switch name {
	case "Webhook-Id", "Webhook-Timestamp", "Content-Digest", "Signature-Input", "X-Amz-Date", "X-Amz-Content-Sha256":
		return false
	}
	return true
}

// secretHeaders are the headers with a value of the configuration that is the same for all messages.
func (s *Sink) secretHeaders() map[string]bool {
	names := map[string]bool{"Authorization": true, "Proxy-Authorization": true, "Cookie": true}
	for name, value := range s.cfg.Headers {
		switch http.CanonicalHeaderKey(name) {
		case "Content-Type", "Host", "User-Agent":
		default:
			names[name] = !value.HasFields()
		}
	}
	return names
}
