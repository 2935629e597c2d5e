package sinkhttp

import (
	"fmt"
	"net/url"
	"sync/atomic"

	"iggysink/schema"
	"iggysink/sinkhttp/internal/auth"
)

// maxTargets bounds the cache of encoders and URLs. A sink that reads more partitions than that builds some again.
const maxTargets = 4096

// target is what the requests of one partition have in common.
type target struct {
	partition schema.Partition
	url       *url.URL
	encoders  map[schema.PayloadFormat]*schema.EnvelopeEncoder
}

// Prepared is a batch as the final bytes of its requests. It belongs to the Sink that made it and is sent once: its memory is
// then another batch's. Send and Probe panic where another Sink made it, or where it was sent before.
type Prepared struct {
	sink     *Sink
	sent     atomic.Bool
	target   *target
	body     []byte             // the bodies, one after the other
	spans    []span             // the messages that are left to send, in offset order
	requests []run              // how Prepare cut them
	suspect  bool               // of Batch
	inUse    bool               // the transport may still read body
	ids      [][2 * idSize]byte // of each span, in a sink whose requests have ids
	shaping  shaping
}

// span is where one message stands in Prepared.body, and where it stood in the batch.
type span struct {
	start, end int
	index      int
	offset     uint64
}

// run is the messages spans[from:to] as one request.
type run struct {
	from, to int
	attempts int    // requests that carried these messages so far
	status   int    // of the last answer; 0: there was none
	accepted uint64 // what the sink had accepted before the first attempt
	part     bool   // of a request that failed
	line     *line  // nil: that of the target
	picks    []int  // the spans, where they are not all of those from..to
	retries  int    // that were made because of some of its items
}

func (r run) length() int {
	if r.picks != nil {
		return len(r.picks)
	}
	return r.to - r.from
}

// first returns the first span.
func (r run) first() int {
	if r.picks != nil {
		return r.picks[0]
	}
	return r.from
}

// all ranges over the spans.
func (r run) all(yield func(int) bool) {
	if r.picks == nil {
		for i := r.from; i < r.to && yield(i); i++ {
		}
		return
	}
	for _, i := range r.picks {
		if !yield(i) {
			return
		}
	}
}

// target returns what is known of a partition, built at its first batch.
func (s *Sink) target(p schema.Partition, payload schema.PayloadFormat) (*target, *schema.EnvelopeEncoder, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.targets[p]
	if t == nil {
		u, err := parseURL(s.cfg.URL.Fill(p))
		if err != nil {
			return nil, nil, fmt.Errorf("the url filled in for this partition %w", err)
		}
		t = &target{partition: p, url: auth.Outgoing(s.cfg.Auth, u), encoders: make(map[schema.PayloadFormat]*schema.EnvelopeEncoder, 1)}
		if len(s.targets) >= maxTargets {
			for other := range s.targets {
				delete(s.targets, other)
				break
			}
		}
		s.targets[p] = t
	}
	e := t.encoders[payload]
	if e == nil && s.cfg.BatchMode != schema.BatchModeRaw {
		e = schema.NewEnvelopeEncoder(p, schema.EnvelopeOptions{
			IncludeMetadata: s.cfg.IncludeMetadata, IncludeChecksum: s.cfg.IncludeChecksum,
			IncludeOriginTimestamp: s.cfg.IncludeOriginTimestamp, Payload: payload,
			OneLine: s.cfg.BatchMode == schema.BatchModeNDJSON,
		})
		t.encoders[payload] = e
	}
	return t, e, nil
}

// Prepare fixes the bytes of a batch: checked, encoded, cut by size. The outcomes are those of the messages that it rejected;
// nil Prepared means that none is left to send. It never blocks and keeps no reference to the batch.
func (s *Sink) Prepare(b Batch) (*Prepared, []Outcome) {
	if len(b.Messages) == 0 {
		return nil, nil
	}
	t, encoder, err := s.target(b.Partition, b.Schema)
	if err != nil { // New has checked the template, so this is a value that no URL can hold
		return nil, s.refuseAll(b, err.Error())
	}
	p := s.take()
	p.target, p.suspect = t, b.Suspect
	var refused []Outcome
	contract := s.contracts[b.Contract]
	for i := range b.Messages {
		m := &b.Messages[i]
		if s.shape != nil {
			if sent, reason := s.shape.passes(&p.shaping, b.Partition, b.Schema, m); !sent {
				refused = append(refused, s.unshaped(i, reason))
				continue
			}
		}
		reason := ""
		if s.shape == nil || !s.shape.replacesEnvelope() {
			reason = s.admit(p, b.Schema, m.Payload)
		}
		if reason == "" {
			reason = violation(contract, m.Payload)
		}
		if reason == "" {
			reason = s.add(p, encoder, i, m, b.Schema)
		}
		if reason != "" {
			refused = append(refused, Outcome{Index: i, Kind: Rejected, Reason: reason})
		}
	}
	s.closeRequest(p)
	for i := range refused {
		s.stats.count(refused[i].Kind, 1)
	}
	if len(p.spans) == 0 {
		s.give(p)
		return nil, refused
	}
	return p, refused
}

func (s *Sink) refuseAll(b Batch, reason string) []Outcome {
	all := make([]Outcome, len(b.Messages))
	for i := range all {
		all[i] = Outcome{Index: i, Kind: Rejected, Reason: reason}
	}
	s.stats.rejected.Add(uint64(len(all)))
	return all
}

// add appends one message to the open request of p, or to a new one where it would become too large. It returns why it
// did not.
func (s *Sink) add(
	p *Prepared, encoder *schema.EnvelopeEncoder, index int, m *schema.Message, format schema.PayloadFormat,
) (reason string) {
	mode, limit := s.cfg.BatchMode, s.cfg.MaxPayloadSizeBytes
	before := len(p.body)
	opened := s.isOpen(p)
	own, reason := s.lineFor(p, m, format)
	if reason != "" {
		return reason
	}
	if mode == schema.BatchModeJSONArray {
		p.body = append(p.body, arraySeparator(opened))
	}
	start := len(p.body)
	var err error
	if p.body, err = s.appendMessage(p, encoder, m, format); err != nil {
		p.body = p.body[:before]
		return err.Error()
	}
	if mode == schema.BatchModeNDJSON {
		p.body = append(p.body, '\n')
	}
	end := len(p.body)
	if size := end - start + s.frame(); limit > 0 && size > limit {
		p.body = p.body[:before]
		return fmt.Sprintf("a request with this message alone has %d bytes, more than max_payload_size_bytes (%d)", size, limit)
	}
	if s.identified {
		var id [2 * idSize]byte
		p.shaping.id.appendMessageID(id[:0], s.cfg.Name, p.target.partition, m)
		p.ids = append(p.ids, id)
	}
	if opened {
		from := p.requests[len(p.requests)-1].from
		total, largest := end-p.spans[from].start+s.frame(), s.size.largest(s.cfg.MaxPayloadSizeBytes)
		if s.RequestLength(2) > 1 && own == p.requests[len(p.requests)-1].line && (largest == 0 || total <= largest) {
			p.spans = append(p.spans, span{start, end, index, m.Offset})
			return ""
		}
		if mode == schema.BatchModeJSONArray { // the comma becomes the end of one array and the start of the next
			p.body = append(p.body, 0)
			copy(p.body[start+1:], p.body[start:end])
			p.body[start-1], p.body[start] = ']', '['
			start, end = start+1, end+1
		}
		p.requests[len(p.requests)-1].to = len(p.spans)
	}
	p.requests = append(p.requests, run{from: len(p.spans), line: own})
	p.spans = append(p.spans, span{start, end, index, m.Offset})
	return ""
}

// isOpen reports whether the last request of p may take more messages.
func (s *Sink) isOpen(p *Prepared) bool { return len(p.requests) > 0 }

func (s *Sink) closeRequest(p *Prepared) {
	if n := len(p.requests); n > 0 {
		p.requests[n-1].to = len(p.spans)
		if s.cfg.BatchMode == schema.BatchModeJSONArray {
			p.body = append(p.body, ']')
		}
	}
}

func arraySeparator(opened bool) byte {
	if opened {
		return ','
	}
	return '['
}

// frame is how many bytes a request has beside its messages and what is between them.
func (s *Sink) frame() int {
	if s.cfg.BatchMode == schema.BatchModeJSONArray {
		return len("[]")
	}
	return 0
}

// bodySize is the length of r's body.
func (s *Sink) bodySize(p *Prepared, r run) int {
	return p.spans[r.to-1].end - p.spans[r.from].start + s.frame()
}

// bytes is the body of r. The parts of an array are copied and not closed in place: the transport may still be reading
// the array that they come from.
func (s *Sink) bytes(p *Prepared, r run) []byte {
	if r.picks != nil {
		return s.gather(p, r)
	}
	start, end := p.spans[r.from].start, p.spans[r.to-1].end
	if s.cfg.BatchMode != schema.BatchModeJSONArray {
		return p.body[start:end:end]
	}
	if p.body[start-1] == '[' && p.body[end] == ']' {
		return p.body[start-1 : end+1 : end+1]
	}
	part := make([]byte, 0, end-start+s.frame())
	part = append(part, '[')
	part = append(part, p.body[start:end]...)
	return append(part, ']')
}

// cut returns as many messages of r as fit the size to try, at least one, and the rest.
func (s *Sink) cut(p *Prepared, r run) (head, rest run) {
	if r.picks != nil { // part of a request that fitted
		return r, run{}
	}
	largest := s.size.largest(s.cfg.MaxPayloadSizeBytes)
	head, rest = r, r
	if largest == 0 || s.bodySize(p, r) <= largest {
		rest.from = r.to
		return head, rest
	}
	head.to = r.from + 1
	for head.to < r.to && p.spans[head.to].end-p.spans[r.from].start+s.frame() <= largest {
		head.to++
	}
	rest.from = head.to
	return head, rest
}

// maxRecycled is the largest buffer that is kept for another batch.
const maxRecycled = 4 << 20

// take returns an empty Prepared, with the memory of an earlier one where there is one.
func (s *Sink) take() *Prepared {
	p, isPrepared := s.pool.Get().(*Prepared)
	if !isPrepared {
		p = &Prepared{}
	}
	p.sink = s
	return p
}

// claim marks p as sent. Without it a caller that sends p twice would deliver whatever batch has its memory by then, and be
// told that its own was accepted.
func (s *Sink) claim(p *Prepared) {
	if p.sink != s {
		panic("sinkhttp: a Prepared is sent by the Sink that made it, and this is another one")
	}
	if p.sent.Swap(true) {
		panic("sinkhttp: a Prepared is sent once, and this one has been sent before; call Prepare again")
	}
}

// give recycles the memory of p, unless the transport may still read its bytes. p itself stays what it is, so that claim
// knows it again.
func (s *Sink) give(p *Prepared) {
	if p.inUse || cap(p.body) > maxRecycled {
		return
	}
	clear(p.requests) // their lines are no longer needed
	s.pool.Put(&Prepared{
		body: p.body[:0], spans: p.spans[:0], requests: p.requests[:0], ids: p.ids[:0],
		shaping: shaping{id: p.shaping.id, text: p.shaping.text[:0]},
	})
	p.body, p.spans, p.requests, p.ids, p.shaping = nil, nil, nil, nil, shaping{}
}
