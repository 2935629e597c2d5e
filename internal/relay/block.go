package relay

import (
	"time"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

// block is a partition that stands still at one message.
type block struct {
	state    blockState
	offset   uint64
	sum      uint64 // Message.Checksum
	reason   string
	rejected bool // it is counted as rejected
	held     bool // the endpoint, and not this message, is at fault: it ends with the pause
	tries    int
	until    time.Time // when the message is tried again
	accepted uint64    // what the endpoint had accepted when it began
}

type blockState uint8

const (
	flowing blockState = iota
	blocked            // until the cool-down is over; nothing is kept in memory
	due                // the message shall be polled again
	trying             // it is in hand again, alone
)

// admits reports whether m may be taken in. A blocked partition takes what comes before the blocked message, and that
// itself once its cool-down is over, but nothing behind it.
func (p *partition) admits(m *schema.Message) bool {
	switch {
	case p.block.state == flowing || m.Offset < p.block.offset:
		return true
	case p.block.state != due:
		return false
	case m.Offset == p.block.offset && m.Checksum == p.block.sum:
		p.block.state = trying
		return true
	}
	p.unblock() // retention has deleted the blocked message, or the log is another one
	return true
}

// unblock lets the partition go on.
func (p *partition) unblock() {
	p.block = block{}
	p.feed.source.Wake()
}

// stop blocks the partition at m, or at the blocked message that comes before it. convicted reports that the message has
// failed before and that the endpoint has accepted others since: the fault is its own. The caller holds mu.
func (p *partition) stop(m *schema.Message, o *sinkhttp.Outcome, held bool) (convicted bool) {
	b := &p.block
	if b.state != flowing && b.offset < m.Offset {
		return false
	}
	now := p.relay.engine.Accepted()
	if b.state == flowing || b.offset != m.Offset {
		*b = block{offset: m.Offset, sum: m.Checksum, held: true, accepted: now}
	}
	until := time.Now().Add(p.relay.cooldown(b.tries))
	if b.held && !held {
		p.relay.log.Warn("partition is blocked at a message: nothing is lost, the others go on, and it is tried again; "+
			"fix what refuses it, or give such messages up with on_rejected or on_exhausted",
			p.logAttrs("offset", m.Offset, "status", o.Status, "reason", o.Reason, "tried_again", until)...)
	}
	b.state, b.reason, b.held = blocked, o.Reason, held
	b.rejected = b.rejected || !held && o.Kind == sinkhttp.Rejected // a held one is not settled, nor counted
	b.until = until
	b.tries++
	return now != b.accepted
}

// convicts reports whether the partition is blocked at m and the endpoint has accepted others since: what becomes of m says
// nothing about the endpoint any more.
func (p *partition) convicts(m *schema.Message) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := &p.block
	return b.state != flowing && b.offset == m.Offset && b.accepted != p.relay.engine.Accepted()
}

// reopen is for the end of a pause: a message that was tried in the pause, and so at long intervals, is tried again within
// one cool-down. Not at once: it may be the one at fault.
func (p *partition) reopen(within time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.poke()
	if p.block.state != blocked {
		return
	}
	if latest := time.Now().Add(within); p.block.until.After(latest) {
		p.block.until = latest
	}
}

// pending reports whether the partition has something to send and is not blocked.
func (p *partition) pending() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.block.state == flowing && (p.used > 0 || p.ledger.next < p.end)
}

// topic names the partition's topic.
func (p *partition) topic() topicKey { return topicKey{p.id.Stream, p.id.Topic} }
