package sinkhttp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"iggysink/schema"
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

// verdictNames are the keys of Stats.Verdicts.
func verdictNames() [verdictCount]string {
	return [verdictCount]string{"accepted", "retry", "split", "reject", "pause", "cancelled"}
}

// judgement is a verdict with what the loop and the gate need to act on it.
type judgement struct {
	verdict    verdict
	status     int           // 0: there was no response
	retryAfter time.Duration // how long the endpoint asked to be left alone; 0: it did not
	outage     bool          // a transport error, 429 or 503: however long it lasts, it is not the message's fault
	manual     bool          // a pause that only a person ends (410)
	reason     string        // for a person; no secret
}

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

// response judges an answer to a request of n messages.
func (c *classifier) response(status int, header http.Header, n int, now time.Time) judgement {
	j := judgement{verdict: pause, status: status, reason: "answered " + statusText(status)}
	if status >= 0 && status < len(c.verdicts) {
		j.verdict = c.verdicts[status]
	}
	switch j.verdict {
	case reject:
		if n > 1 && c.splits && (status == 400 || status == 413 || status == 422) {
			j.verdict = split
		}
	case retry:
		j.outage = status == 429 || status == 503
		j.retryAfter = c.after(header, now)
	case pause:
		j.manual = status == 410
		j.retryAfter = c.after(header, now)
	}
	return j
}

// failure judges an attempt that got no answer. The text of err is never used: it may hold the URL, or bytes that the
// endpoint sent and that echo a secret.
func (c *classifier) failure(err error) judgement {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return judgement{verdict: pause, outage: true, reason: "the host name does not exist"}
	}
	if reason := certificateFault(err); reason != "" {
		return judgement{verdict: pause, outage: true, reason: reason}
	}
	return judgement{verdict: retry, outage: true, reason: c.describe(err)}
}

// certificateFault tells what is wrong with a certificate of either side, or with the lack of one; "" if err is about something else.
func certificateFault(err error) string {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var op *net.OpError
	switch {
	case errors.As(err, &authority):
		return "the endpoint's certificate is signed by an unknown authority"
	case errors.As(err, &host):
		return "the endpoint's certificate is for another name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the endpoint's certificate has expired or is not valid yet"
	case errors.As(err, &invalid), errors.As(err, &verification):
		return "the endpoint's certificate is not valid"
	case errors.As(err, &op) && op.Op == "remote error" && strings.Contains(op.Err.Error(), "certificate"):
		// The alert's type has no exported name. Its text is crypto/tls's own.
		return "the endpoint does not accept our client certificate, or asks for one"
	case errors.As(err, &op) && op.Op == "remote error" && strings.Contains(op.Err.Error(), "handshake failure"):
		return "the endpoint refuses the TLS handshake; it may ask for a client certificate"
	}
	return ""
}

// describe names a transport error in words of our own.
func (c *classifier) describe(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	var record tls.RecordHeaderError
	var netErr net.Error
	switch {
	case errors.Is(err, errTimeout):
		return "no answer within " + c.timeout.String()
	case errors.As(err, &dns):
		return "the host name could not be resolved"
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

// after is the Retry-After of an answer, at most max_retry_after.
func (c *classifier) after(header http.Header, now time.Time) time.Duration {
	return min(retryAfter(header.Get("Retry-After"), now), c.maxRetryAfter)
}

// retryAfter reads a Retry-After (RFC 9110 section 10.2.3): seconds, or a date in any of the three forms of HTTP. What
// is in the past or is neither counts as absent: 0. It has no upper bound but that of a Duration.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.Trim(value, " \t")
	if value == "" {
		return 0
	}
	if strings.Trim(value, "0123456789") == "" {
		const most = int64(1<<63-1) / int64(time.Second)
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > most { // only too many digits can fail
			seconds = most
		}
		return time.Duration(seconds) * time.Second
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(date.Sub(now), 0)
}
