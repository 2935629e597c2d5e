package sinkhttp

import (
	"fmt"
	"time"
)

// OutcomeKind is what became of a message.
type OutcomeKind uint8

// The outcomes of the delivery contract. The zero value is none of them.
const (
	// Accepted: the endpoint answered a request that carried the message with a success code.
	Accepted OutcomeKind = iota + 1
	// Rejected: the message will never be accepted as it is; the fault is its own.
	Rejected
	// Failed: its retries are used up, or an answer says that another attempt is of no use now. Whose fault that is
	// takes more than one message to tell; Scope is what this one tells.
	Failed
	// Unsent: nothing is known; deliver it again. A cancelled attempt is unsent although its bytes may have arrived.
	Unsent
	// Filtered: the sink's filter takes the message out. It is not sent, and done with.
	Filtered
)

// String returns the name: accepted, rejected, failed, unsent or filtered.
func (k OutcomeKind) String() string {
	switch k {
	case Accepted:
		return "accepted"
	case Rejected:
		return "rejected"
	case Failed:
		return "failed"
	case Unsent:
		return "unsent"
	case Filtered:
		return "filtered"
	}
	return fmt.Sprintf("OutcomeKind(%d)", uint8(k))
}

// Scope is whose a failure is, as far as it tells by itself.
type Scope uint8

// The scopes of a failed outcome.
const (
	// ScopeUnknown: the message's or the endpoint's; only what becomes of other messages can tell.
	ScopeUnknown Scope = iota
	// ScopeConnection: no connection was made: refused, unreachable, no such name, TLS that does not verify.
	ScopeConnection
	// ScopeEndpoint: the endpoint asked to be left alone: 429, or a Retry-After.
	ScopeEndpoint
)

// String returns the name: unknown, connection or endpoint.
func (s Scope) String() string {
	switch s {
	case ScopeConnection:
		return "connection"
	case ScopeEndpoint:
		return "endpoint"
	case ScopeUnknown:
	}
	return "unknown"
}

// Outcome is what became of one message of a batch. Its small fields stand together: there is one for each message.
type Outcome struct {
	Index    int    // position in Batch.Messages
	Status   int    // of the last answer to a request with the message, also where an attempt behind it got none; 0: no answer
	Attempts int    // requests that carried the message; 0 if Prepare rejected it
	Reason   string // why it was not accepted, for a person; no secret, no payload

	// ResponseBody is how the body of the last answer began: text, at most 1 KiB, secrets of the sink masked. Empty where
	// there was none, where it was no text, and for an accepted message.
	ResponseBody string

	// RetryAfter is how long the endpoint asked to be left alone where a message failed, at most max_retry_after; 0: it did not.
	RetryAfter time.Duration

	Kind OutcomeKind

	// Of a failed message.
	Scope     Scope
	Exhausted bool // on_exhausted may give it up: no transport error, 429 or 503, and no pause verdict
	Manual    bool // the endpoint said that it is gone for good (410): waiting mends nothing
}

// Release gives the memory of outcomes that Send or Probe returned back to the sink, which uses it for later ones: the
// caller keeps no reference to them, only copies. Nobody has to call it; it spares a busy sink most of what a request
// of many messages allocates.
func (s *Sink) Release(outcomes []Outcome) {
	if cap(outcomes) == 0 {
		return
	}
	clear(outcomes) // texts must not stay alive
	outcomes = outcomes[:0]
	s.outcomes.Put(&outcomes)
}

// outcomeList returns an empty list with room for n outcomes.
func (s *Sink) outcomeList(n int) []Outcome {
	if list, is := s.outcomes.Get().(*[]Outcome); is && cap(*list) >= n {
		return *list
	}
	return make([]Outcome, 0, n)
}

// String tells all of it in one line: "failed after 4 attempts: answered 500 Internal Server Error".
func (o Outcome) String() string {
	s := o.Kind.String()
	switch o.Attempts {
	case 0:
	case 1:
		s += " after 1 attempt"
	default:
		s += fmt.Sprintf(" after %d attempts", o.Attempts)
	}
	if o.Reason != "" {
		s += ": " + o.Reason
	}
	return s
}
