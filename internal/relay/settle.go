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
	entry    entry // the first message that the partition cannot pass; no chunk: none
	unsent   int   // other messages that an attempt carried and that are not settled
	accepted int
	fresh    bool      // something was accepted, and the judge does not know yet
	tripped  bool      // too many rejects in a row: these are not settled
	answered bool      // an attempt was answered in a way that is about a message
	until    time.Time // of a probe that failed: no other one of the partition before
}

// finish deals with the outcomes of f: this is where messages are settled. Its order is the delivery contract: accepted
// and dropped ones are settled, then the dead letters are made durable, then those are settled, and only then the mark
// has moved (commit).
func (p *partition) finish(f *flight) {
	var rest fate
	p.mu.Lock()
	local := f.local
	for i := range f.sent { // in offset order: rejects count from the last acceptance on
		for len(local) > 0 && local[0].Index < f.sent[i].Index {
			p.apply(f, &local[0], &rest)
			local = local[1:]
		}
		p.apply(f, &f.sent[i], &rest)
	}
	for i := range local {
		p.apply(f, &local[i], &rest)
	}
	p.mu.Unlock()
	p.relay.engine.Release(f.sent)
	f.sent = nil
	if rest.fresh && !f.probe {
		p.relay.judge.accept()
	}
	if len(rest.letters) > 0 && p.bury(rest.letters) {
		p.relay.counters.deadLettered.Add(uint64(len(rest.letters)))
		for i := range rest.letters {
			l := &rest.letters[i]
			p.relay.buried.tell(p, l.Message.Offset, l.Status, l.Reason)
		}
		p.mu.Lock()
		for _, i := range rest.buried {
			p.settle(f, i)
		}
		p.mu.Unlock()
		rest.letters = nil
	}
	held := p.blame(f, &rest)
	convicted := p.land(f, &rest, held)
	if stuck := &rest.stuck; rest.entry.chunk != nil && stuck.Kind == sinkhttp.Failed && !held && !convicted && !p.stopping() {
		p.relay.judge.accuse(failure{
			partition: p.id, outcome: stuck, first: f.accepted, now: p.relay.engine.Accepted(), alone: p.relay.alone(),
		})
	}
}

// blame tells the judge what the flight has come to, as far as it tells by itself. held reports that the endpoint is at
// fault where the partition stops.
func (p *partition) blame(f *flight, rest *fate) (held bool) {
	j, stuck := p.relay.judge, &rest.stuck
	isStuck := rest.entry.chunk != nil
	isFailed := isStuck && stuck.Kind == sinkhttp.Failed
	// The endpoint's by itself, unless it has accepted others meanwhile.
	outage := isFailed && stuck.Scope != sinkhttp.ScopeUnknown && p.relay.engine.Accepted() == f.accepted &&
		!p.convicts(rest.entry.message()) && !j.hasJustOpened()
	held = outage || isStuck && rest.tripped
	if isFailed && !outage {
		p.suspects, p.cleared = f.end(), f.accepted
	}
	if !f.probe {
		if outage && !p.stopping() {
			j.outage(p.id, stuck)
		}
		return held
	}
	found := nothing
	switch {
	case rest.accepted > 0:
		found = accepted
	case isFailed, rest.tripped:
		found = failed
	case rest.answered:
		found = answered
	}
	rest.until = j.conclude(p, found, stuck)
	return held
}

// stopping reports whether the partition makes no new request, so that nobody is to judge by it.
func (p *partition) stopping() bool { return p.ending() || p.relay.closing.on() }

// land ends the flight. What it leaves unsettled is given up and polled again, by the next member or by this one.
func (p *partition) land(f *flight, rest *fate, held bool) (convicted bool) {
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
		if rest.entry.chunk != nil && (f.probe || !rest.tripped) {
			convicted = p.stop(rest.entry.message(), &rest.stuck, held)
			p.block.until = later(p.block.until, rest.until)
		} else if rest.entry.chunk != nil && rest.stuck.Attempts > 0 {
			rest.unsent++
		}
		if p.stopping() { // it is not polled again
			p.unsettled += rest.unsent + len(rest.letters)
		} else {
			p.given = rest.unsent + len(rest.letters)
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
	if !p.relay.delivering() {
		p.feed.source.Wake() // a demand for a probe was refused as long as this was in hand
	}
	return convicted
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// apply acts on one outcome. An outcome that is missing, or of no known kind, leaves its message unsettled. The caller
// holds mu.
func (p *partition) apply(f *flight, o *sinkhttp.Outcome, rest *fate) {
	if o.Index < 0 || o.Index >= len(f.entries) || f.entries[o.Index].chunk == nil {
		return
	}
	e, c := f.entries[o.Index], &p.relay.counters
	var deadLetter, drop bool
	switch o.Kind {
	case sinkhttp.Accepted:
		rest.accepted++
		rest.fresh = true
		p.settle(f, o.Index)
		return
	case sinkhttp.Filtered:
		c.filtered.Add(1)
		p.settle(f, o.Index)
		return
	case sinkhttp.Rejected:
		rest.answered = rest.answered || o.Attempts > 0
		deadLetter, drop = p.relay.onRejected == schema.OnRejectedDeadLetter, p.relay.onRejected == schema.OnRejectedDrop
		if (deadLetter || drop) && !p.settlesReject(rest) {
			deadLetter, drop = false, false
			rest.tripped = true
			break
		}
		if !p.block.rejected || e.message().Offset != p.block.offset {
			c.rejected.Add(1)
		}
	case sinkhttp.Failed:
		deadLetter = o.Exhausted && p.relay.cfg.OnExhausted == schema.OnExhaustedDeadLetter
		drop = o.Exhausted && p.relay.cfg.OnExhausted == schema.OnExhaustedDrop
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
		p.relay.dropped.tell(p, e.message().Offset, o.Status, o.Reason)
		p.settle(f, o.Index)
	case deadLetter && p.relay.dead != nil:
		rest.letters = append(rest.letters, p.letter(e, o))
		rest.buried = append(rest.buried, o.Index)
	case rest.entry.chunk == nil:
		rest.entry, rest.stuck = e, *o
	case o.Attempts > 0 && (o.Kind == sinkhttp.Failed || rest.tripped):
		rest.unsent++
	}
}

// settlesReject counts a rejected message and reports whether it may be settled. The caller holds mu.
func (p *partition) settlesReject(rest *fate) bool {
	if rest.fresh {
		rest.fresh = false
		p.relay.judge.accept()
	}
	return p.relay.judge.reject()
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

// bury makes the letters durable. While it fails the sink is paused, nothing of the flight is settled and the write is
// tried again; false if the partition has to end before it succeeded.
func (p *partition) bury(letters []DeadLetter) bool {
	r := p.relay
	r.judge.withdraw(p)
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
		r.judge.hold(reason)
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
func (p *partition) letter(e entry, o *sinkhttp.Outcome) DeadLetter {
	kind := "rejected"
	if o.Kind == sinkhttp.Failed {
		kind = "exhausted"
	}
	return DeadLetter{
		Sink: p.relay.cfg.Name, Time: time.Now(), Partition: p.id, Schema: p.feed.stream.Schema,
		Message: *e.message(), Kind: kind, Reason: o.Reason, Status: o.Status, Attempts: o.Attempts,
		ResponseBody: o.ResponseBody,
	}
}

// logAttrs names the partition in a log line.
func (p *partition) logAttrs(more ...any) []any {
	return append([]any{"sink", p.relay.cfg.Name, "stream", p.id.Stream, "topic", p.id.Topic,
		"partition", p.id.ID}, more...)
}
