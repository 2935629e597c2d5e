package iggy

import (
	"time"

	"iggysink/internal/relay"
	"iggysink/schema"
)

// A log can be replaced under a member that reads it: a purge, a topic or a partition that is created again. If new
// messages fill it up before the member looks, the offsets show nothing: the first new messages would never be read. So a
// part knows a message of its log, and finds out whether that is still there.

// largeAnchor is the size in bytes from which on a message is not read again with every poll.
const largeAnchor = 16 << 10

// identity is what tells a part's log from another one with the same offsets.
type identity struct {
	anchor   anchor
	verified time.Time // of the last comparison of a large anchor
	numbers  numbers
}

// anchor is a message of the log: the last one that was read.
type anchor struct {
	known  bool
	offset uint64
	sum    uint64 // Message.Checksum: it covers the server's time and the message's id
	size   int
}

// numbers are those of a log that only shrink when messages are deleted.
type numbers struct{ created, messages, bytes uint64 }

func numbersOf(state partitionState) numbers {
	return numbers{created: state.created, messages: state.messages, bytes: state.bytes}
}

// anchorAt remembers m.
func (i *identity) anchorAt(m *schema.Message) {
	i.anchor = anchor{known: true, offset: m.Offset, sum: m.Checksum, size: m.Size()}
	if i.anchor.size >= largeAnchor {
		i.verified = time.Now() // it was just read
	}
}

// overlap returns how many messages before next a poll reads again for the comparison: 1 or 0.
func (i *identity) overlap(next uint64) uint64 {
	if !i.anchor.known || i.anchor.offset+1 != next {
		return 0
	}
	if !i.due() {
		return 0
	}
	return 1
}

// due reports whether the anchor may be read again now, and notes that it is. A small one always may. A large one waits the
// longer the larger it is: a message of 60 MB that is read every second costs more than what is delivered.
func (i *identity) due() bool {
	if i.anchor.size < largeAnchor {
		return true
	}
	if time.Since(i.verified) < lookInterval*time.Duration(1+i.anchor.size/(4*largeAnchor)) {
		return false
	}
	i.verified = time.Now()
	return true
}

// differs reports whether m, read at the anchor's offset or behind it, shows another log. A message behind it says
// nothing: retention has deleted the anchor, and with it all that a new log could have had there.
func (i *identity) differs(m *schema.Message) bool {
	return i.anchor.known && m.Offset == i.anchor.offset && m.Checksum != i.anchor.sum
}

// confirms compares the messages of a poll with the anchor, before they are handed over: with the message before next,
// which it takes out, with one among them, or else, after a rewind, with one read for it. It comes after the poll, so
// that what was polled is from the same log.
func (m *member) confirms(p *part, next uint64, reply *polled) (bool, error) {
	if !p.anchor.known || len(reply.messages) == 0 {
		return true, nil
	}
	for i := range reply.messages {
		if one := &reply.messages[i]; one.Offset >= p.anchor.offset {
			same := !p.differs(one)
			if same && i == 0 && one.Offset < next {
				reply.messages = reply.messages[1:]
			}
			return same, nil
		}
	}
	if p.anchor.size >= largeAnchor {
		return true, nil // the looks compare it
	}
	return m.anchorStands(p)
}

// anchorStands reads the anchor again and compares it.
func (m *member) anchorStands(p *part) (bool, error) {
	reply, err := m.link.peek(m.work, m.source.place, p.id, p.anchor.offset)
	if err != nil || len(reply.messages) == 0 {
		return true, err // an end that is too early is found elsewhere
	}
	return !p.differs(&reply.messages[0]), nil
}

// sameLog compares the numbers of a look with those before. Where they shrank, and for one partition of each look in any
// case, the stored offset and the anchor are read again: a purge deletes the one and replaces the other.
func (m *member) sameLog(p *part, state partitionState) (bool, error) {
	now, before := numbersOf(state), p.numbers
	p.numbers = now
	shrank := now.messages < before.messages || now.bytes < before.bytes
	switch {
	case now.created != before.created:
		return false, nil
	case !shrank && !m.isTurnOf(p):
		return true, nil
	}
	if p.stored.there {
		_, there, err := m.link.stored(m.work, m.source.place, p.id)
		if err != nil || !there {
			return err != nil, err
		}
	}
	if !p.anchor.known || !shrank && !p.due() {
		return true, nil
	}
	return m.anchorStands(p)
}

// isTurnOf reports whether p is the partition that this look verifies, once.
func (m *member) isTurnOf(p *part) bool {
	if m.verifies || m.order[m.verify%len(m.order)] != p {
		return false
	}
	m.verifies = true
	return true
}

// otherLog revokes a part whose log is another one and assigns it anew: from the start, unless the message that was
// settled last is there.
func (m *member) otherLog(p *part) error {
	topic, err := m.link.topicState(m.work, m.source.place)
	if err != nil {
		return err
	}
	m.source.doubt(p.id)
	m.revoke([]*part{p})
	return m.assign([]uint32{p.id}, topic)
}

// identify reads the message before a's start: the first anchor of p.
func (m *member) identify(p *part, a *relay.Assignment) error {
	if a.Start == 0 || a.Start > p.end {
		return nil
	}
	reply, err := m.link.peek(m.work, m.source.place, p.id, a.Start-1)
	if err != nil || len(reply.messages) == 0 || reply.messages[0].Offset != a.Start-1 {
		return err
	}
	p.anchorAt(&reply.messages[0])
	a.Sum = p.anchor.sum
	return nil
}
