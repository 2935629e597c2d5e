// Package signature signs requests: standard_webhooks, http_message (RFC 9421) and hmac. An endpoint checks with it that a
// request comes from us and was not changed.
//
// A request is signed for each attempt, because a signature carries the time, and over the bytes that go out, after
// compression.
package signature

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"iggysink/schema"
)

// Request is what is signed. Sign adds headers to Header, which it may change.
type Request struct {
	Method string
	URL    *url.URL
	Host   string // of the Host header; empty: that of URL
	Header http.Header
	Body   []byte
	ID     string    // names the request: the same for each attempt
	Time   time.Time // of the attempt
}

// host returns what the Host header holds.
func (r *Request) host() string {
	if r.Host != "" {
		return r.Host
	}
	return r.URL.Host
}

// Set signs with every block of a sink, in order. It may be used from several goroutines.
type Set struct{ signers []signer }

// signer makes one kind of signature.
type signer interface{ sign(r *Request) error }

// New reads the keys. Errors name the block and the attribute, and hold no piece of a key.
func New(blocks []schema.Signature) (*Set, error) {
	s := &Set{}
	for i, b := range blocks {
		var next signer
		var err error
		switch {
		case b.StandardWebhooks != nil:
			next, err = newStandardWebhooks(b.StandardWebhooks)
		case b.HTTPMessage != nil:
			next, err = newHTTPMessage(b.HTTPMessage)
		case b.Hmac != nil:
			next, err = newHMAC(b.Hmac)
		default:
			err = errors.New("no kind of signature")
		}
		if err != nil {
			return nil, fmt.Errorf("signature %d: %w", i+1, err)
		}
		s.signers = append(s.signers, next)
	}
	return s, nil
}

// Empty reports whether nothing is signed.
func (s *Set) Empty() bool { return s == nil || len(s.signers) == 0 }

// Sign adds all signatures to r. An error says which part of the request is missing that has to be signed.
func (s *Set) Sign(r *Request) error {
	for _, next := range s.signers {
		if err := next.sign(r); err != nil {
			return err
		}
	}
	return nil
}
