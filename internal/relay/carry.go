package relay

import "iggysink/schema"

// carried is what the former worker of a partition has settled and the server has not stored, as after a connection
// that dropped, or a group that was deleted. It is not delivered again, if the log still has the message that was settled
// last: after a crash, a purge or another creation of the topic its offset belongs to another one. The message that the
// former worker is blocked at is the next one's, too.
type carried struct {
	any  bool
	mark uint64 // one more than the offset settled last
	sum  uint64 // its Message.Checksum
	from uint64 // where to read where the log is another one
}

// begin waits for the former worker and takes over what it has settled.
func (p *partition) begin() {
	former := p.former
	if former != nil {
		<-former.done // it makes no further attempt, and each one ends with its timeout
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting, p.former = false, nil // a chain of former workers would never be freed
	p.feed.source.Wake()
	if former == nil {
		return
	}
	c, b := former.handOver()
	if p.ending() {
		p.unsettled += former.unsettled
	} else if b.state != flowing && !p.truncated && b.offset >= p.ledger.next && b.offset < p.end {
		// A rebalance is no reason to try the message sooner, or more often. That it is still the same admits sees.
		b.state = blocked
		p.block = b
	}
	if p.truncated || c.mark <= p.ledger.next || c.mark > p.end {
		return
	}
	c.any, c.from = true, p.ledger.next
	p.carried = c
	p.ledger.next = c.mark - 1 // read once more, to be compared
}

// handOver returns what this worker, which has ended, has settled, and where it is blocked.
func (p *partition) handOver() (carried, block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.carried.any {
		return p.carried, p.block // not confirmed yet, and not refuted
	}
	return carried{mark: p.ledger.settled, sum: p.ledger.sum}, p.block
}

// confirm compares the first message of a poll with the one that was settled last. If it is the same, or retention has
// deleted it, everything up to it is settled; otherwise the partition is read from where the server says. The caller
// holds mu.
func (p *partition) confirm(m *schema.Message) bool {
	c := p.carried
	p.carried = carried{}
	if m.Offset >= c.mark || m.Checksum == c.sum {
		p.ledger.settled, p.ledger.next, p.ledger.sum = c.mark, c.mark, c.sum
		p.relay.touch()
		return true
	}
	p.relay.log.Warn("the server has other messages than before: going back to the stored offset",
		p.logAttrs("offset", c.from, "settled", c.mark)...)
	p.ledger.next, p.block = c.from, block{}
	p.goal = max(p.goal, p.end) // the former goal was one of the other log
	p.feed.source.Wake()
	return false
}
