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
package sinkhttp

import (
	"context"
	"log/slog"
	"time"

	"iggysink/schema"
)

// Batch is a run of messages of one partition, in offset order.
type Batch struct {
	Partition schema.Partition
	Schema    schema.PayloadSchema // what the payloads are
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

// Prepared is a batch as the final bytes of its requests. It belongs to the Sink that made it and is sent once.
type Prepared struct{}

// Sink delivers to one endpoint. Its methods are safe for concurrent use, except that Open comes first and Close last.
type Sink struct{}

// Options are what a Sink needs beside its configuration.
type Options struct {
	Logger *slog.Logger // nil: discards
}

// New checks the configuration and builds the client; it makes no connection. Errors name the attribute at fault.
func New(cfg *schema.Sink, opts Options) (*Sink, error) { return nil, nil }

// RequestLength is how many messages one request may carry when the configuration allows n: 1 for individual and raw.
func (s *Sink) RequestLength(n int) int { return n }

// Open runs the health check until it passes, waiting in between as a paused sink does, or until ctx ends. Without a
// health check it returns at once.
func (s *Sink) Open(ctx context.Context) error { return nil }

// Prepare fixes the bytes of a batch: encoded, cut by size. The outcomes are those of the messages that it rejected;
// nil Prepared means that none is left to send. It never blocks and keeps no reference to the batch.
func (s *Sink) Prepare(b Batch) (*Prepared, []Outcome) { return nil, nil }

// Send delivers p and returns one outcome for each of its messages, in order. It ends early only with ctx.
func (s *Sink) Send(ctx context.Context, p *Prepared) []Outcome { return nil }

// Drain makes every Send return unsent instead of starting another attempt or wait; attempts under way go on.
func (s *Sink) Drain() {}

// Close ends the idle connections and logs the statistics. No other call may follow.
func (s *Sink) Close() {}

// State is what the gate lets through.
type State struct {
	Paused bool
	Manual bool      // only Resume ends the pause
	Reason string    // for a person; no secret
	Since  time.Time // start of the pause
	Until  time.Time // when the next attempt may go out: end of the cool-down or of a Retry-After
}

// State returns the gate's state and a channel that is closed at its next change.
func (s *Sink) State() (State, <-chan struct{}) { return State{}, nil }

// Pause closes the gate from outside, as when the dead letters cannot be written, until its cool-down is over.
func (s *Sink) Pause(reason string) {}

// Resume opens the gate by hand.
func (s *Sink) Resume() {}

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

// Stats returns the counters.
func (s *Sink) Stats() Stats { return Stats{} }
