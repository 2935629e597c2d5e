package iggyserver

import "encoding/binary"

// Polling strategies.
const (
	byOffset    = 1
	byTimestamp = 2
	byFirst     = 3
	byLast      = 4
	byNext      = 5
)

func (s *Server) send(_ *session, r *reader) reply {
	metadata := reader{rest: r.bytes(int(r.u32()))}
	if r.err != ok {
		return refuse(r.err)
	}
	streamID, topicID := metadata.ident(), metadata.ident()
	kind, value := metadata.u8(), metadata.bytes(int(metadata.u8()))
	count := metadata.u32()
	indexes := uint64(count) * 16
	if metadata.err != ok || indexes > uint64(len(r.rest)) {
		return refuse(max(metadata.err, invalidCommand))
	}
	r.bytes(int(indexes)) // positions of the messages, which the messages themselves tell as well
	b, bad := newBatch(r.rest, count)
	if bad != ok {
		return refuse(bad)
	}
	t, bad := s.state.topic(streamID, topicID)
	if bad != ok {
		return refuse(bad)
	}
	p, bad := t.choose(kind, value)
	if bad != ok {
		return refuse(bad)
	}
	if s.state.stored+uint64(len(b.data)) > s.state.limit {
		s.log.Error("the in-process server is full: it keeps messages in memory and never deletes them",
			"limit_bytes", s.state.limit)
		return refuse(topicFull)
	}
	p.append(b, micros(s.opts.Now()))
	s.state.stored += uint64(len(b.data))
	return reply{}
}

// choose finds the partition of a send: balanced takes turns, a key is hashed, a number is taken as it is.
func (t *topic) choose(kind uint8, value []byte) (*partition, status) {
	n := len(t.partitions)
	switch {
	case kind == 1 && n == 0:
		return nil, topicNotFound
	case kind == 1:
		p := t.partitions[t.turn%n]
		t.turn = (t.turn + 1) % n
		return p, ok
	case kind == 2 && len(value) == 4:
		if p := t.partition(binary.LittleEndian.Uint32(value)); p != nil {
			return p, ok
		}
		return nil, partitionNotFound
	case kind == 3 && len(value) > 0 && n == 0:
		return nil, partitionNotFound
	case kind == 3 && len(value) > 0:
		return t.partitions[xxh32(value)%uint32(n)], ok
	}
	return nil, invalidCommand
}

func (s *Server) poll(c *session, r *reader) reply {
	who, streamID, topicID, want := r.consumer(), r.ident(), r.ident(), r.optional()
	strategy, value, count, commit := r.u8(), r.u64(), r.u32(), r.u8() != 0
	if r.err != ok {
		return refuse(r.err)
	}
	if strategy < byOffset || strategy > byNext {
		return refuse(invalidCommand)
	}
	t, bad := s.state.topic(streamID, topicID)
	if bad != ok {
		return refuse(bad)
	}
	to, bad := s.state.access(who, t, c.id, want, true)
	switch {
	case bad != ok:
		return refuse(bad)
	case !to.found: // not an error: a member that lost the partition is told nothing
		return accept(pollHead(0, 0, 0))
	}
	p := t.partition(to.partition)
	switch {
	case p == nil && count == 0:
		return accept(pollHead(to.partition, 0, 0))
	case p == nil:
		return refuse(partitionNotFound)
	}
	from, beyond := p.start(strategy, value, count, func() (uint64, bool) { return to.stored(who, p) })
	if beyond || count == 0 {
		return accept(pollHead(to.partition, p.current, 0))
	}
	parts, n, last := p.read(from, count)
	if n > 0 && commit {
		if bad := s.state.store(to, who, p, last); bad != ok {
			return refuse(bad)
		}
	}
	if n > 0 && who.group {
		p.polled[to.group.id] = last
	}
	return reply{head: pollHead(to.partition, p.current, n), parts: parts}
}

func pollHead(partition uint32, current uint64, count uint32) []byte {
	return put32(put64(put32(make([]byte, 0, 16), partition), current), count)
}

// start is the offset of the first message of a poll.
func (p *partition) start(
	kind uint8, value uint64, count uint32, stored func() (uint64, bool),
) (from uint64, beyond bool) {
	switch kind {
	case byOffset:
		from = value
	case byTimestamp:
		from = p.since(value)
	case byFirst:
		from = p.head()
	case byLast:
		from = 1 + p.current - min(uint64(count), p.current+1)
	case byNext:
		from = p.head()
		if offset, any := stored(); any {
			from = offset + 1
		}
	}
	return from, from > p.current
}

func (s *Server) getOffset(c *session, r *reader) reply {
	who, streamID, topicID, want := r.consumer(), r.ident(), r.ident(), r.optional()
	if r.err != ok {
		return refuse(r.err)
	}
	t, bad := s.state.topic(streamID, topicID)
	if bad != ok {
		return reply{}
	}
	to := access{topic: t}
	if want.given {
		to.partition = want.id
	}
	if who.group { // anybody may read a group's offsets, member or not
		if to.group = t.group(who.id); to.group == nil {
			return reply{}
		}
	}
	p := t.partition(to.partition)
	if p == nil {
		return reply{}
	}
	offset, any := to.stored(who, p)
	if !any {
		return reply{}
	}
	return accept(put64(put64(put32(nil, to.partition), p.current), offset))
}

func (s *Server) storeOffset(c *session, r *reader) reply {
	who, to, bad := s.offsetTarget(c, r)
	offset := r.u64()
	switch {
	case r.err != ok:
		return refuse(r.err)
	case bad != ok:
		return refuse(bad)
	}
	p := to.topic.partition(to.partition)
	switch {
	case p == nil:
		return refuse(partitionNotFound)
	case p.messages == 0 && p.current == 0, offset > p.current:
		return refuse(invalidOffset)
	}
	return refuse(s.state.store(to, who, p, offset))
}

func (s *Server) deleteOffset(c *session, r *reader) reply {
	who, to, bad := s.offsetTarget(c, r)
	if bad != ok {
		return refuse(bad)
	}
	p := to.topic.partition(to.partition)
	if p == nil {
		return refuse(partitionNotFound)
	}
	if _, any := to.stored(who, p); !any {
		return refuse(offsetNotFound)
	}
	if who.group {
		delete(p.groups, to.group.id)
	} else {
		delete(p.consumers, who.key())
	}
	return reply{}
}

// offsetTarget reads the fields that storing and deleting an offset share, and finds the partition. Without one a group
// member gets the partition that its next poll would read.
func (s *Server) offsetTarget(c *session, r *reader) (consumer, access, status) {
	who, streamID, topicID, want := r.consumer(), r.ident(), r.ident(), r.optional()
	if r.err != ok {
		return who, access{}, r.err
	}
	t, bad := s.state.topic(streamID, topicID)
	if bad != ok {
		return who, access{}, bad
	}
	to, bad := s.state.access(who, t, c.id, want, false)
	if bad == ok && !to.found {
		bad = notResolved
	}
	return who, to, bad
}
