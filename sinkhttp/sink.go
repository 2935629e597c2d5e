// Package sinkhttp is the endpoint's side: it turns batches of messages into HTTP requests and requests into one
// outcome per message.
//
// Which part you need:
//
//   - To deliver batches of your own consumer: [New], [Sink.Deliver] and [Sink.Close]. [Outcome] says what became of each
//     message, and [Ignored] which settings are your business.
//   - To prepare a batch while another one is sent: [Sink.Prepare] and [Sink.Send].
//   - To ask an endpoint that failed whether it is well again: [Sink.Probe]; before the first delivery: [Sink.CheckHealth].
//   - To see the requests of a batch without sending them: [Sink.Render].
//   - To stop: [Sink.Drain]. To watch: [Sink.Stats], [Sink.Accepted] and [Sink.Held].
//
// docs/guide/embedding.md shows whole programs.
//
// # The delivery contract
//
// A batch goes through [Sink.Prepare], which fixes its bytes, and [Sink.Send], which delivers them:
//
//	Send: gate -> attempt -> classify -> (wait, gate, attempt)* -> outcomes
//
// Every message of a batch gets exactly one outcome, either from Prepare (rejected before anything was sent) or from
// Send, also when Send is cancelled half-way: [Accepted], [Filtered], [Rejected], [Failed] or [Unsent]. [Sink.Deliver] is
// both in one call.
//
// Send does what one request needs: it waits for the gate and between attempts, tries again, halves, and returns. It never
// waits for an endpoint to become well. A failed outcome says what is known (status, reason, scope, when to come back), and
// the caller decides: whoever sends for several partitions can tell a bad message from a bad endpoint, because one of
// them goes on. internal/relay is such a caller; "Whose fault" in its package doc is what it decides by.
//
// # The gate
//
// Every attempt passes the gate of its sink, outside of its own timeout. The gate keeps what the endpoint asks for (a
// Retry-After holds all requests of the sink) and what bounds a sink (max_connections).
//
// # Failed
//
// A request fails when its retries are used up, or at once where an answer says that another attempt is of no use now (a
// pause verdict). 429 and 503 with a Retry-After use no retry up: the gate holds them back.
//
// A failed request of several messages is halved, so that one bad message is found and the others are delivered:
//
//   - Where the partition would stop at it, only with evidence that the endpoint accepts others: it has accepted something
//     since the first attempt, or the caller says so (Batch.Suspect). Without it an endpoint that is down would get more
//     requests for its being down. The search ends with the first message that fails alone; those behind it are unsent.
//   - Where it would be given up (on_exhausted = "dead_letter" or "drop", and no outage) always, because there need be no
//     other traffic that proves anything. The search ends when about 2 log2 n parts in a row have failed without anything
//     being accepted.
//
// The parts get one attempt each, and a message that is alone all its retries.
//
// # Rejected
//
// A rejected request of several messages is halved, whatever the status, unless split_on_reject = false. With
// on_rejected = "block" Send ends behind the first message that is rejected, otherwise it goes on.
//
// # Size
//
// After a 413 to a request of several messages no request is larger than half of it. The bound grows again when requests
// near it have been accepted for a while (size.go): the limit of an endpoint can be raised, or be one of many behind an
// address.
package sinkhttp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"iggysink/internal/payload"
	"iggysink/schema"
	"iggysink/sinkhttp/internal/network"
)

// Batch is a run of messages of one partition, in offset order.
type Batch struct {
	Partition schema.Partition
	Schema    schema.PayloadFormat // what the payloads are
	Contract  string               // payload_schema of the stream block; empty: none
	Messages  []schema.Message
	// Suspect says that some of the messages have failed before and that the endpoint accepts others: a request of them
	// that fails is halved, even if nothing was accepted since its first attempt.
	Suspect bool
}

// Sink delivers to one endpoint. Its methods are safe for concurrent use, except that no call may follow Close.
type Sink struct {
	cfg          schema.Sink
	log          *slog.Logger
	transport    transport
	header       http.Header // of every request; never written to
	host         string      // a Host header of the configuration
	health       *url.URL
	classifier   *classifier
	bodies       *bodyReader
	backoff      backoff
	gate         *gate
	rejectBlocks bool
	size         size
	contracts    map[string]*payload.Schema // by payload_schema; never written to after New
	stats        counters
	pool         sync.Pool   // of *Prepared
	calls        sync.Pool   // of *call
	outcomes     sync.Pool   // of *[]Outcome
	advised      atomic.Bool // the health check has said what to set
	dialer       *network.Dialer
	equipment

	mu      sync.Mutex
	targets map[schema.Partition]*target
}

// Options are what a Sink needs beside its configuration.
type Options struct {
	Logger *slog.Logger // nil: discards

	// Dial makes the connections instead of TCP, as for a server in the same process; nil: TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// New checks the configuration and builds the client; it makes no connection. Errors name the attribute at fault. Start
// from [schema.DefaultSink]: a zero is a value like any other. What [Ignored] names may have any value.
func New(cfg *schema.Sink, opts Options) (*Sink, error) {
	log := opts.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Sink{
		cfg: *cfg, log: log.With("sink", cfg.Name), targets: make(map[schema.Partition]*target),
		rejectBlocks: cfg.RejectedPolicy() == schema.OnRejectedBlock,
		bodies:       newBodyReader(cfg),
		classifier:   newClassifier(cfg), backoff: newBackoff(cfg),
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := validate(cfg); err != nil {
		return nil, err
	}
	var ignored string
	var err error
	if s.header, s.host, ignored, err = newHeader(cfg); err != nil {
		return nil, err
	}
	if s.contracts, err = loadContracts(cfg.Streams); err != nil {
		return nil, err
	}
	dialer, err := network.New(cfg, s.log, opts.Dial)
	if err != nil {
		return nil, err
	}
	s.dialer, s.transport = dialer, newTransport(cfg, dialer)
	if err := s.equip(cfg, dialer); err != nil {
		return nil, err
	}
	s.gate = newGate(cfg.MaxConnections)
	s.warn(ignored)
	return s, nil
}

// check finds what would make every delivery fail. Most of it the schema refuses as well; it is checked again for
// configurations that are built in Go.
func (s *Sink) check() error {
	cfg := &s.cfg
	u, err := parseURL(cfg.URL.Fill(schema.Partition{Stream: "stream", Topic: "topic"}))
	switch {
	case err != nil:
		return fmt.Errorf("url: %w", err)
	case len(cfg.SuccessStatusCodes) == 0:
		return errors.New("success_status_codes: must have at least one code")
	case cfg.MaxConnections < 1:
		return errors.New("max_connections: must be at least 1")
	case cfg.Timeout <= 0:
		return errors.New("timeout: must be more than zero")
	}
	for _, list := range []struct {
		name  string
		codes []int
	}{
		{"success_status_codes", cfg.SuccessStatusCodes}, {"retry_status_codes", cfg.RetryStatusCodes},
		{"pause_status_codes", cfg.PauseStatusCodes}, {"reject_status_codes", cfg.RejectStatusCodes},
	} {
		for _, code := range list.codes {
			if code < 200 || code > 599 {
				return fmt.Errorf("%s: %d is not a status code from 200 to 599", list.name, code)
			}
		}
	}
	s.health = u
	switch {
	case !cfg.HealthCheckURL.IsZero():
		if s.health, err = parseURL(cfg.HealthCheckURL.Reveal()); err != nil {
			return fmt.Errorf("health_check_url: %w", err)
		}
	case cfg.HealthCheckEnabled && cfg.URL.HasFields():
		return errors.New("health_check_url: is required where url has ${stream}, ${topic} or ${partition}")
	}
	return nil
}

// warn logs what is allowed and probably not meant.
func (s *Sink) warn(ignoredHeader string) {
	if ignoredHeader != "" {
		s.log.Warn("headers: Content-Type has no effect here; set content_type", "header", ignoredHeader)
	}
	if s.cfg.TLSDangerAcceptInvalidCerts {
		s.log.Warn("tls_danger_accept_invalid_certs: the endpoint's certificate is not checked")
	}
}

// RequestLength is how many messages one request may carry when the configuration allows n: 1 for individual and raw.
func (s *Sink) RequestLength(n int) int {
	if s.cfg.BatchMode == schema.BatchModeNDJSON || s.cfg.BatchMode == schema.BatchModeJSONArray {
		return n
	}
	return 1
}

// Drain makes every Send return unsent instead of starting another attempt or wait; attempts under way go on.
func (s *Sink) Drain() { s.gate.drain() }

// Close ends the idle connections and logs the statistics. No other call may follow.
func (s *Sink) Close() {
	s.gate.drain()
	if t, isHTTP2 := s.transport.(*http2Transport); isHTTP2 {
		t.close()
	} else {
		s.transport.CloseIdleConnections()
	}
	if s.tokens != nil {
		s.tokens.CloseIdleConnections()
	}
	c := s.Stats()
	s.log.Info("the sink has ended", "accepted", c.Accepted, "rejected", c.Rejected, "failed", c.Failed,
		"requests", c.Requests, "retries", c.Retries, "bytes", c.Bytes)
}

// Held returns until when the endpoint has asked to be left alone with a Retry-After, zero if it has not, and a channel
// that is closed when that changes. No attempt goes out before.
func (s *Sink) Held() (until time.Time, changed <-chan struct{}) { return s.gate.held() }

// Accepted is how many messages the endpoint has accepted since New. It moves while a Send is still under way.
func (s *Sink) Accepted() uint64 { return s.stats.accepted.Load() }

// Stats are counters since New.
type Stats struct {
	Accepted uint64            // messages
	Rejected uint64            // messages, those of Prepare included
	Failed   uint64            // messages, each time that they failed
	Requests uint64            // attempts made
	Retries  uint64            // attempts after the first one of a request
	Bytes    uint64            // request bodies sent, in bytes
	Verdicts map[string]uint64 // attempts by verdict, each of them there: accepted, retry, split, reject, pause, cancelled
}

// counters are what Stats is made from.
type counters struct {
	accepted, rejected, failed atomic.Uint64
	requests, retries, bytes   atomic.Uint64
	verdicts                   [verdictCount]atomic.Uint64
}

// count counts n messages with the same outcome.
func (c *counters) count(kind OutcomeKind, n int) {
	switch kind {
	case Accepted:
		c.accepted.Add(uint64(n))
	case Rejected:
		c.rejected.Add(uint64(n))
	case Failed:
		c.failed.Add(uint64(n))
	case Unsent:
	}
}

// Stats returns the counters.
func (s *Sink) Stats() Stats {
	c := &s.stats
	out := Stats{
		Accepted: c.accepted.Load(), Rejected: c.rejected.Load(), Failed: c.failed.Load(),
		Requests: c.requests.Load(), Retries: c.retries.Load(), Bytes: c.bytes.Load(),
		Verdicts: make(map[string]uint64, verdictCount),
	}
	for v := range verdictCount {
		out.Verdicts[v.String()] = c.verdicts[v].Load()
	}
	return out
}
