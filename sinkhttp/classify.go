package sinkhttp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"iggysink/schema"
	"iggysink/sinkhttp/internal/network"
)

// verdict is what one attempt says about the request that it carried.
type verdict uint8

const (
	accept    verdict = iota // every message of the request is delivered
	retry                    // try again after a wait
	split                    // one message of several is bad: send the parts
	reject                   // the message is bad
	pause                    // the endpoint, or our access to it, is at fault
	cancelled                // the caller's context ended first: nothing is known
	verdictCount
)

// String returns the key of Stats.Verdicts.
func (v verdict) String() string {
	return [verdictCount]string{"accepted", "retry", "split", "reject", "pause", "cancelled"}[v]
}

// judgement is a verdict with what the loop and the gate need to act on it.
type judgement struct {
	verdict    verdict
	status     int           // of the last answer; 0: there was none
	retryAfter time.Duration // how long the endpoint asked to be left alone; 0: it did not
	outage     bool          // a transport error, 429 or 503: however long it lasts, it is not the message's fault
	manual     bool          // a pause that only a person ends (410)
	scope      Scope         // whose fault it is, as far as this attempt tells
	replay     bool          // a kept connection had ended: the request may be sent again at once, one time
	items      []itemResult  // what an accepted answer says of each message; nil: nothing
	reason     string        // for a person; no secret
	body       string        // how the answer's body begins: text, secrets masked
}

// exhausted reports whether on_exhausted applies once the retries are used up.
func (j *judgement) exhausted() bool { return j.verdict == retry && !j.outage }

// classifier maps every answer to a verdict. Its table is filled once and only read.
type classifier struct {
	verdicts      [600]verdict
	splits        bool
	maxRetryAfter time.Duration
	timeout       time.Duration
}

// newClassifier applies the lists of the configuration to the verdicts of the delivery contract. A code in several
// lists takes the strongest: success, then retry, pause and reject.
func newClassifier(cfg *schema.Sink) *classifier {
	c := &classifier{splits: cfg.SplitOnReject, maxRetryAfter: cfg.MaxRetryAfter.Std(), timeout: cfg.Timeout.Std()}
	for status := range c.verdicts {
		c.verdicts[status] = defaultVerdict(status)
	}
	if cfg.IdempotencyKey != "" {
		c.verdicts[http.StatusConflict] = retry // an earlier attempt is still under way
	}
	if cfg.URL.PerMessage() { // what is not there is one message's, and not the endpoint
		for _, status := range []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone} {
			c.verdicts[status] = reject
		}
	}
	for _, list := range []struct {
		codes   []int
		verdict verdict
	}{
		{cfg.RejectStatusCodes, reject}, {cfg.PauseStatusCodes, pause}, {cfg.RetryStatusCodes, retry},
		{cfg.SuccessStatusCodes, accept},
	} {
		for _, code := range list.codes {
			if code >= 0 && code < len(c.verdicts) {
				c.verdicts[code] = list.verdict
			}
		}
	}
	return c
}

// defaultVerdict is the verdict of a status that no list names. Nothing is accepted here: success_status_codes replaces
// its default, so a 2xx that it leaves out is an answer we do not understand.
func defaultVerdict(status int) verdict {
	switch status {
	case 408, 425, 429:
		return retry
	case 400, 409, 412, 413, 414, 422, 424, 428, 431:
		return reject
	case 501, 505, 506, 510, 511:
		return pause
	}
	if status >= 500 {
		return retry
	}
	return pause
}

// accepts reports whether an answer of this status accepts a request.
func (c *classifier) accepts(status int) bool {
	return status >= 0 && status < len(c.verdicts) && c.verdicts[status] == accept
}

// response judges an answer to a request of n messages.
func (c *classifier) response(status int, header http.Header, n int, now time.Time) judgement {
	j := judgement{verdict: pause, status: status, reason: "answered " + statusText(status)}
	if status >= 0 && status < len(c.verdicts) {
		j.verdict = c.verdicts[status]
	}
	if status == http.StatusUnsupportedMediaType { // RFC 9110 section 15.5.16: Accept-Encoding says that it is the encoding
		if len(header["Accept-Encoding"]) > 0 {
			j.reason += ": it does not take the Content-Encoding of the request"
		} else {
			j.reason += ": it does not take the Content-Type of the request; set content_type"
		}
	}
	switch j.verdict {
	case reject:
		if n > 1 && c.splits { // whatever the code: one bad message must not take the others along
			j.verdict = split
		}
	case retry:
		j.outage = status == 429 || status == 503
		j.retryAfter = c.after(header, now)
	case pause:
		j.manual = status == 410
		j.retryAfter = c.after(header, now)
	}
	if j.retryAfter > 0 || status == 429 && j.verdict == retry {
		j.scope = ScopeEndpoint
	}
	return j
}

// failure judges an attempt that got no answer. The text of err is never used: it may hold the URL, or bytes that the
// endpoint sent and that echo a secret.
func (c *classifier) failure(err error) judgement {
	var stale *staleError
	if errors.As(err, &stale) {
		return judgement{verdict: retry, outage: true, replay: true, reason: "a kept connection ended without an answer"}
	}
	if isUnprocessed(err) {
		return judgement{verdict: retry, outage: true, replay: true,
			reason: "the endpoint closes the connection or refuses the stream, and did not take the request"}
	}
	if reason := networkFault(err); reason != "" {
		return judgement{verdict: pause, outage: true, scope: ScopeConnection, reason: reason}
	}
	if reason := tlsFault(err); reason != "" {
		return judgement{verdict: pause, outage: true, scope: ScopeConnection, reason: reason}
	}
	j := judgement{verdict: retry, outage: true, reason: c.describe(err)}
	if unconnected(err) {
		j.scope = ScopeConnection
	}
	return j
}

// unconnected reports whether err says that no connection was made, so that the endpoint has not seen the request.
func unconnected(err error) bool {
	var connect *network.ConnectError
	return errors.As(err, &connect)
}

// isUnprocessed reports whether an endpoint said over HTTP/2 that it did not look at a request (RFC 9113 section 8.7): a
// GOAWAY in front of it, or REFUSED_STREAM. net/http gives only the text of its errors.
func isUnprocessed(err error) bool {
	text := innermost(err)
	return strings.HasPrefix(text, "http2: Transport: cannot retry err [stream error:") && strings.Contains(text, "REFUSED_STREAM") ||
		strings.HasPrefix(text, "http2: Transport: cannot retry err [http2: Transport received Server's graceful shutdown GOAWAY]")
}

// networkFault tells why no connection to the endpoint is possible before something is changed; "" if err is about
// something else.
func networkFault(err error) string {
	var refused *network.RefusedError
	var proxy *network.ProxyError
	var dns *net.DNSError
	switch {
	case errors.As(err, &refused):
		return refused.Error()
	case errors.As(err, &proxy) && proxy.Status == http.StatusProxyAuthRequired:
		return "the proxy asks for credentials, or for other ones (407); set them in network.proxy"
	case errors.As(err, &proxy) && proxy.Status < 500:
		return "the proxy refuses a connection to the endpoint (" + strconv.Itoa(proxy.Status) + ")"
	case errors.Is(err, network.ErrNotHTTP2):
		return "the endpoint does not speak HTTP/2; set network.http_version = \"1.1\""
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the host name does not exist"
	}
	return ""
}

// tlsFault tells on what the two sides do not agree: the certificate of either, the lack of one, or the version of TLS;
// "" if err is about something else.
func tlsFault(err error) string {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &authority):
		return "the endpoint's certificate is signed by an unknown authority"
	case errors.As(err, &host):
		return "the endpoint's certificate is for another name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the endpoint's certificate has expired or is not valid yet"
	case errors.As(err, &invalid), errors.As(err, &verification):
		return "the endpoint's certificate is not valid"
	}
	// Neither an alert of the other side nor a refusal of our own has an exported type. Their texts are crypto/tls's.
	var op *net.OpError
	alert := ""
	if errors.As(err, &op) && op.Op == "remote error" {
		alert = op.Err.Error()
	}
	switch {
	case strings.Contains(alert, "protocol version"), strings.HasPrefix(innermost(err), "tls: server selected unsupported protocol version"):
		return "the endpoint and iggysink have no TLS version in common"
	case strings.Contains(alert, "certificate"):
		return "the endpoint does not accept our client certificate, or asks for one"
	case strings.Contains(alert, "handshake failure"):
		return "the endpoint refuses the TLS handshake; it may ask for a client certificate"
	case strings.Contains(alert, "application protocol"):
		return "the endpoint does not speak the HTTP version of network.http_version"
	}
	return ""
}

// innermost returns the text of the error that all the others wrap.
func innermost(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}

// isHTTP2Fault reports whether text is that of one of net/http's errors about HTTP/2, which have no exported types.
func isHTTP2Fault(text string) bool {
	return strings.HasPrefix(text, "http2: ") || strings.HasPrefix(text, "stream error: ") || strings.HasPrefix(text, "connection error: ")
}

// headFault tells what is wrong with the head of an answer; "" if err is about something else. The transport's errors have
// no types. What it prints in front of the endpoint's own bytes tells them apart, and nothing else of the text is looked at.
func headFault(err error) string {
	text := innermost(err)
	for _, known := range []struct{ reason, prefixes string }{
		{"the answer's header is too large", "net/http: server response headers exceeded|message too large|read limit of "},
		{"the answer frames its body wrongly (Content-Length or Transfer-Encoding)", "bad Content-Length|invalid Content-Length|" +
			"http: message cannot contain multiple Content-Length headers|unsupported transfer encoding|too many transfer encodings|" +
			"http: invalid Content-Length|invalid empty Content-Length"},
		{"the answer's header is malformed", "malformed MIME header|invalid header"},
		{"the answer was not HTTP/1.1", "malformed HTTP "},
	} {
		for prefix := range strings.SplitSeq(known.prefixes, "|") {
			if strings.HasPrefix(text, prefix) {
				return known.reason
			}
		}
	}
	return ""
}

// describe names a transport error in words of our own.
func (c *classifier) describe(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	var proxy *network.ProxyError
	var record tls.RecordHeaderError
	var netErr net.Error
	switch {
	case errors.Is(err, errTimeout):
		return "no answer within " + c.timeout.String()
	case errors.Is(err, network.ErrConnectTimeout):
		return "no connection within connect_timeout"
	case errors.Is(err, errAnswer):
		return "the endpoint sends without end"
	case errors.Is(err, errInterim):
		return "the endpoint sends interim answers (1xx) without end"
	case headFault(err) != "":
		return headFault(err)
	case errors.As(err, &dns):
		return "the host name could not be resolved"
	case errors.As(err, &proxy):
		return "the proxy has no connection to the endpoint (" + strconv.Itoa(proxy.Status) + ")"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection ended without an answer"
	case errors.As(err, &record):
		return "the endpoint does not speak TLS"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return "the connection timed out"
	case errors.Is(err, network.ErrSOCKS):
		return "the socks5 proxy made no connection"
	case isHTTP2Fault(innermost(err)):
		return "the HTTP/2 connection or stream failed"
	case errors.As(err, &op) && op.Op == "dial":
		return "cannot connect"
	}
	return "the connection failed, or the answer was not HTTP"
}

func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return strconv.Itoa(status) + " " + text
	}
	return strconv.Itoa(status)
}

// after is the longest Retry-After of an answer, at most max_retry_after. A date is read against the answer's own Date: what
// the endpoint means is a distance, and one of the two clocks may be off.
func (c *classifier) after(header http.Header, now time.Time) (wait time.Duration) {
	values := header["Retry-After"]
	if len(values) == 0 {
		return 0
	}
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	for _, value := range values {
		wait = max(wait, retryAfter(value, now))
	}
	return min(wait, c.maxRetryAfter)
}

// retryAfter reads a Retry-After (RFC 9110 section 10.2.3): seconds, or a date in any of the three forms of HTTP. Beyond that
// it takes what endpoints send: a fraction, a unit, and several of them, of which the longest counts. Parts of a second are
// rounded up. What is in the past or is none of it counts as absent: 0. It has no upper bound but that of a Duration.
func retryAfter(value string, now time.Time) (wait time.Duration) {
	parts := strings.Split(value, ",")
	for i := 0; i < len(parts); i++ {
		if i+1 < len(parts) { // a comma stands in two of the three forms of a date
			if date, err := http.ParseTime(strings.Trim(parts[i]+","+parts[i+1], " \t")); err == nil {
				wait = max(wait, date.Sub(now))
				i++
				continue
			}
		}
		part := strings.Trim(parts[i], " \t")
		if date, err := http.ParseTime(part); err == nil {
			wait = max(wait, date.Sub(now))
			continue
		}
		wait = max(wait, delaySeconds(part))
	}
	return wait
}

// delaySeconds reads a number with an optional fraction and an optional unit, in seconds without one.
func delaySeconds(text string) time.Duration {
	number := text[:len(text)-len(strings.TrimLeft(text, "0123456789."))]
	var unit time.Duration
	switch strings.ToLower(strings.Trim(text[len(number):], " \t")) {
	case "", "s", "sec", "secs", "second", "seconds":
		unit = time.Second
	case "ms", "msec", "millisecond", "milliseconds":
		unit = time.Millisecond
	case "m", "min", "mins", "minute", "minutes":
		unit = time.Minute
	case "h", "hour", "hours":
		unit = time.Hour
	}
	f, err := strconv.ParseFloat(number, 64) // out of range gives infinity
	if unit == 0 || err != nil && !math.IsInf(f, 1) {
		return 0
	}
	const most = int64(1<<63-1) / int64(time.Second)
	seconds := math.Ceil(f * unit.Seconds())
	if seconds >= float64(most) {
		return time.Duration(most) * time.Second
	}
	return time.Duration(seconds) * time.Second
}
