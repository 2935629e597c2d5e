package relay

import (
	"time"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

// worker is what only a partition's worker goroutine touches.
type worker struct {
	lanes     []lane
	results   chan *flight
	scratch   []schema.Message
	length    int           // messages in a request
	size      int           // bytes in a request of several messages
	wait      time.Duration // batch_wait
	alarm     time.Time     // when the worker has to look again; zero: no need
	committed uint64        // one more than the offset last committed
	disbanded bool          // the lanes get nothing more
	below     uint64        // no message from here on is sent any more; 0: all are

	suspects uint64 // messages before this offset have failed together
	cleared  uint64 // what the endpoint had accepted before they did
}

func newWorker(p *partition, lanes int) worker {
	w := worker{
		lanes: make([]lane, lanes), results: make(chan *flight, lanes),
		length: p.feed.length, wait: p.feed.stream.BatchWait.Std(),
		// Half of the bound, so that the next batch can be there while one is under way.
		size:      max(p.relay.budget.partition/2, 1),
		committed: p.ledger.settled,
	}
	for i := range w.lanes {
		w.lanes[i].queue = &p.queues[i%len(p.queues)]
		w.lanes[i].send = make(chan *flight, 1)
	}
	return w
}

// run is the worker: it cuts, prepares, hands over and settles until the partition is revoked or drained and no
// request of it is in flight any more.
func (p *partition) run() {
	defer close(p.done)
	p.begin()
	for i := range p.lanes {
		p.sending.Go(func() { p.lanes[i].fly(p) })
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	revoked, closing, draining := p.revocation.done, p.relay.closing.done, p.relay.draining.done
	for {
		if p.ending() {
			p.alarm = time.Time{} // nobody acts on it: one that is over would keep the loop spinning
			p.relay.judge.withdraw(p)
			if !p.busy() {
				break
			}
		} else {
			p.dispatch()
		}
		p.commit()
		var alarm <-chan time.Time
		if !p.alarm.IsZero() {
			timer.Reset(time.Until(p.alarm))
			alarm = timer.C
		}
		select {
		case f := <-p.results:
			p.finish(f)
		case <-p.notify:
		case <-alarm:
		case <-closing:
			closing = nil // seen; a closed channel would keep the loop spinning
		case <-draining:
			draining = nil
		case <-revoked:
			revoked = nil
			p.rewind(nil) // what is not in flight is of no use any more
		}
	}
	p.leave()
}

// leave ends the lanes, gives all memory back and commits what the last flights settled.
func (p *partition) leave() {
	p.disband()
	p.sending.Wait()
	p.rewind(nil)
	p.commit()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.block.state != flowing {
		p.unsettled++
	}
	p.unsettled += p.given + p.ledger.stranded()
	p.queues = nil // the ledger stays: a former worker's mark is where the next one starts
}

// disband ends the lanes once they have sent what they have.
func (p *partition) disband() {
	for i := range p.lanes {
		if !p.disbanded {
			close(p.lanes[i].send)
		}
	}
	p.disbanded = true
}

// ending reports whether no new request may start.
func (p *partition) ending() bool { return p.relay.draining.on() || p.revocation.on() }

func (p *partition) busy() bool {
	for i := range p.lanes {
		if p.lanes[i].flight != nil {
			return true
		}
	}
	return false
}

// dispatch gives every free lane a batch, then prepares the ones after.
func (p *partition) dispatch() {
	if p.relay.closing.on() {
		p.fill()
		return
	}
	p.alarm = time.Time{}
	p.refresh()
	if p.relay.judge.paused.Load() {
		p.probe()
		return
	}
	for i := range p.lanes {
		for p.lanes[i].flight == nil && !p.ending() && !p.relay.judge.paused.Load() {
			if !p.launch(&p.lanes[i]) {
				break
			}
		}
	}
	for i := range p.lanes {
		// Only a full batch is cut ahead: a small one grows while the lane is busy.
		if l := &p.lanes[i]; l.flight != nil && l.next == nil {
			l.next = p.cut(l, p.length, true)
		}
	}
}

// probe is what dispatch does while the sink is paused: it sends one message, if it is this partition's turn to test the
// endpoint.
func (p *partition) probe() {
	var l *lane
	if !p.busy() {
		l = p.loaded()
	}
	if l == nil {
		p.relay.judge.withdraw(p)
		return
	}
	c, convicted := fresh, false
	p.mu.Lock()
	if p.block.state != flowing {
		c, convicted = suspect, p.block.accepted != p.relay.engine.Accepted()
	}
	p.mu.Unlock()
	if !p.relay.judge.ask(p, c, convicted) {
		return
	}
	f := l.next
	if f == nil {
		f = p.cut(l, 1, false)
	}
	if f == nil {
		p.relay.judge.conclude(p, nothing, nil)
		return
	}
	f.probe = true
	p.depart(l, f)
}

// loaded returns a lane that has something to send; nil if there is none.
func (p *partition) loaded() *lane {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.lanes {
		if l := &p.lanes[i]; l.next != nil || len(l.queue.entries) > l.queue.head {
			return l
		}
	}
	return nil
}

// fill is what dispatch does once polling has stopped: it sends only what lies before a message that is settled or in flight. The
// mark cannot pass a gap, and everything behind one would be delivered again by the next start.
func (p *partition) fill() {
	p.alarm = time.Time{}
	if p.relay.judge.paused.Load() {
		return
	}
	p.below = p.reach()
	for i := range p.lanes {
		for l := &p.lanes[i]; l.flight == nil && p.gap(l); p.below = p.reach() {
			p.launch(l)
		}
	}
	for i := range p.lanes {
		l := &p.lanes[i]
		// A request that has not left yet would be a gap, too. With one lane nothing can lie behind it.
		if p.gap(l) || l.flight != nil && len(p.lanes) > 1 {
			return
		}
	}
	p.gapless.close()
}

// reach returns the last offset that is settled or in flight.
func (p *partition) reach() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := p.ledger.lastSettled()
	for i := range p.lanes {
		if f := p.lanes[i].flight; f != nil {
			for _, e := range f.entries {
				if e.chunk != nil {
					last = max(last, e.message().Offset)
				}
			}
		}
	}
	return last
}

// gap reports whether l has something to send that lies before the end of the reach.
func (p *partition) gap(l *lane) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.next != nil {
		return l.next.entries[0].message().Offset < p.below
	}
	return len(l.queue.entries) > l.queue.head && l.queue.first().message().Offset < p.below
}

// refresh does what others asked for, and ends the cool-down of a blocked partition.
func (p *partition) refresh() {
	p.mu.Lock()
	dropping := p.dropping
	if p.block.state == blocked {
		if time.Now().Before(p.block.until) {
			p.wake(p.block.until)
		} else {
			p.block.state = due
			p.feed.source.Wake()
		}
	}
	p.mu.Unlock()
	if dropping {
		p.rewind(nil)
	}
}

// wake sets the alarm to t, if it is not set to something earlier.
func (p *partition) wake(t time.Time) {
	if p.alarm.IsZero() || t.Before(p.alarm) {
		p.alarm = t
	}
}

// launch hands the free lane its next batch; false if there is none.
func (p *partition) launch(l *lane) bool {
	f := l.next
	if f == nil {
		if f = p.cut(l, p.length, false); f == nil {
			return false
		}
	}
	p.depart(l, f)
	return true
}

// depart sends f over the free lane.
func (p *partition) depart(l *lane, f *flight) {
	l.next, l.flight = nil, f
	f.accepted = p.relay.engine.Accepted()
	if f.prepared == nil {
		p.finish(f) // Prepare rejected all of it, and now it is its turn
		p.poke()    // where that blocks, there is an alarm to set
		return
	}
	p.mu.Lock()
	if p.halted && !p.revocation.on() {
		p.halt, p.halted = make(chan struct{}), false
	}
	f.stop, p.given = p.halt, 0
	p.mu.Unlock()
	l.send <- f
}

// cut takes the next batch, of at most length messages, from the lane's queue and prepares it; nil if there is none, or
// none yet.
func (p *partition) cut(l *lane, length int, ahead bool) *flight {
	p.mu.Lock()
	n, full := l.queue.cut(length, p.size)
	if p.below > 0 {
		n, full = l.queue.before(n, p.below), true
	}
	if n == 0 || ahead && !full || !full && p.waits(l.queue) {
		p.mu.Unlock()
		return nil
	}
	f := l.take()
	f.entries = l.queue.pop(f.entries, n)
	p.mu.Unlock()
	p.prepare(f)
	return f
}

// waits reports whether a batch that is not full waits for more, and sets the alarm for its end. It does not where
// nothing more can come.
func (p *partition) waits(q *queue) bool {
	if p.wait == 0 || p.block.state != flowing || p.relay.budget.grant(p.used) == 0 {
		return false
	}
	until := q.first().chunk.arrived.Add(p.wait)
	if !time.Now().Before(until) {
		return false
	}
	p.wake(until)
	return true
}

// prepare fixes the bytes of f. With on_rejected = "block" a batch ends before the first message that is rejected
// here, and that message makes a batch of its own, so that none behind it is sent.
func (p *partition) prepare(f *flight) {
	f.prepared, f.local = p.relay.engine.Prepare(p.batch(f.entries))
	if len(f.local) == 0 || p.relay.onRejected != schema.OnRejectedBlock {
		return
	}
	first := f.local[0]
	for _, o := range f.local {
		if o.Index < first.Index {
			first = o
		}
	}
	n := max(first.Index, 1)
	if n < len(f.entries) {
		p.mu.Lock()
		p.discard(f.entries[n:])
		clear(f.entries[n:])
		f.entries = f.entries[:n]
		p.mu.Unlock()
		p.rewind(f)
	}
	if first.Index == 0 {
		f.prepared, f.local = nil, []sinkhttp.Outcome{first}
		return
	}
	f.prepared, f.local = p.relay.engine.Prepare(p.batch(f.entries))
}

// batch returns the messages of entries: in place where they lie side by side, otherwise copied for the time of the
// call.
func (p *partition) batch(entries []entry) sinkhttp.Batch {
	stream := p.feed.stream
	b := sinkhttp.Batch{Partition: p.id, Schema: stream.Schema, Contract: stream.PayloadSchema}
	first, last := entries[0], entries[len(entries)-1]
	b.Suspect = first.message().Offset < p.suspects && p.relay.engine.Accepted() != p.cleared
	if first.chunk == last.chunk && last.index-first.index == len(entries)-1 {
		b.Messages = first.chunk.messages[first.index : last.index+1]
		return b
	}
	clear(p.scratch) // the last batch's payloads must not stay alive
	p.scratch = p.scratch[:0]
	for _, e := range entries {
		p.scratch = append(p.scratch, *e.message())
	}
	b.Messages = p.scratch
	return b
}

// commit asks for the mark to be stored where it has moved. Only the worker does: two goroutines could ask in the
// wrong order, and the stored offset would go back.
func (p *partition) commit() {
	p.mu.Lock()
	settled, due := p.ledger.settled, p.ledger.settled != p.committed && !p.revocation.on() && !p.relay.crash.on()
	p.mu.Unlock()
	if due {
		p.committed = settled
		p.feed.source.Commit(p.id, settled-1)
	}
}
