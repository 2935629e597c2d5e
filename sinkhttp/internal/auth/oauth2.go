package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"iggysink/schema"
)

// clientCredentials fetches access tokens. One fetch is under way at a time, whoever needs the token; the others wait.
type clientCredentials struct {
	config  clientcredentials.Config
	client  *http.Client
	timeout time.Duration
	before  time.Duration // refresh_before

	fetching chan struct{} // holds one: whoever is in it fetches

	mu         sync.Mutex
	value      string // of the header; empty: none
	renewAt    time.Time
	end        time.Time // zero: the server did not say
	generation Generation
	failed     error     // of the last fetch
	failedAt   time.Time // those who waited for it do not try again at once
}

func newClientCredentials(b *schema.AuthOauth2, transport http.RoundTripper, timeout time.Duration) (*clientCredentials, error) {
	values := url.Values{}
	if b.Audience != "" {
		values.Set("audience", b.Audience)
	}
	for name, value := range b.Parameters {
		values.Set(name, value.Reveal())
	}
	style := oauth2.AuthStyleInHeader
	if b.ClientAuth == schema.ClientAuthBody {
		style = oauth2.AuthStyleInParams
	}
	for _, name := range []string{"grant_type", "client_id", "client_secret", "scope"} {
		if values.Has(name) {
			return nil, errors.New("auth: parameters: " + name + " is set by another attribute")
		}
	}
	return &clientCredentials{
		config: clientcredentials.Config{
			ClientID: b.ClientID, ClientSecret: b.ClientSecret.Reveal(), TokenURL: b.TokenURL.Reveal(), Scopes: b.Scopes,
			EndpointParams: values, AuthStyle: style,
		},
		client: &http.Client{
			Transport:     named{transport},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		timeout: timeout, before: b.RefreshBefore.Std(), fetching: make(chan struct{}, 1),
	}, nil
}

// named makes requests as iggysink, as deliveries are.
type named struct{ transport http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (n named) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", "iggysink")
	return n.transport.RoundTrip(r)
}

// Apply implements Credential.
func (c *clientCredentials) Apply(ctx context.Context, r *Request) (Generation, error) {
	asked := time.Now()
	for {
		c.mu.Lock()
		value, generation, soon := c.value, c.generation, !c.renewAt.IsZero() && !time.Now().Before(c.renewAt)
		c.mu.Unlock()
		usable := value != "" && !c.ended()
		if usable && !soon {
			r.Header["Authorization"] = []string{value}
			return generation, nil
		}
		if usable {
			select {
			case c.fetching <- struct{}{}:
			default: // somebody fetches the next one, and this one still does
				r.Header["Authorization"] = []string{value}
				return generation, nil
			}
		} else {
			select {
			case c.fetching <- struct{}{}:
			case <-ctx.Done():
				return 0, context.Cause(ctx)
			}
		}
		err := c.fetch(ctx, generation, asked)
		<-c.fetching
		switch {
		case err == nil:
		case usable: // what there is will do until its end
			r.Header["Authorization"] = []string{value}
			return generation, nil
		default:
			return 0, err
		}
	}
}

// ended reports whether the token is over.
func (c *clientCredentials) ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.end.IsZero() && !time.Now().Before(c.end)
}

// Describe implements Credential.
func (c *clientCredentials) Describe() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end.IsZero() {
		return "an access token, whose end the token endpoint does not tell"
	}
	return "an access token for " + time.Until(c.end).Round(time.Second).String()
}

// Renew implements Credential: a token that was answered 401 is not used again.
func (c *clientCredentials) Renew(used Generation) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if used == c.generation {
		c.value = ""
	}
	return true
}

// Offline implements Credential: there is no token.
func (c *clientCredentials) Offline(*Request) map[string]string {
	return map[string]string{"Authorization": "an access token, which only the token endpoint can tell"}
}

// fetch gets a token, unless somebody got one, or failed to, since the caller looked. The caller is in fetching.
func (c *clientCredentials) fetch(ctx context.Context, known Generation, asked time.Time) error {
	c.mu.Lock()
	done, failed := c.generation != known && c.value != "", c.failed
	if !c.failedAt.After(asked) {
		failed = nil
	}
	c.mu.Unlock()
	switch {
	case done:
		return nil
	case failed != nil: // somebody tried meanwhile: one request for a token, however many wait for it
		return failed
	}
	bounded, cancel := context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, c.client), c.timeout)
	defer cancel()
	start := time.Now()
	token, err := c.config.Token(bounded)
	c.mu.Lock()
	defer c.mu.Unlock()
	if failure := refusal(token, err); failure != nil {
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.failed, c.failedAt = failure, time.Now()
		c.renewAt = time.Now().Add(retryRefresh) // an early refresh that failed is not tried for each attempt
		return c.failed
	}
	c.value, c.failed, c.renewAt, c.end = headerOf(token), nil, time.Time{}, token.Expiry
	c.generation++
	if !token.Expiry.IsZero() {
		life := token.Expiry.Sub(start)
		c.renewAt = c.end.Add(-min(c.before, life/2))
	}
	return nil
}

// retryRefresh is how long an early refresh that failed waits before the next.
const retryRefresh = time.Second

// refusal says why what the endpoint answered is no token to use, nil if it is one.
func refusal(token *oauth2.Token, err error) *Error {
	switch {
	case err != nil:
		return describe(err)
	case !validToken(headerOf(token)):
		return &Error{Reason: "the token endpoint's answer is not a token"}
	case !token.Expiry.IsZero() && !time.Now().Before(token.Expiry): // the next one would be no younger, and asked for at once
		return &Error{Reason: "the token endpoint's answer is a token that has already ended"}
	}
	return nil
}

// headerOf returns a token as the value of the header.
func headerOf(token *oauth2.Token) string { return token.Type() + " " + token.AccessToken }

// validToken reports whether a header can carry it.
func validToken(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r >= 0x7f })
}

// describe says why there is no token. What the endpoint wrote is not shown: it may echo the secret.
func describe(err error) *Error {
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) || answer.Response == nil {
		return &Error{Reason: "the token endpoint cannot be reached, or its answer is not a token", Down: true, Err: err}
	}
	status := answer.Response.StatusCode
	e := &Error{Reason: strings.TrimSpace(fmt.Sprintf("the token endpoint answered %d %s", status, http.StatusText(status))), Err: err}
	e.Down = status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status < 300
	if status < 300 {
		e.Reason = "the token endpoint's answer is not a token"
	}
	switch answer.ErrorCode { // section 5.2
	case "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
		"invalid_target":
		e.Reason += " (" + answer.ErrorCode + ")"
	}
	return e
}
