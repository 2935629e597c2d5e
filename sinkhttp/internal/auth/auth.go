// Package auth proves to an endpoint who sends a request: basic, bearer, oauth2 (client credentials) and aws_sigv4.
//
// A credential that never changes is a header of the sink and costs an attempt nothing ([Static]). Any other is asked for
// each attempt ([Credential.Apply]), because it may have changed since the last: a file, a token with an end, a signature.
//
// # A 401
//
// After a 401 the attempt calls [Credential.Renew] with what it used. A credential that can be had anew is fetched, once
// for all requests that were in flight with the old one: those that come later find a newer one and go on with it. The
// attempt is then made again, once. A second 401 is the endpoint's last word.
package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"time"

	"iggysink/schema"
)

// Request is an attempt that needs a credential. Apply adds headers to Header, which it may change.
type Request struct {
	Method string
	URL    *url.URL
	Host   string // of the Host header; empty: that of URL
	Header http.Header
	Body   []byte
	Time   time.Time
}

// Credential is asked for each attempt. It may be used from several goroutines.
type Credential interface {
	// Apply adds the credential to r and returns which one it is, for Renew. It may have to fetch it: then it ends with
	// ctx. The error is an *Error, or that of ctx.
	Apply(ctx context.Context, r *Request) (used Generation, err error)
	// Renew reports whether a request that was answered 401 may be made again: there is, or may be, a newer credential
	// than the one it used.
	Renew(used Generation) bool
	// Offline is Apply as far as it goes without a connection. unknown says, by the name of a header, why it has no value then.
	Offline(r *Request) (unknown map[string]string)
	// Describe says in words what Apply used last, and how long it lasts where that is known; no secret.
	Describe() string
}

// Generation counts the credentials that there were, from 1.
type Generation uint64

// Error says why there is no credential.
type Error struct {
	Reason string // for a person; no secret
	Down   bool   // it may be there in a moment: the attempt is retried. Otherwise the sink pauses.
	Err    error  // what was behind it; never printed, as it may hold a secret
}

// Error implements error.
func (e *Error) Error() string { return e.Reason }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Static returns the value of the Authorization header where it never changes; "" where it does.
func Static(a *schema.Auth) string {
	switch {
	case a == nil:
	case a.Basic != nil:
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(a.Basic.Username+":"+a.Basic.Password.Reveal()))
	case a.Bearer != nil && a.Bearer.TokenFile == "":
		return "Bearer " + a.Bearer.Token.Reveal()
	}
	return ""
}

// New returns the credential of a block; nil where there is none, or where it is static. transport carries token requests,
// each of which may take timeout. Errors name the attribute.
func New(a *schema.Auth, transport http.RoundTripper, timeout time.Duration) (Credential, error) {
	switch {
	case a == nil || a.Basic != nil:
		return nil, nil //nolint:nilnil // most sinks have none
	case a.Bearer != nil:
		switch hasToken, hasFile := !a.Bearer.Token.IsZero(), a.Bearer.TokenFile != ""; {
		case hasToken == hasFile:
			return nil, errors.New("auth: bearer needs either token or token_file")
		case hasToken:
			return nil, nil //nolint:nilnil // static
		}
		return newFile(a.Bearer.TokenFile)
	case a.Oauth2 != nil:
		return newClientCredentials(a.Oauth2, transport, timeout)
	case a.AwsSigv4 != nil:
		return newSigV4(a.AwsSigv4, timeout), nil
	}
	return nil, errors.New("auth: no kind of credential")
}
