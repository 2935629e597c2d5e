package iggyserver

import "time"

// segmentSize is the real server's default; a topic may not be limited to less.
const segmentSize = 1 << 30

// maxPartitions is how many partitions one request may create.
const maxPartitions = 1000

const unlimited = ^uint64(0)

// state is everything that a restart keeps: streams, topics, logs, groups, stored offsets. Its owner, Server, guards it
// with one lock; what goes out to a poller is immutable, so the lock is never held while bytes move.
type state struct {
	streams  slab[stream]
	stored   uint64 // bytes of all logs
	limit    uint64
	maxItems int
	again    []polledKey // to be forgotten once more at the next change of metadata
}

// polledKey is the last polled offset of a group in a partition.
type polledKey struct {
	partition *partition
	group     int
}

type stream struct {
	id      int
	name    string
	created uint64
	topics  slab[topic]
}

type topic struct {
	id          int
	name        string
	created     uint64
	partitions  []*partition
	expiry      uint64
	compression uint8
	maxSize     uint64
	replication uint8
	groups      slab[group]
	turn        int // balanced partitioning
}

// hasRoom reports whether n more items may be made.
func (s *state) hasRoom(n int) bool { return s.items()+n <= s.maxItems }

// items counts what clients created, weighed by what it takes: a group has something for each partition. It looks at every
// partition, as finding one by its name does.
func (s *state) items() (n int) {
	for _, str := range s.streams.all() {
		n++
		for _, t := range str.topics.all() {
			n += 1 + t.groups.len() + len(t.partitions)*t.perPartition()
			for _, p := range t.partitions {
				n += len(p.consumers)
			}
		}
	}
	return n
}

// perPartition is how many items a partition of the topic is.
func (t *topic) perPartition() int { return 1 + t.groups.len() }

func micros(t time.Time) uint64 { return uint64(t.UnixMicro()) }

func find[T any](s *slab[T], id ident, name func(*T) string) *T {
	if id.name == "" {
		return s.get(id.number)
	}
	for _, v := range s.all() {
		if name(v) == id.name {
			return v
		}
	}
	return nil
}

func (s *state) stream(id ident) *stream {
	return find(&s.streams, id, func(v *stream) string { return v.name })
}

func (s *stream) topic(id ident) *topic {
	return find(&s.topics, id, func(v *topic) string { return v.name })
}

func (t *topic) group(id ident) *group {
	return find(&t.groups, id, func(v *group) string { return v.name })
}

func (s *state) topic(streamID, topicID ident) (*topic, status) {
	str := s.stream(streamID)
	if str == nil {
		return nil, streamNotFound
	}
	top := str.topic(topicID)
	if top == nil {
		return nil, topicNotFound
	}
	return top, ok
}

func (t *topic) partition(id uint32) *partition {
	if uint64(id) >= uint64(len(t.partitions)) {
		return nil
	}
	return t.partitions[id]
}

func (t *topic) addPartitions(n uint32, now uint64) {
	for range n {
		t.partitions = append(t.partitions, newPartition(now))
	}
}

// changeMetadata comes before every change of streams, topics, groups and members. The real server keeps two copies of
// its metadata and applies each change to the second copy only when the next one arrives, while the polled offsets are
// shared by both: what a leave makes it forget, it forgets again then. So partitions that a member left behind, and that
// another polled since, move to the next joiner unsettled.
func (s *state) changeMetadata() {
	for _, key := range s.again {
		delete(key.partition.polled, key.group)
	}
	s.again = s.again[:0]
}

func (s *state) forgetPolled(p *partition, group int) {
	delete(p.polled, group)
	s.again = append(s.again, polledKey{p, group})
}

func (s *state) join(t *topic, g *group, client uint32, now time.Time) {
	s.changeMetadata()
	g.join(client, now)
	for _, m := range g.members.all() {
		for _, h := range append([]handOver(nil), m.leaving...) {
			if t.partitions[h.partition].settled(g.id) {
				s.changeMetadata()
				g.handOver(m, h.partition)
			}
		}
	}
}

func (s *state) leave(t *topic, g *group, client uint32) bool {
	s.changeMetadata()
	owned, wasMember := g.leave(client)
	for _, partition := range owned {
		s.forgetPolled(t.partitions[partition], g.id)
	}
	return wasMember
}

// disconnect ends every membership of a connection.
func (s *state) disconnect(client uint32) {
	for _, str := range s.streams.all() {
		for _, t := range str.topics.all() {
			for _, g := range t.groups.all() {
				if g.member(client) != nil {
					s.leave(t, g, client)
				}
			}
		}
	}
}

// settle moves a partition on if somebody waits for it and the group stored all that it polled.
func (s *state) settle(t *topic, g *group, m *member, partition int) {
	if m.isLeaving(partition) && t.partitions[partition].settled(g.id) {
		s.changeMetadata()
		g.handOver(m, partition)
	}
}

// expireHandOvers moves what has waited for HandOverTimeout, settled or not.
func (s *state) expireHandOvers(now time.Time) (moved int) {
	for _, str := range s.streams.all() {
		for _, t := range str.topics.all() {
			for _, g := range t.groups.all() {
				for _, m := range g.members.all() {
					for _, h := range append([]handOver(nil), m.leaving...) {
						if now.Sub(h.since) >= HandOverTimeout {
							s.changeMetadata()
							g.handOver(m, h.partition)
							moved++
						}
					}
				}
			}
		}
	}
	return moved
}

// access resolves who polls or stores where. For a group it finds the member of this connection; found is false for a
// partition that the member does not own, which is no error by itself.
type access struct {
	topic     *topic
	group     *group
	member    *member
	partition uint32
	found     bool
}

func (s *state) access(c consumer, t *topic, client uint32, want optional, poll bool) (access, status) {
	to := access{topic: t, partition: want.id, found: true}
	if !c.group {
		if !want.given {
			to.partition = 0
		}
		return to, ok
	}
	if to.group = t.group(c.id); to.group == nil {
		return access{}, groupNotFound
	}
	if to.member = to.group.member(client); to.member == nil {
		return access{}, memberNotFound
	}
	if !want.given {
		partition, found := to.member.next(poll)
		to.partition, to.found = uint32(partition), found
		return to, ok
	}
	to.found = false
	for _, partition := range to.member.partitions {
		if uint32(partition) == want.id {
			to.found = true
		}
	}
	return to, ok
}

func (to access) stored(c consumer, p *partition) (offset uint64, any bool) {
	if c.group {
		offset, any = p.groups[to.group.id]
	} else {
		offset, any = p.consumers[c.key()]
	}
	return offset, any
}

// store stores an offset. Only one that is new to its partition can be refused, for want of room.
func (s *state) store(to access, c consumer, p *partition, offset uint64) status {
	if !c.group {
		if _, there := p.consumers[c.key()]; !there && !s.hasRoom(1) {
			return topicFull
		}
		p.consumers[c.key()] = offset
		return ok
	}
	p.groups[to.group.id] = offset
	s.settle(to.topic, to.group, to.member, int(to.partition))
	return ok
}

// sizes are the sums that get_topic and get_stream show.
func (t *topic) sizes() (size, messages uint64) {
	for _, p := range t.partitions {
		size += p.size
		messages += p.messages
	}
	return size, messages
}

func (s *stream) sizes() (size, messages uint64) {
	for _, t := range s.topics.all() {
		a, b := t.sizes()
		size, messages = size+a, messages+b
	}
	return size, messages
}

func putStream(b []byte, s *stream) []byte {
	size, messages := s.sizes()
	b = put32(put64(put32(b, uint32(s.id)), s.created), uint32(s.topics.len()))
	return putName(put64(put64(b, size), messages), s.name)
}

func putTopic(b []byte, t *topic) []byte {
	size, messages := t.sizes()
	b = put32(put64(put32(b, uint32(t.id)), t.created), uint32(len(t.partitions)))
	b = append(put64(b, t.expiry), t.compression)
	b = append(put64(b, t.maxSize), t.replication)
	return putName(put64(put64(b, size), messages), t.name)
}

func putPartitions(b []byte, t *topic, segments uint32) []byte {
	for id, p := range t.partitions {
		b = put32(put64(put32(b, uint32(id)), p.created), segments)
		b = put64(put64(put64(b, p.current), p.size), p.messages)
	}
	return b
}

func putGroup(b []byte, g *group) []byte {
	b = put32(put32(put32(b, uint32(g.id)), uint32(len(g.partitions))), uint32(g.members.len()))
	return putName(b, g.name)
}

// restart forgets what the real server keeps in memory only: members, polled offsets, turns; and the tail of each log.
func (s *state) restart(loseTail uint64) {
	s.again = nil
	for _, str := range s.streams.all() {
		for _, t := range str.topics.all() {
			t.turn = 0
			for _, g := range t.groups.all() {
				g.members = slab[member]{}
			}
			for _, p := range t.partitions {
				clear(p.polled)
				if loseTail > 0 {
					s.stored -= p.loseTail(loseTail)
				}
			}
		}
	}
}
