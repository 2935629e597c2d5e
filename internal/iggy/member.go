package iggy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"iggysink/internal/relay"
	"iggysink/schema"
)

// member is one membership: one connection, from its join to its end. One goroutine runs it.
type member struct {
	source  *Source
	handler relay.Handler
	work    context.Context // of the calls; ends a moment after the context of run

	link   *link
	joined bool
	parts  map[uint32]*part
	order  []*part // parts by id: the order of a round
	group  *membership

	looked   bool          // the first look is over
	look     time.Time     // when to look at the group and the topic next
	ping     time.Time     // when to ping next
	verify   int           // number of the look: which partition's log it verifies
	verifies bool          // this look has done so
	idleAt   time.Time     // when to ask an idle topic next
	idle     time.Duration // wait after the next round that brings nothing
}

// part is an owned partition.
type part struct {
	id   uint32
	name schema.Partition
	end  uint64 // one more than the last offset; 0 if nothing was ever in it
	size sizer

	stored   offset    // last one that the server is known to have stored
	storeAt  time.Time // when the next store may go out
	polledTo uint64    // one more than the last offset that a poll returned: what a hand-over waits for
	held     bool      // the server will give it to another member: poll no further than polledTo
	suspect  bool      // the last poll was answered as if the member did not own it
	cutSince time.Time // since when the log ends before what was read
	identity
}

// run joins and serves until ctx ends (nil) or the connection cannot go on (an error). It revokes what it assigned,
// except at the end of ctx.
func (m *member) run(ctx context.Context) error {
	err := m.serve(ctx)
	if m.link != nil {
		if ctx.Err() != nil && err == nil {
			err = m.leave()
		}
		m.link.close()
	}
	if ctx.Err() == nil && len(m.order) > 0 {
		m.source.noteUnstored(m.revoke(m.order))
	} else if ctx.Err() != nil && err != nil {
		m.source.noteUnstored(m.pending())
	}
	return err
}

// pending returns the partitions whose last settled offset is not stored.
func (m *member) pending() []uint32 {
	var waiting []uint32
	for _, p := range m.order {
		if m.source.waitingCommit(p.id) {
			waiting = append(waiting, p.id)
		}
	}
	return waiting
}

// serve is run without the end.
func (m *member) serve(ctx context.Context) error {
	s := m.source
	// Up to the join nothing is at stake: ctx ends it at once.
	var err error
	if m.link, err = connect(ctx, s.options.Server, true); err != nil {
		return err
	}
	if err := m.enter(ctx); err != nil {
		return err
	}
	m.parts = map[uint32]*part{}
	m.idle = s.options.Stream.PollInterval.Std()
	if err := m.lookAround(ctx); err != nil {
		return err
	}
	m.ping = time.Now().Add(pingInterval)
	for ctx.Err() == nil {
		if err := m.duties(ctx); err != nil {
			return err
		}
		busy, err := m.round(ctx)
		if err != nil {
			return err
		}
		if !busy {
			m.wait(ctx)
		}
	}
	return nil
}

// enter waits for the topic, creates the group if it is missing, and joins it.
func (m *member) enter(ctx context.Context) error {
	s := m.source
	topic, err := m.awaitTopic(ctx)
	if err != nil {
		return err
	}
	_, there, err := m.link.groupSize(ctx, s.place)
	if err != nil {
		return err
	}
	created := false
	if !there {
		if !s.entered {
			s.latest = topic // also where the answer is lost: the group may be there then
		}
		if created, err = m.link.createGroup(ctx, s.place); err != nil {
			return err
		}
		if !created {
			s.latest = nil // another process did, and decides
		}
	}
	if err := m.link.join(ctx, s.place); err != nil {
		return err
	}
	m.joined = true
	m.group = newMembership(m.link, s.place, s.options.Server, s.log)
	if s.latest != nil && s.options.Stream.StartFrom == schema.StartFromLatest {
		if err := m.startLatest(s.latest); err != nil {
			return err
		}
	}
	s.latest, s.entered = nil, true
	s.isIn()
	s.log.Info("joined the consumer group", "created", created)
	return nil
}

// awaitTopic waits until the topic is there, over the same connection. In Once mode a missing topic is an error.
func (m *member) awaitTopic(ctx context.Context) (*topicState, error) {
	s := m.source
	for wait := firstBackoff; ; wait = min(2*wait, pingInterval) {
		topic, err := m.link.topicState(ctx, s.place)
		if err == nil || !isNotFound(err) {
			return topic, err
		}
		if err = s.missing(ErrNotFound); s.options.Once {
			return nil, err
		}
		if s.fail(err) {
			s.log.Warn("waiting for a topic", "error", err)
		}
		sleep(ctx, wait)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// startLatest stores the current offset of each partition that had messages when the group was created, unless one is
// stored. It uses the state of the topic from before the creation: a message sent in between is delivered.
//
// The server takes offsets from members only, so the group exists for a moment before they are stored. Another process
// that joins in this moment can get a partition; without a stored offset it reads it from the first message: more than
// was asked for, never less.
func (m *member) startLatest(topic *topicState) error {
	for _, p := range topic.partitions {
		if p.messages == 0 {
			continue
		}
		_, there, err := m.link.stored(m.work, m.source.place, p.id)
		if err == nil && !there {
			if err = m.link.store(m.work, m.source.place, p.id, p.current); err == nil {
				m.source.tookStore(p.id, p.current)
			}
		}
		if isNotTaken(err) {
			m.source.log.Warn("a partition does not start from its latest message: another member took it at once, "+
				"or its log is new", "partition", p.id, "error", err)
			continue
		}
		if err != nil {
			return fmt.Errorf("start from the latest message: %w", err)
		}
	}
	return nil
}

// leave stores what Commit asked for and leaves the group, so that the partitions move at once. Its error is that of a
// store.
func (m *member) leave() error {
	for _, p := range m.order {
		if err := m.storeCommit(p); err != nil {
			return err
		}
		m.source.takeCommit(p.id) // refused: the partition has moved, and is another member's now
	}
	if err := m.link.leave(m.work, m.source.place); err != nil {
		m.source.log.Warn("cannot leave the consumer group", "error", err)
	}
	return nil
}

// duties does what is due beside the polls: stores, the ping, the look at the group.
func (m *member) duties(ctx context.Context) error {
	now := time.Now()
	for _, p := range m.order {
		if now.Before(p.storeAt) && !p.held {
			continue
		}
		p.storeAt = now.Add(storeInterval)
		if err := m.storeCommit(p); err != nil {
			return err
		}
	}
	if !now.Before(m.ping) {
		m.ping = now.Add(pingInterval)
		if err := m.link.ping(m.work); err != nil {
			return err
		}
	}
	if !now.Before(m.look) {
		return m.lookAround(ctx)
	}
	return nil
}

// storeCommit stores the offset that waits for p, if any. An offset at or below the stored one is not sent: it comes
// from a former ownership, and a store may go backwards. What could not be stored waits on.
func (m *member) storeCommit(p *part) error {
	settled, found := m.source.takeCommit(p.id)
	if !found || p.stored.there && settled <= p.stored.value {
		return nil
	}
	err := m.link.store(m.work, m.source.place, p.id, settled)
	if err == nil {
		p.stored = offset{settled, true}
		m.source.tookStore(p.id, settled)
		return nil
	}
	m.source.keepCommit(p.id, settled)
	if isNotTaken(err) {
		// Moved, or truncated: the look finds out, and a revocation drops the offset. A partition that has moved and is
		// back by then keeps it.
		m.look, p.storeAt = time.Time{}, time.Now().Add(lookInterval)
		return nil
	}
	return err
}

// wait sleeps until something is due, or Commit, Wake or ctx want attention.
func (m *member) wait(ctx context.Context) {
	until := m.look
	if m.ping.Before(until) {
		until = m.ping
	}
	if !m.idleAt.IsZero() && m.idleAt.Before(until) {
		until = m.idleAt
	}
	for _, p := range m.order {
		if p.storeAt.Before(until) && m.source.waitingCommit(p.id) {
			until = p.storeAt
		}
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-m.source.wake:
		if m.source.takeWoken() {
			m.idleAt = time.Time{}
		}
	}
}

// revoke takes partitions away from the handler and from the member. It returns those that had an offset to store.
func (m *member) revoke(lost []*part) (unstored []uint32) {
	names := make([]schema.Partition, len(lost))
	for i, p := range lost {
		names[i] = p.name
		delete(m.parts, p.id)
	}
	m.sort()
	m.handler.Revoked(names)
	for _, p := range lost {
		// Not ours any more: a store would be refused, or go backwards.
		if value, found := m.source.takeCommit(p.id); found && (!p.stored.there || value > p.stored.value) {
			unstored = append(unstored, p.id)
		}
	}
	return unstored
}

// sort brings order up to date with parts.
func (m *member) sort() {
	m.order = m.order[:0:0]
	for _, p := range m.parts {
		m.order = append(m.order, p)
	}
	slices.SortFunc(m.order, func(a, b *part) int { return int(a.id) - int(b.id) })
}

// assign takes over the partitions of ids, each from the offset of startOf.
func (m *member) assign(ids []uint32, topic *topicState) error {
	owned := make([]relay.Assignment, 0, len(ids))
	states := topic.byID()
	for _, id := range ids {
		state, found := states[id]
		if !found {
			continue // created a moment ago: the next look has it
		}
		value, there, err := m.link.stored(m.work, m.source.place, id)
		if err != nil {
			return err
		}
		stored := offset{value, there}
		before := m.source.before(id)
		a := startOf(state, stored, before)
		a.Partition = m.source.partition(id)
		p := &part{id: id, name: a.Partition, end: state.end(), stored: stored}
		p.size.expect(state.bytes, state.messages)
		p.numbers = numbersOf(state)
		if before.doubted && !a.Truncated {
			a.Start = 0 // unless the message that was settled last is still there, which the handler compares
		}
		if a.Truncated || before.doubted || before.stored.there && !there {
			p.stored = offset{}
			m.source.forget(id)
			m.source.log.Warn("the server lost the end of a partition or its stored offset, or has another log: "+
				"resuming after the settled messages if they are still there, otherwise going back",
				"partition", id, "stored", value, "end", p.end, "start", a.Start)
		}
		if err := m.identify(p, &a); err != nil {
			return err
		}
		m.source.takeCommit(id) // of a former ownership
		m.parts[id] = p
		owned = append(owned, a)
	}
	m.sort()
	m.idleAt = time.Time{}
	m.handler.Assigned(owned)
	return nil
}

// startOf tells where to read from: behind the stored offset, with exceptions for a server that lost the end of its log
// in a crash. It writes the log behind but offsets at once, and cuts a stored offset that lies beyond the end.
//
// A partition with nothing in it starts at 0 whatever is stored. Where the log ends before what is stored or before what
// this process has settled, or where less is stored than the server once took from this process, reading starts at the
// stored offset itself, or at 0 if that lies beyond the end: what comes from there on may be new. Where the log is long
// enough to hold what was settled, the handler compares the last settled message first, and goes on behind it if that is
// still there: only its offset was lost, as with a group that was deleted.
func startOf(state partitionState, stored offset, before past) relay.Assignment {
	a := relay.Assignment{End: state.end()}
	switch {
	case a.End == 0:
		a.Truncated = stored.there || before.settled.there
	case stored.there && stored.value >= a.End:
		a.Truncated = true
	case before.settled.there && before.settled.value >= a.End:
		a.Start, a.Truncated = stored.value, true // 0 without a stored one
	case before.stored.there && (!stored.there || stored.value < before.stored.value):
		a.Start = stored.value
	case stored.there:
		a.Start = stored.value + 1
	}
	if state.messages == 0 {
		a.End = 0 // retention deleted all: there is nothing to read
	}
	return a
}
