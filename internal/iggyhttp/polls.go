package iggyhttp

import (
	"errors"
	"time"

	"iggysink/internal/relay"
	"iggysink/schema"
)

// The size of a poll.
const (
	mostMessages  = 1000     // larger polls are not faster
	firstGuess    = 1024     // bytes of a message as long as none was seen
	answerSlack   = 1 << 20  // how much longer than expected an answer may be before it is refused
	longestAnswer = 96 << 20 // a payload of 64 MB, the server's limit, in base64
	keptBuffer    = 4 << 20  // an answer's memory is used again unless it is larger
	firstDry      = 20 * time.Millisecond
)

// batch is a poll that has ended.
type batch struct {
	polled
	buffer []byte
	other  bool // the log is another one
}

// startPolls polls partitions that the handler has demand for, in turn, several at once.
//
// A partition that was read to its end is not polled again before something is known to be there: an empty answer says
// nothing, and one look at the topic serves all of them.
func (v *visit) startPolls(now time.Time) {
	v.hungry = false
	for i := range v.order {
		p := v.order[(v.turn+i)%len(v.order)]
		if p.polling || now.Before(p.pollAt) {
			continue
		}
		if v.polling == pollsAtOnce {
			v.turn = (v.turn + i) % len(v.order)
			return
		}
		next, bytes := v.handler.Demand(p.name)
		switch {
		case bytes <= 0:
		case next >= p.end:
			v.hungry = true
		default:
			v.startPoll(p, next, bytes)
		}
	}
}

func (v *visit) startPoll(p *part, next uint64, bytes int) {
	count, back := p.size.count(bytes), p.anchor.overlap(next)
	q := query{partition: p.id, offset: next - uint64(back), count: count + back, limit: answerLimit(bytes, count)}
	var buffer []byte
	if n := len(v.buffers); n > 0 {
		buffer, v.buffers = v.buffers[n-1], v.buffers[:n-1]
	}
	p.polling = true
	v.polling++
	anchored := p.anchor
	begin(v, func() (batch, error) {
		return v.pollAnchored(q, anchored, buffer)
	}, func(b batch, err error) error {
		p.polling = false
		v.polling--
		if cap(b.buffer) <= keptBuffer {
			v.buffers = append(v.buffers, b.buffer)
		}
		if v.ending || v.parts[p.id] != p {
			return nil
		}
		q.offset, q.count = next, count
		return v.endPoll(p, q, bytes, b, err)
	})
}

// pollAnchored polls and compares the anchor: with a message that came, or else, after a rewind, with one read for it. That
// comes after the poll, so that what was polled is from the same log.
func (v *visit) pollAnchored(q query, a anchor, buffer []byte) (b batch, err error) {
	b.polled, b.buffer, err = v.link.poll(v.reading, v.place, q, buffer)
	if err != nil || !a.known || len(b.messages) == 0 {
		return b, err
	}
	differs, covered := a.differs(b.messages)
	if b.other = differs; !covered && !a.isLarge() {
		same, err := v.stands(v.reading, q.partition, a)
		b.other = !same
		return b, err
	}
	return b, nil
}

// endPoll hands over what a poll brought.
func (v *visit) endPoll(p *part, q query, bytes int, answer batch, err error) error {
	s := v.source
	switch {
	case errors.Is(err, errTooLarge) && q.count > 1:
		p.size.tooLarge(q.count)
		return nil
	case hasID(err, idInvalidOffset) || errors.Is(err, ErrNotFound) || isPassing(err):
		// A look at the topic decides what is missing. 0.8 refuses offsets of before a purge; 0.9 does not serve a
		// partition that is new.
		v.stayDry(p)
		return nil
	case err != nil:
		return err
	}
	s.book.count(func(st *relay.SourceStatus) { st.Polls++ })
	if answer.other {
		return v.otherLog(p)
	}
	if len(answer.messages) == 0 {
		v.stayDry(p)
		return nil
	}
	if answer.broken > 0 {
		s.log.Warn("messages with unreadable user headers are delivered without them", "partition", p.id,
			"messages", answer.broken)
	}
	p.dry = 0
	messages, size := take(answer.messages, q.offset, bytes)
	if len(messages) == 0 {
		if answer.current+1 <= q.offset { // the end, as it turns out
			p.end = min(p.end, q.offset)
		}
		v.stayDry(p)
		return nil
	}
	p.anchor = anchorAt(&messages[len(messages)-1])
	p.polledTo = messages[len(messages)-1].Offset + 1
	if first := messages[0].Offset; first > q.offset {
		s.book.count(func(st *relay.SourceStatus) { st.Skipped += first - q.offset })
		s.log.Warn("messages are lost: retention deleted them before they were read; "+
			"a retention that is shorter than an outage loses messages",
			"partition", p.id, "from", q.offset, "to", first-1, "messages", first-q.offset)
	}
	p.size.seen(len(messages), size)
	last := answer.messages[len(answer.messages)-1].Offset
	p.end = max(answer.current, last) + 1
	v.idle, v.idleAt = s.options.Stream.PollInterval.Std(), time.Time{}
	v.handler.Polled(relay.Poll{Partition: p.name, Messages: messages, Asked: q.offset, Bytes: size, Current: p.end - 1})
	return nil
}

// stayDry lets a partition rest whose poll brought nothing although something should be there. A look at the topic finds out
// whether it is: an empty answer can also come from a read that failed.
func (v *visit) stayDry(p *part) {
	if p.dry == 0 {
		v.look = time.Time{}
	}
	p.dry = min(max(2*p.dry, firstDry), lookInterval)
	p.pollAt = time.Now().Add(p.dry)
}

// take cuts messages to those from next on that fit into bytes, at least one of them, and adds up their sizes. What is
// cut off is polled again.
func take(messages []schema.Message, next uint64, bytes int) ([]schema.Message, int) {
	for len(messages) > 0 && messages[0].Offset < next {
		messages = messages[1:]
	}
	size := 0
	for i := range messages {
		n := messages[i].Size()
		if i > 0 && size+n > bytes {
			return messages[:i:i], size
		}
		size += n
	}
	return messages, size
}
