// Package sinkhttp is the endpoint's side: it turns batches of messages into HTTP requests and requests into one
// outcome per message.
//
// # The delivery contract
//
// A batch goes through Prepare, which fixes its bytes, and Send, which delivers them:
//
//	Send: gate -> attempt -> classify -> (wait, gate, attempt)* -> outcomes
//
// Every message of a batch gets exactly one outcome, either from Prepare (rejected before anything was sent) or from
// Send, also when Send is cancelled half-way:
//
//   - accepted: the endpoint answered a request that carried it with a success code.
//   - rejected: it will never be accepted as it is; the fault is the message's.
//   - exhausted: its own failure outlasted all retries while the endpoint served other requests.
//   - unsent: nothing is known; deliver it again. A cancelled attempt is unsent although its bytes may have arrived.
//
// A failure of the endpoint rather than of a message pauses the sink: Send waits inside, at the gate, until a probe is
// accepted, and returns only with outcomes or because its context ended.
//
// # Exhausted
//
// With on_exhausted = "dead_letter" or "drop" a request whose retries are used up is exhausted at once, unless its last
// failure was a transport error, 429 or 503: an outage always pauses the sink, and the retries begin again behind the
// pause.
//
// With on_exhausted = "pause" every such request pauses the sink first. The requests that wait probe in turn. When the
// probe of another one is accepted, the gate opens and the request gets all its retries again. If they fail as well,
// and the endpoint has accepted something since the pause began, the request is exhausted: the endpoint works, this
// request does not. With one partition nothing else can be accepted, and the sink stays paused.
//
// # Rejects in a row
//
// max_consecutive_rejects counts rejected messages without an acceptance in between, over the whole sink, whether the
// endpoint or Prepare rejected them: a wrong schema attribute would empty a topic into the dead letters as surely as an
// endpoint that rejects everything. The one that reaches the number trips the gate: the sink pauses and only an accepted
// probe, or Resume, opens it. The rejects of that run which no Send has returned yet are recalled and sent again behind
// the pause, so that fewer messages than the number are ever returned as rejected by an endpoint that rejects everything.
//
// A batch that Prepare rejects as a whole counts at once. While the gate is tripped its messages are unsent, and a pause
// whose cool-down is over becomes longer, as after a failed probe. Where something of a batch is left to send, what
// Prepare has rejected of it is returned as rejected, and counts once Send has ended without an acceptance. With
// on_rejected = "block" Prepare counts nothing: a blocked partition loses no message.
//
// # Size
//
// After a 413 to a request of several messages no request is larger than half of it. The bound grows again when requests
// near it have been accepted for a while (size.go): the limit of an endpoint can be raised, or be one of many behind an
// address.
package sinkhttp

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imroc/req/v3"

	"iggysink/internal/payload"
	"iggysink/schema"
)

// Batch is a run of messages of one partition, in offset order.
type Batch struct {
	Partition schema.Partition
	Schema    schema.PayloadSchema // what the payloads are
	Contract  string               // payload_schema of the stream block; empty: none
	Messages  []schema.Message
}

// OutcomeKind is what became of a message.
type OutcomeKind uint8

// The outcomes of the delivery contract. The zero value is none of them.
const (
	Accepted OutcomeKind = iota + 1
	Rejected
	Exhausted
	Unsent
)

// Outcome is what became of one message of a batch.
type Outcome struct {
	Index    int // position in Batch.Messages
	Kind     OutcomeKind
	Status   int    // last HTTP status; 0 if there was no response
	Attempts int    // requests that carried the message; 0 if Prepare rejected it
	Reason   string // why it was not accepted, for a person; no secret, no payload
}

// Sink delivers to one endpoint. Its methods are safe for concurrent use, except that Open comes first and Close last.
type Sink struct {
	cfg          schema.Sink
	log          *slog.Logger
	transport    *req.Transport
	header       http.Header // of every request; never written to
	host         string      // a Host header of the configuration
	health       *url.URL
	classifier   *classifier
	backoff      backoff
	gate         *gate
	rejectBlocks bool
	size         size
	contracts    map[string]*payload.Schema // by payload_schema; never written to after New
	stats        counters
	pool         sync.Pool // of *Prepared
	calls        sync.Pool // of *call

	mu      sync.Mutex
	targets map[schema.Partition]*target
}

// Options are what a Sink needs beside its configuration.
type Options struct {
	Logger *slog.Logger // nil: discards

	dial dialFunc // tests dial into the same process
}

// New checks the configuration and builds the client; it makes no connection. Errors name the attribute at fault.
func New(cfg *schema.Sink, opts Options) (*Sink, error) {
	log := opts.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Sink{
		cfg: *cfg, log: log.With("sink", cfg.Name), targets: make(map[schema.Partition]*target),
		rejectBlocks: cfg.RejectedPolicy() == schema.OnRejectedBlock,
		classifier:   newClassifier(cfg), backoff: newBackoff(cfg),
	}
	if err := s.check(); err != nil {
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
	if s.transport, err = newTransport(cfg, opts.dial); err != nil {
		return nil, err
	}
	s.gate = newGate(cfg, s.log)
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
	s.transport.CloseIdleConnections()
	c := s.Stats()
	s.log.Info("the sink has ended", "accepted", c.Accepted, "rejected", c.Rejected, "exhausted", c.Exhausted,
		"requests", c.Requests, "retries", c.Retries, "bytes", c.Bytes, "pauses", c.Pauses)
}

// State is what the gate lets through.
type State struct {
	Paused bool
	Manual bool      // only Resume ends the pause
	Reason string    // for a person; no secret
	Since  time.Time // start of the pause
	Until  time.Time // when the next attempt may go out: end of the cool-down or of a Retry-After
}

// State returns the gate's state and a channel that is closed at its next change.
func (s *Sink) State() (State, <-chan struct{}) { return s.gate.now() }

// Pause closes the gate from outside, as when the dead letters cannot be written. It opens as after every pause: when
// the cool-down is over and a probe was accepted. In a paused sink it makes the pause last for another cool-down.
func (s *Sink) Pause(reason string) { s.gate.pause(reason) }

// Resume opens the gate by hand, a manual pause too. A Retry-After still holds.
func (s *Sink) Resume() { s.gate.resume() }

// Stats are counters since New.
type Stats struct {
	Accepted  uint64            // messages
	Rejected  uint64            // messages, those of Prepare included
	Exhausted uint64            // messages
	Requests  uint64            // attempts made
	Retries   uint64            // attempts after the first one of a request
	Bytes     uint64            // request bodies sent, in bytes
	Pauses    uint64            // times that the gate closed
	Verdicts  map[string]uint64 // attempts by verdict: accepted, retry, split, reject, pause, cancelled
}

// counters are what Stats is made from.
type counters struct {
	accepted, rejected, exhausted atomic.Uint64
	requests, retries, bytes      atomic.Uint64
	verdicts                      [verdictCount]atomic.Uint64
}

// count counts n messages with the same outcome.
func (c *counters) count(kind OutcomeKind, n int) {
	switch kind {
	case Accepted:
		c.accepted.Add(uint64(n))
	case Rejected:
		c.rejected.Add(uint64(n))
	case Exhausted:
		c.exhausted.Add(uint64(n))
	case Unsent:
	}
}

// Stats returns the counters.
func (s *Sink) Stats() Stats {
	c := &s.stats
	out := Stats{
		Accepted: c.accepted.Load(), Rejected: c.rejected.Load(), Exhausted: c.exhausted.Load(),
		Requests: c.requests.Load(), Retries: c.retries.Load(), Bytes: c.bytes.Load(), Pauses: s.gate.pauseCount(),
		Verdicts: make(map[string]uint64, verdictCount),
	}
	for v, name := range verdictNames() {
		out.Verdicts[name] = c.verdicts[v].Load()
	}
	return out
}
