package relay

import (
	"sync"
	"time"

	"iggysink/schema"
)

// partition is one owned partition: what is in hand of it, and how far it is settled. The source's goroutine fills it
// (demand, take), its worker empties it (worker.go), and anyone may ask for its status.
type partition struct {
	id    schema.Partition
	feed  *feed
	relay *Relay

	former *partition // this partition's last worker; nil: none, or it has ended

	revocation latch         // no further attempt, and nothing is stored any more; closed with mu held
	done       chan struct{} // closed by the worker when no request is in flight any more
	gapless    latch         // closing, and nothing lies before what is settled
	notify     chan struct{} // wakes the worker; holds one
	worker
	sending sync.WaitGroup // the lanes

	mu        sync.Mutex
	ledger    ledger
	queues    []queue // one, or with ordering key one a lane
	used      int     // bytes of the chunks in hand
	end       uint64  // one more than the last offset that the server has
	goal      uint64  // what Once waits for
	dropping  bool    // the worker shall give up what is not in flight
	waiting   bool    // the former worker has not ended
	truncated bool    // the server lost messages since the former assignment
	carried   carried
	lost      item // first message that the last rewind gave up
	lostAny   bool
	block     block
	halt      chan struct{} // ends the retries of what is in flight: a pause or a revocation
	halted    bool
	given     int // messages that were attempted and given up since the last request
	unsettled int // messages that were attempted and are not settled, at the worker's end
}

// newPartition returns a partition whose worker is not running yet. former may be nil.
func newPartition(f *feed, a Assignment, former *partition) *partition {
	r := f.relay
	p := &partition{
		id: a.Partition, feed: f, relay: r, former: former, waiting: true, truncated: a.Truncated,
		revocation: newLatch(), gapless: newLatch(), done: make(chan struct{}), notify: make(chan struct{}, 1),
		ledger: newLedger(a.Start), end: a.End, goal: a.End, halt: make(chan struct{}),
	}
	if former != nil && !a.Truncated {
		p.goal = former.goal // what has come since is not Once's
	}
	p.ledger.sum = a.Sum
	lanes := 1
	if r.cfg.Ordering != schema.OrderingPartition {
		lanes = max(r.cfg.MaxInFlight, 1)
	}
	p.queues = make([]queue, 1)
	if r.cfg.Ordering == schema.OrderingKey {
		p.queues = make([]queue, lanes)
	}
	p.worker = newWorker(p, lanes)
	return p
}

// poke wakes the worker.
func (p *partition) poke() {
	select {
	case p.notify <- struct{}{}:
	default:
	}
}

// demand is Handler.Demand for this partition.
func (p *partition) demand() (next uint64, bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting || p.revocation.on() || p.dropping {
		return p.ledger.next, 0
	}
	before := p.ledger.next < p.block.offset // what other lanes gave up before a blocked message is still wanted
	switch state := p.block.state; {
	case !p.relay.delivering() && (p.used > 0 || !p.relay.probing()), state == trying, state == blocked && !before:
		return p.ledger.next, 0
	case !p.relay.delivering(), state == due && !before:
		return p.ledger.next, 1
	}
	return p.ledger.next, p.relay.budget.grant(p.used)
}

// take is Handler.Polled for this partition.
func (p *partition) take(b Poll) {
	if len(b.Messages) == 0 {
		p.sawEnd(b.Current)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end = max(p.end, b.Current+1, b.Messages[len(b.Messages)-1].Offset+1)
	// A poll that was under way during a rewind read from where the partition is not any more: taken in, it would let
	// the mark pass over what was given up.
	if p.waiting || p.revocation.on() || p.dropping || b.Asked != p.ledger.next || !p.relay.delivering() && !p.relay.probing() {
		return
	}
	if p.carried.any && !p.confirm(&b.Messages[0]) {
		return
	}
	c := &chunk{messages: b.Messages, bytes: b.Bytes, arrived: time.Now()}
	probe := !p.relay.delivering()
	for i := range b.Messages {
		m := &b.Messages[i]
		if !p.admits(m) || probe && c.left > 0 {
			break
		}
		if p.ledger.add(item{offset: m.Offset, stamp: m.Timestamp, sum: m.Checksum}) {
			p.queueOf(m).push(entry{chunk: c, index: i})
			c.left++
		}
	}
	if c.left > 0 {
		p.used += c.bytes
		p.relay.budget.take(c.bytes)
	}
	p.poke() // also where nothing is new: the mark may have moved
}

// sawEnd notes the partition's end as an empty poll showed it. Current 0 says nothing: an empty partition has it too.
func (p *partition) sawEnd(current uint64) {
	if current == 0 {
		return
	}
	p.mu.Lock()
	p.end = max(p.end, current+1)
	p.mu.Unlock()
}

func (p *partition) queueOf(m *schema.Message) *queue {
	if len(p.queues) == 1 {
		return &p.queues[0]
	}
	return &p.queues[p.relay.key.lane(m, len(p.queues))]
}

// release gives an entry's memory back, with that of its chunk once it is the last. The caller holds mu.
func (p *partition) release(e entry) {
	e.chunk.left--
	if e.chunk.left > 0 {
		return
	}
	wasFull := !p.relay.budget.hasRoom(p.used)
	p.used -= e.chunk.bytes
	if p.relay.budget.release(e.chunk.bytes) {
		p.relay.wakeAll()
	} else if wasFull && p.relay.budget.hasRoom(p.used) {
		p.feed.source.Wake()
	}
}

// rewind gives up everything that is not in flight; it will be polled again. Only the worker calls it: only it knows
// what is in flight. keep is a batch that it is just about to send.
func (p *partition) rewind(keep *flight) {
	p.mu.Lock()
	defer p.mu.Unlock()
	dropping := p.dropping
	p.dropping = false
	inFlight := make(map[uint64]struct{})
	hold := func(f *flight) {
		for _, e := range f.entries {
			if e.chunk != nil {
				inFlight[e.message().Offset] = struct{}{}
			}
		}
	}
	for i := range p.lanes {
		l := &p.lanes[i]
		if l.flight != nil {
			hold(l.flight)
		}
		if l.next != nil && l.next != keep {
			p.discard(l.next.entries)
			l.recycle(l.next)
			l.next = nil
		}
	}
	if keep != nil {
		hold(keep)
	}
	for i := range p.queues {
		p.queues[i].drop(p.release)
	}
	first, any := p.ledger.rewind(func(offset uint64) bool {
		_, ok := inFlight[offset]
		return ok
	})
	if any {
		p.lost, p.lostAny = first, true
	}
	if any || dropping { // there is something to read again, or a demand that was refused meanwhile
		p.feed.source.Wake()
	}
	if p.block.state == trying {
		if _, ok := inFlight[p.block.offset]; !ok {
			p.block.state = due // given up before it was tried
		}
	}
}

// discard releases entries that are given up. The caller holds mu.
func (p *partition) discard(entries []entry) {
	for _, e := range entries {
		if e.chunk != nil {
			p.release(e)
		}
	}
}

// revoke makes the worker end without another attempt and without storing anything.
func (p *partition) revoke() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.revocation.close()
	p.stopRetries()
}

// drop asks the worker to give up what is not in flight, as a paused sink does.
func (p *partition) drop() {
	p.mu.Lock()
	p.dropping = true
	p.stopRetries()
	p.mu.Unlock()
	p.poke()
}

// stopRetries lets the attempts under way end, and no other begin. The caller holds mu.
func (p *partition) stopRetries() {
	if !p.halted {
		p.halted = true
		close(p.halt)
	}
}

// fulfilled reports whether everything that was there at the start is settled.
func (p *partition) fulfilled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ledger.settled >= p.goal
}

// status returns a snapshot.
func (p *partition) status(now time.Time) PartitionStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := PartitionStatus{
		Partition: p.id, Next: p.ledger.next, Settled: p.ledger.settled, End: p.end, InHand: p.used,
	}
	if b := &p.block; b.state != flowing && !b.held {
		s.Blocked, s.BlockedOffset, s.Reason, s.Until = true, b.offset, b.reason, b.until
	}
	if p.end > p.ledger.settled {
		s.Lag = p.end - p.ledger.settled
	}
	oldest, any := p.ledger.oldest()
	if p.lostAny && p.lost.offset >= p.ledger.settled && (!any || p.lost.offset < oldest.offset) {
		oldest, any = p.lost, true // given up while the sink is paused, but not less old
	}
	if any {
		s.OldestAge = max(now.Sub(time.UnixMicro(int64(oldest.stamp))), 0)
	}
	return s
}

// isWaiting reports whether the worker waits for the former one: it has nothing in hand.
func (p *partition) isWaiting() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting
}

// mark returns the offset below which everything is settled.
func (p *partition) mark() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ledger.settled
}
