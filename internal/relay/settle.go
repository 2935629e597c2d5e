package relay

import (
	"fmt"
	"time"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

// fate is what the outcomes of a flight leave to do after those that are settled at once.
type fate struct {
	letters  []DeadLetter // to be durable before they are settled
	buried   []int        // their places in the flight
	stuck    sinkhttp.Outcome
	entry    entry // the first message that blocks the partition; no chunk: none
	unsent   int   // messages that an attempt carried and nobody answered for
	accepted int
}

// finish deals with the outcomes of f: this is where messages are settled. Its order is the delivery contract: accepted
// and dropped ones are settled, then the dead letters are made durable, then those are settled, and only then the mark
// has moved (commit).
func (p *partition) finish(f *flight) {
	var rest fate
	p.mu.Lock()
	for _, o := range f.local {
		p.apply(f, o, &rest)
	}
	for _, o := range f.sent {
		p.apply(f, o, &rest)
	}
	p.mu.Unlock()
	p.relay.counters.delivered.Add(uint64(rest.accepted))
	if len(rest.letters) > 0 && p.bury(rest.letters) {
		p.relay.counters.deadLettered.Add(uint64(len(rest.letters)))
		p.mu.Lock()
		for _, i := range rest.buried {
			p.settle(f, i)
		}
		p.mu.Unlock()
		rest.letters = nil
	}
	p.land(f, &rest)
}

// land ends the flight. What it leaves unsettled is given up and polled again, by the next member or by this one.
func (p *partition) land(f *flight, rest *fate) {
	l := f.lane
	l.flight = nil // from here on a rewind gives its messages up
	p.mu.Lock()
	left := 0
	for _, e := range f.entries {
		if e.chunk != nil {
			left++
		}
	}
	if left > 0 {
		if rest.entry.chunk != nil {
			p.stop(rest.entry.message(), rest.stuck)
		}
		if p.ending() || p.relay.closing.on() { // it is not polled again
			p.unsettled += rest.unsent + len(rest.letters)
		}
		p.discard(f.entries)
	}
	p.mu.Unlock()
	if left < len(f.entries) {
		p.relay.progress.Store(int64(p.relay.elapsed()))
	}
	l.recycle(f)
	if left > 0 {
		p.rewind(nil)
	}
}

// apply acts on one outcome. An outcome that is missing, or of no known kind, leaves its message unsettled. The caller
// holds mu.
func (p *partition) apply(f *flight, o sinkhttp.Outcome, rest *fate) {
	if o.Index < 0 || o.Index >= len(f.entries) || f.entries[o.Index].chunk == nil {
		return
	}
	e, c := f.entries[o.Index], &p.relay.counters
	var deadLetter, drop bool
	switch o.Kind {
	case sinkhttp.Accepted:
		rest.accepted++
		p.settle(f, o.Index)
		return
	case sinkhttp.Rejected:
		deadLetter, drop = p.relay.onRejected == schema.OnRejectedDeadLetter, p.relay.onRejected == schema.OnRejectedDrop
		if p.block.state == flowing || e.message().Offset != p.block.offset {
			c.rejected.Add(1)
		}
	case sinkhttp.Exhausted:
		deadLetter = p.relay.cfg.OnExhausted == schema.OnExhaustedDeadLetter
		drop = p.relay.cfg.OnExhausted == schema.OnExhaustedDrop
	case sinkhttp.Unsent:
		if o.Attempts > 0 {
			rest.unsent++
		}
		return
	default:
		return
	}
	switch {
	case drop:
		c.dropped.Add(1)
		p.settle(f, o.Index)
	case deadLetter && p.relay.dead != nil:
		rest.letters = append(rest.letters, p.letter(e, o))
		rest.buried = append(rest.buried, o.Index)
	case rest.entry.chunk == nil || e.message().Offset < rest.entry.message().Offset:
		rest.entry, rest.stuck = e, o
	}
}

// settle marks one message of f as done with and gives its memory back. The caller holds mu.
func (p *partition) settle(f *flight, index int) {
	e := f.entries[index]
	f.entries[index] = entry{}
	offset, before := e.message().Offset, p.ledger.settled
	p.ledger.settle(offset)
	if p.block.state == trying && offset == p.block.offset {
		p.relay.log.Info("partition goes on", p.logAttrs("offset", offset)...)
		p.unblock()
	}
	p.release(e)
	if before < p.goal && p.ledger.settled >= p.goal {
		p.relay.touch()
	}
}

// stop blocks the partition at m, or at the blocked message that comes before it. The caller holds mu.
func (p *partition) stop(m *schema.Message, o sinkhttp.Outcome) {
	b := &p.block
	if b.state != flowing && b.offset < m.Offset {
		return
	}
	if b.state == flowing || b.offset != m.Offset {
		p.relay.log.Warn("partition is blocked at a message; the others go on", p.logAttrs("offset", m.Offset,
			"status", o.Status, "reason", o.Reason)...)
		*b = block{offset: m.Offset, stamp: m.Timestamp}
	}
	b.state, b.reason = blocked, o.Reason
	b.until = time.Now().Add(p.relay.cooldown(b.tries))
	b.tries++
}

// bury makes the letters durable. While it fails the sink is paused, nothing of the flight is settled and the write is
// tried again; false if the partition has to end before it succeeded.
func (p *partition) bury(letters []DeadLetter) bool {
	r := p.relay
	for try := 0; ; try++ {
		err := r.dead.Write(r.work, letters)
		if err == nil {
			return true
		}
		if p.ending() {
			return false
		}
		reason := fmt.Sprintf("cannot write dead letters: %v", err)
		r.log.Error("cannot write dead letters; the sink is paused until it can", p.logAttrs("error", err)...)
		r.engine.Pause(reason)
		p.rewind(nil) // as every paused partition: only what is in flight stays
		timer := time.NewTimer(r.cooldown(try))
		select {
		case <-timer.C:
		case <-p.revocation.done:
		case <-r.draining.done:
		}
		timer.Stop()
		if p.ending() {
			return false
		}
	}
}

// letter is the dead letter of e.
func (p *partition) letter(e entry, o sinkhttp.Outcome) DeadLetter {
	kind := "rejected"
	if o.Kind == sinkhttp.Exhausted {
		kind = "exhausted"
	}
	return DeadLetter{
		Sink: p.relay.cfg.Name, Time: time.Now(), Partition: p.id, Schema: p.feed.stream.Schema,
		Message: *e.message(), Kind: kind, Reason: o.Reason, Status: o.Status, Attempts: o.Attempts,
	}
}

// logAttrs names the partition in a log line.
func (p *partition) logAttrs(more ...any) []any {
	return append([]any{"sink", p.relay.cfg.Name, "stream", p.id.Stream, "topic", p.id.Topic,
		"partition", p.id.ID}, more...)
}
