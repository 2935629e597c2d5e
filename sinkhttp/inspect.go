package sinkhttp

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"iggysink/schema"
	"iggysink/sinkhttp/internal/auth"
	"iggysink/sinkhttp/internal/network"
)

// CheckState is how a check ended.
type CheckState string

// The ends of a check.
const (
	CheckOK      CheckState = "ok"
	CheckWarning CheckState = "warning" // it works now, and will not for long
	CheckFailed  CheckState = "failed"
	CheckSkipped CheckState = "skipped" // an earlier one failed, or there is nothing to check
)

// Check is one step on the way to an endpoint.
type Check struct {
	Name   string // address, connect, tls, credentials or health
	State  CheckState
	Detail string // for a person; no secret
}

// expiryWarning is how long before its end a certificate is warned of.
const expiryWarning = 30 * 24 * time.Hour

// Inspect goes to the endpoint step by step, as requests do, and says how each step ended: the addresses and what network.deny
// says of them, the connection, TLS, the credentials, the health check. It sends no message. Each step takes at most
// connect_timeout or timeout. A step that cannot be made because an earlier one failed is skipped.
func (s *Sink) Inspect(ctx context.Context) []Check {
	i := &inspection{sink: s, ctx: ctx}
	i.route()
	i.credentials()
	i.health()
	return i.checks
}

// inspection is one Inspect.
type inspection struct {
	sink   *Sink
	ctx    context.Context //nolint:containedctx // lives as long as a call
	checks []Check
	failed bool // no connection is possible
}

func (i *inspection) add(name string, state CheckState, detail string) {
	i.checks = append(i.checks, Check{name, state, detail})
	i.failed = i.failed || state == CheckFailed && name != "credentials"
}

// reason names an error in the words of an attempt.
func (i *inspection) reason(err error) string {
	if cause := context.Cause(i.ctx); cause != nil {
		return cause.Error()
	}
	return i.sink.classifier.failure(err).reason
}

// route goes to the endpoint.
func (i *inspection) route() {
	s := i.sink
	endpoint, err := parseURL(s.cfg.URL.Fill(schema.Partition{Stream: "stream", Topic: "topic"}))
	if err != nil { // New has checked it
		i.add("address", CheckFailed, "the url "+err.Error())
		return
	}
	r, err := s.dialer.RouteTo(endpoint)
	if err != nil {
		i.add("address", CheckFailed, "network.proxy: "+err.Error())
		return
	}
	i.address(r)
	if i.failed {
		i.add("connect", CheckSkipped, "")
	} else if c, err := s.dialer.Connect(i.ctx, r); err != nil {
		i.add("connect", CheckFailed, i.reason(err))
	} else {
		i.add("connect", CheckOK, by(r))
		if endpoint.Scheme == "https" {
			secure, shown, err := s.dialer.Handshake(i.ctx, c, r)
			i.tls(shown, err)
			if err == nil {
				_ = secure.Close() // nothing was sent on it
			}
			return
		}
		_ = c.Close() // nothing was sent on it
	}
	if endpoint.Scheme == "https" {
		i.add("tls", CheckSkipped, "")
	}
}

// by says what was connected to.
func by(r network.Route) string {
	switch {
	case r.Socket != "":
		return r.Socket
	case r.Proxy != "":
		return r.Endpoint + " by the proxy " + r.Proxy
	}
	return r.Endpoint
}

// address says where the first connection goes.
func (i *inspection) address(r network.Route) {
	if r.Socket != "" {
		i.add("address", CheckOK, "the Unix socket "+r.Socket)
		return
	}
	of, refused := r.Endpoint, ""
	if r.Proxy != "" {
		of = "the proxy " + r.Proxy
		if r.Refused != nil {
			refused = r.Refused.Error()
		}
	}
	all, err := i.sink.dialer.Resolve(i.ctx, r)
	if err != nil {
		i.add("address", CheckFailed, of+": "+i.reason(err))
		return
	}
	var texts []string
	allowed := 0
	for _, a := range all {
		text := a.Address.String()
		if a.Refused != nil {
			text += " (refused by network.deny: " + a.Refused.Range + ")"
		} else {
			allowed++
		}
		texts = append(texts, text)
	}
	detail := of + ": " + strings.Join(texts, ", ")
	switch {
	case refused != "":
		i.add("address", CheckFailed, detail+"; "+refused)
	case allowed == 0:
		i.add("address", CheckFailed, detail)
	case allowed < len(all):
		i.add("address", CheckWarning, detail)
	default:
		i.add("address", CheckOK, detail)
	}
}

// tls says what the endpoint showed of itself.
func (i *inspection) tls(shown []*x509.Certificate, err error) {
	var texts []string
	var end time.Time
	for _, c := range shown {
		texts = append(texts, fmt.Sprintf("%s until %s", nameOf(c), c.NotAfter.UTC().Format(time.DateOnly)))
		if end.IsZero() || c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	detail := strings.Join(texts, ", by ")
	left := time.Until(end)
	switch {
	case err != nil && detail != "":
		i.add("tls", CheckFailed, i.reason(err)+": "+detail)
	case err != nil:
		i.add("tls", CheckFailed, i.reason(err))
	case i.sink.cfg.TLSDangerAcceptInvalidCerts:
		i.add("tls", CheckWarning, "not checked (tls_danger_accept_invalid_certs): "+detail)
	case left < expiryWarning:
		i.add("tls", CheckWarning, fmt.Sprintf("ends in %s: %s", days(left), detail))
	default:
		i.add("tls", CheckOK, fmt.Sprintf("%s left: %s", days(left), detail))
	}
}

// nameOf is what a certificate is of. It comes from the endpoint: whoever prints it must see to it that it is text.
func nameOf(c *x509.Certificate) string {
	if len(c.DNSNames) > 0 {
		return c.DNSNames[0]
	}
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}

func days(d time.Duration) string {
	n := int(d / (24 * time.Hour))
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// credentials fetches what requests prove who they are with.
func (i *inspection) credentials() {
	s := i.sink
	switch {
	case s.cfg.Auth == nil:
		return
	case s.credential == nil:
		i.add("credentials", CheckOK, "as configured")
		return
	}
	r := auth.Request{Method: http.MethodHead, URL: s.health, Host: s.host, Header: http.Header{}, Time: time.Now()}
	_, err := s.credential.Apply(i.ctx, &r)
	var missing *auth.Error
	switch {
	case err == nil:
		i.add("credentials", CheckOK, s.credential.Describe())
	case errors.As(err, &missing) && isNetworkFault(missing.Err):
		i.add("credentials", CheckFailed, missing.Reason+": "+i.reason(missing.Err))
	case errors.As(err, &missing):
		i.add("credentials", CheckFailed, missing.Reason)
	default:
		i.add("credentials", CheckFailed, i.reason(err))
	}
}

// isNetworkFault reports whether err is about a connection, so that the words of an attempt say more of it.
func isNetworkFault(err error) bool {
	return unconnected(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}

// health asks the endpoint how it is.
func (i *inspection) health() {
	s := i.sink
	switch {
	case !s.cfg.HealthCheckEnabled:
		i.add("health", CheckSkipped, "health_check_enabled = false")
	case i.failed && s.cfg.HealthCheckURL.IsZero():
		i.add("health", CheckSkipped, "")
	default:
		if err := s.CheckHealth(i.ctx); err != nil {
			i.add("health", CheckFailed, strings.TrimPrefix(err.Error(), "health check: "))
		} else {
			i.add("health", CheckOK, "the health check passes")
		}
	}
}
