package iggyhttp

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/imroc/req/v3"

	"iggysink/internal/tlsfile"
	"iggysink/schema"
)

// Bounds of one request.
const (
	connectTimeout = 5 * time.Second  // name resolution, TCP and TLS together
	answerTimeout  = 5 * time.Second  // for a request and the head of its answer
	minRate        = 256 << 10        // bytes a second that an answer must bring at least
	patience       = 10 * time.Second // how long a request is repeated that passing trouble refused
	longestPause   = time.Second      // between two of these, unless the server asks for more
	controlLimit   = 8 << 20          // bytes of an answer that brings no messages: 1000 partitions take 200 kB
	headerLimit    = 64 << 10         // bytes of the header of an answer
	connections    = 8                // of one source: four polls, four stores
	idleTimeout    = 30 * time.Second // less than proxies and servers wait
)

// errForeign is an answer that no Iggy server gives.
var errForeign = errors.New("this is not an answer of Iggy's HTTP API; is the address that of its HTTP listener, port 3000 by default?")

// errWantsTLS is what a server with TLS answers to a request without it.
var errWantsTLS = errors.New("the server speaks TLS there; add a tls block to the iggy block")

// link is how one source talks to a server: connections of its own, the token of all. Its methods may be called at once.
type link struct {
	tokens    *tokens
	base      string // scheme, host and port
	transport *req.Transport
	drops     *drops
}

// newLink prepares connections to the server at address. Nothing is sent.
func newLink(account *Account, address string) (*link, error) {
	secure, err := tlsConfig(account.cfg)
	if err != nil {
		return nil, &ConfigError{err}
	}
	l := &link{base: "http://" + address, drops: new(drops)}
	if secure != nil {
		l.base = "https://" + address
	}
	l.tokens = account.at(l.base)
	plain, encrypted := l.drops.dialers(secure)
	client := req.C().SetTimeout(0).SetCookieJar(nil).SetRedirectPolicy(req.NoRedirectPolicy()).
		DisableAutoReadResponse().DisableAutoDecode().DisableCompression().SetProxy(nil).SetLogger(nil).
		SetDial(plain).SetDialTLS(encrypted).EnableForceHTTP1()
	l.transport = client.GetTransport()
	l.transport.MaxIdleConnsPerHost = connections
	l.transport.SetMaxConnsPerHost(connections).SetIdleConnTimeout(idleTimeout).SetMaxResponseHeaderBytes(headerLimit).
		SetReadBufferSize(64 << 10)
	return l, nil
}

// tlsConfig builds the TLS settings; nil without TLS. The CA file adds to the system's authorities.
func tlsConfig(cfg *schema.Iggy) (*tls.Config, error) {
	host, _, err := net.SplitHostPort(cfg.Address)
	if err != nil {
		return nil, fmt.Errorf("iggy address %q: %w", cfg.Address, err)
	}
	if cfg.TLS == nil {
		return nil, nil
	}
	secure := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if cfg.TLS.ServerName != "" {
		secure.ServerName = cfg.TLS.ServerName
	}
	if cfg.TLS.CAFile != "" {
		if secure.RootCAs, err = tlsfile.Authorities(cfg.TLS.CAFile); err != nil {
			return nil, fmt.Errorf("iggy tls ca_file: %w", err)
		}
	}
	return secure, nil
}

// close ends the connections that no request uses.
func (l *link) close() { l.transport.CloseIdleConnections() }

// request is one request. Its answer has at most limit bytes; 0 is controlLimit.
type request struct {
	op     string // for errors
	method string
	path   string // escaped, with query
	body   []byte // JSON; nil: none
	limit  int
	open   bool // without a token
	fixed  bool // with the token that is there, never after another login, and once
	into   []byte
}

// ask makes a request and decodes its answer into result, unless that is nil.
func (l *link) ask(ctx context.Context, r *request, result any) error {
	body, err := l.do(ctx, r)
	if err != nil || result == nil {
		return err
	}
	if err := json.Unmarshal(body, result); err != nil {
		return fmt.Errorf("%s: %w", r.op, errForeign)
	}
	return nil
}

// do makes a request and returns the body of its answer. It logs in where there is no token, once more after a token was
// refused, and repeats what passing trouble refused.
func (l *link) do(ctx context.Context, r *request) ([]byte, error) {
	begin, relogged := time.Now(), false
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, longestPause) {
		token := ""
		if !r.open {
			var err error
			if token, err = l.tokens.use(ctx, l); err != nil {
				return nil, err
			}
		}
		body, err := l.exchange(ctx, r, token)
		var status *StatusError
		switch {
		case err == nil || !errors.As(err, &status):
			return body, err
		case status.Status == http.StatusUnauthorized && !r.open:
			l.tokens.refuse(token)
			if relogged || r.fixed {
				return nil, err
			}
			relogged = true
			continue
		case !isPassing(err) || r.fixed || time.Since(begin) > patience:
			return nil, err
		}
		sleep(ctx, max(pause, min(status.After, patience)))
		if ctx.Err() != nil {
			return nil, err
		}
	}
}

// exchange sends a request once.
func (l *link) exchange(ctx context.Context, r *request, token string) (_ []byte, err error) {
	defer func() {
		var status *StatusError
		if err != nil && !errors.As(err, &status) && !errors.Is(err, errTooLarge) {
			err = fmt.Errorf("%s: %w", r.op, err)
		}
	}()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(answerTimeout+time.Duration(len(r.body)/minRate)*time.Second, func() { cancel(errNoAnswer) })
	defer timer.Stop()
	request, err := http.NewRequestWithContext(ctx, r.method, l.base+r.path, reader(r.body))
	if err != nil {
		return nil, &ConfigError{err}
	}
	request.Header = http.Header{"User-Agent": {"iggysink"}}
	if r.body != nil {
		request.Header["Content-Type"] = []string{"application/json"}
	}
	if token != "" {
		request.Header["Authorization"] = []string{"Bearer " + token}
	}
	response, err := l.transport.RoundTrip(request)
	if err != nil {
		return nil, l.explain(ctx, err)
	}
	defer func() { _ = response.Body.Close() }() // of a body that is read, or not wanted any more
	limit := r.limit
	if limit == 0 || response.StatusCode >= http.StatusBadRequest {
		limit = controlLimit
	}
	if response.ContentLength > int64(limit) {
		return nil, errTooLarge
	}
	timer.Reset(answerTimeout + time.Duration(max(response.ContentLength, 0)/minRate)*time.Second)
	body, err := readBody(response, r.into, limit)
	switch {
	case errors.Is(err, errTooLarge):
		return nil, err
	case err != nil:
		return nil, l.explain(ctx, err)
	case l.wantsTLS(response.StatusCode, body):
		return nil, errWantsTLS
	case response.StatusCode >= http.StatusMultipleChoices:
		return nil, statusError(r.op, response, body)
	}
	return body, nil
}

func reader(body []byte) io.Reader {
	if body == nil {
		return nil
	}
	return bytes.NewReader(body)
}

// explain names the end of the time or of ctx as the cause, and a server that speaks something else.
func (l *link) explain(ctx context.Context, err error) error {
	var record tls.RecordHeaderError
	switch cause := context.Cause(ctx); {
	case cause != nil:
		return cause
	case strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`): // a record of TLS with an alert
		return errWantsTLS
	case strings.Contains(err.Error(), "malformed HTTP"): // the standard library has no value for it
		return errForeign
	case errors.As(err, &record):
		return fmt.Errorf("the server does not speak TLS there: %w", err)
	}
	return err
}

// wantsTLS reports whether an answer in plain text is that of a server with TLS: Go's and nginx's say so with 400.
func (l *link) wantsTLS(status int, body []byte) bool {
	return strings.HasPrefix(l.base, "http:") && status == http.StatusBadRequest && bytes.Contains(body, []byte("HTTPS"))
}

// readBody reads the body of an answer into the memory of into, or into more where that is too small.
func readBody(response *http.Response, into []byte, limit int) ([]byte, error) {
	if n := response.ContentLength; n >= 0 {
		if int64(cap(into)) < n {
			into = make([]byte, n)
		}
		into = into[:n]
		_, err := io.ReadFull(response.Body, into)
		return into, err
	}
	buffer := bytes.NewBuffer(into[:0])
	n, err := buffer.ReadFrom(io.LimitReader(response.Body, int64(limit)+1))
	if n > int64(limit) {
		return nil, errTooLarge
	}
	return buffer.Bytes(), err
}

// statusError reads what the body says, if it is of Iggy.
func statusError(op string, response *http.Response, body []byte) *StatusError {
	e := &StatusError{Op: op, Status: response.StatusCode}
	var says struct {
		ID   int    `json:"id"`
		Code string `json:"code"`
	}
	if json.Unmarshal(body, &says) == nil {
		e.ID = says.ID
		if strings.Trim(says.Code, "abcdefghijklmnopqrstuvwxyz_") == "" && len(says.Code) < 64 {
			e.Code = says.Code
		}
	}
	if seconds, err := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 16); err == nil {
		e.After = time.Duration(seconds) * time.Second
	}
	return e
}

// route joins the parts of a path, escaped.
func route(parts ...string) string {
	var path strings.Builder
	for _, part := range parts {
		path.WriteByte('/')
		path.WriteString(url.PathEscape(part))
	}
	return path.String()
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
