package sinkhttp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"time"

	"iggysink/schema"
	"iggysink/sinkhttp/internal/auth"
	"iggysink/sinkhttp/internal/network"
	"iggysink/sinkhttp/internal/signature"
)

// equipment is what a sink does to its requests besides sending envelopes to one url. All of it is nil, or zero, for a
// sink that asks for nothing of the kind, and then costs nothing.
type equipment struct {
	shape       *shape
	credential  auth.Credential
	tokens      *http.Transport
	signatures  *signature.Set
	compressor  *compressor
	items       *items
	limit       *limit
	idempotency string // name of the header
	identified  bool   // requests have an id
}

// tokenTransport makes the requests for tokens, apart from deliveries, whose connections give nothing but answers to
// deliveries.
func tokenTransport(dialer *network.Dialer) *http.Transport {
	t := &http.Transport{
		DialContext: dialer.Plain, DialTLSContext: dialer.Encrypted, DisableCompression: true, MaxConnsPerHost: 2,
		IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: maxHeaderBytes,
	}
	if dialer.HasProxy() {
		t.Proxy = dialer.ForTransport
	}
	return t
}

// equip reads what the configuration asks for. s.header is there.
func (s *Sink) equip(cfg *schema.Sink, dialer *network.Dialer) (err error) {
	if value := auth.Static(cfg.Auth); value != "" {
		s.header["Authorization"] = []string{value}
	}
	if cfg.Auth != nil && cfg.Auth.Oauth2 != nil {
		s.tokens = tokenTransport(dialer.ForTokens())
	}
	if s.credential, err = auth.New(cfg.Auth, s.tokens, cfg.Timeout.Std()); err != nil {
		return err
	}
	if len(cfg.Signature) > 0 {
		if s.signatures, err = signature.New(cfg.Signature); err != nil {
			return err
		}
	}
	if cfg.Compression != nil {
		if s.compressor, err = newCompressor(cfg.Compression); err != nil {
			return fmt.Errorf("compression: %w", err)
		}
	}
	if cfg.ResponseItems != nil {
		s.items = newItems(cfg.ResponseItems)
	}
	if cfg.RateLimit != nil {
		s.limit = newLimit(cfg.RateLimit)
	}
	s.idempotency = cfg.IdempotencyKey
	s.identified = s.idempotency != "" || !s.signatures.Empty()
	if isShaped(cfg) {
		s.shape, err = newShape(cfg, s.header)
	}
	return err
}

// outgoing is one request as its attempts send it.
type outgoing struct {
	method string
	url    *url.URL
	header http.Header // never written to
	body   []byte      // as it goes out
	n      int         // messages
	id     string      // the same for each attempt; empty where nothing needs it
}

// outgoing makes the request of r: what does not differ from attempt to attempt.
func (s *Sink) outgoing(p *Prepared, r *run) outgoing {
	body := s.bytes(p, *r)
	out := outgoing{method: string(s.cfg.Method), url: p.target.url, header: s.header, body: body, n: r.length()}
	if r.line != nil {
		out.url, out.header = r.line.url, r.line.header
	}
	cloned := false
	set := func(name, value string) {
		if !cloned {
			out.header, cloned = maps.Clone(out.header), true
		}
		out.header[name] = []string{value}
	}
	if s.identified {
		if out.n == 1 {
			out.id = string(p.ids[r.first()][:])
		} else {
			out.id = string(p.shaping.id.appendBatchID(nil, s.cfg.Name, p.target.partition, s.picked(p, r), body))
		}
	}
	if s.idempotency != "" { // a structured string, as the draft has it
		set(s.idempotency, `"`+out.id+`"`)
	}
	if s.compressor != nil {
		if packed, ok := s.compressor.appendCompressed(nil, body); ok {
			out.body = packed
			set("Content-Encoding", string(s.cfg.Compression.Algorithm))
		}
	}
	return out
}

// dress adds to an attempt what has to be made anew for each: a credential, then the signatures over all of it.
func (s *Sink) dress(ctx context.Context, out *outgoing) (header http.Header, used auth.Generation, err error) {
	if s.credential == nil && s.signatures.Empty() {
		return out.header, 0, nil
	}
	header, now := maps.Clone(out.header), time.Now()
	prove := func() error {
		if s.credential == nil {
			return nil
		}
		r := auth.Request{Method: out.method, URL: out.url, Host: s.host, Header: header, Body: out.body, Time: now}
		if used, err = s.credential.Apply(ctx, &r); err == nil {
			s.bodies.tokens.note(header)
		}
		return err
	}
	sign := func() error { return s.sign(out, header, now) }
	first, last := prove, sign // a token can be a part of what is signed
	if s.provesLast() {
		first, last = sign, prove
	}
	if err = first(); err == nil {
		err = last()
	}
	if err != nil {
		return nil, 0, err
	}
	return header, used, nil
}

// provesLast reports whether the credential signs the other headers, signatures among them.
func (s *Sink) provesLast() bool { return s.cfg.Auth != nil && s.cfg.Auth.AwsSigv4 != nil }

// sign adds the signatures over a request to its header.
func (s *Sink) sign(out *outgoing, header http.Header, now time.Time) error {
	if s.signatures.Empty() {
		return nil
	}
	r := signature.Request{Method: out.method, URL: out.url, Host: s.host, Header: header, Body: out.body, ID: out.id, Time: now}
	return s.signatures.Sign(&r)
}

// undressed judges an attempt that could not be made.
func undressed(ctx context.Context, err error) judgement {
	var missing *auth.Error
	switch {
	case ctx.Err() != nil:
		return judgement{verdict: cancelled, reason: "cancelled"}
	case errors.As(err, &missing) && missing.Down:
		// As with the endpoint itself: what stands until somebody changes it pauses, and says what it is.
		if fault := faultBehind(missing.Err); fault != "" {
			return judgement{verdict: pause, outage: true, scope: ScopeConnection, reason: missing.Reason + ": " + fault}
		}
		return judgement{verdict: retry, outage: true, scope: ScopeConnection, reason: missing.Reason}
	case errors.As(err, &missing):
		return judgement{verdict: pause, scope: ScopeConnection, reason: missing.Reason}
	}
	return judgement{verdict: pause, scope: ScopeConnection, reason: err.Error()}
}

// faultBehind tells what stands between a sink and its token endpoint until somebody changes it; "" if nothing of the kind is known.
func faultBehind(err error) string {
	if err == nil {
		return ""
	}
	return cmp.Or(networkFault(err), tlsFault(err))
}
