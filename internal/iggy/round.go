package iggy

import (
	"context"
	"errors"
	"time"

	"iggysink/internal/relay"
	"iggysink/schema"
)

// The size of a poll.
const (
	mostMessages = 1000     // larger polls are not faster
	firstGuess   = 1024     // bytes of a message as long as none was seen
	replySlack   = 64 << 10 // how much longer than the demand a reply may be before it is skipped
	maxMessage   = 80 << 20 // a message alone is taken; the server's own limit is 64 MB of payload
)

// round polls each partition that the handler has demand for. It reports whether there may be more to read at once.
//
// A partition that was read to its end is not polled again before something is known to be there: with one such
// partition the next poll finds out, with several one request for the topic does. The wait between these requests starts
// at poll_interval and doubles up to max_poll_interval while nothing comes.
func (m *member) round(ctx context.Context) (bool, error) {
	var idle []*part
	busy := false
	for _, p := range m.order {
		if ctx.Err() != nil {
			return false, nil //nolint:nilerr // a stop is no failure of the member
		}
		if m.parts[p.id] != p {
			continue // moved while this round went on
		}
		next, bytes := m.handler.Demand(p.name)
		switch {
		case bytes <= 0 || p.held && next >= p.polledTo:
		case next >= p.end:
			idle = append(idle, p)
		default:
			brought, err := m.poll(p, next, bytes)
			if err != nil {
				return false, err
			}
			busy = busy || brought
		}
	}
	if len(idle) == 0 {
		m.idleAt = time.Time{} // the next one to become idle is asked at once
		return busy, nil
	}
	found, err := m.askIdle(idle)
	return busy || found, err
}

// askIdle looks for messages in partitions that were read to their end, when it is time.
func (m *member) askIdle(idle []*part) (bool, error) {
	now := time.Now()
	if now.Before(m.idleAt) {
		return false, nil
	}
	found := false
	if len(idle) == 1 {
		next, bytes := m.handler.Demand(idle[0].name)
		if bytes > 0 {
			var err error
			if found, err = m.poll(idle[0], next, bytes); err != nil {
				return false, err
			}
		}
	} else {
		before := make([]uint64, len(idle))
		for i, p := range idle {
			before[i] = p.end
		}
		if err := m.observe(); err != nil {
			return false, err
		}
		for i, p := range idle {
			found = found || p.end > before[i]
		}
	}
	stream := m.source.options.Stream
	if found {
		m.idle, m.idleAt = stream.PollInterval.Std(), time.Time{}
		return true, nil
	}
	m.idleAt = now.Add(m.idle)
	m.idle = min(2*m.idle, max(stream.MaxPollInterval.Std(), stream.PollInterval.Std()))
	return false, nil
}

// poll asks for the messages of p from next on and hands them over. It reports whether messages came.
func (m *member) poll(p *part, next uint64, bytes int) (bool, error) {
	count := p.size.count(bytes)
	if p.held {
		count = int(min(uint64(count), p.polledTo-next))
	}
	limit := bytes + replySlack
	if count == 1 {
		limit = maxMessage
	}
	back := p.overlap(next)
	reply, err := m.link.poll(m.work, m.source.place, p.id, next-back, count+int(back), limit+int(back)*p.anchor.size)
	if errors.Is(err, errTooLarge) && count > 1 {
		p.size.tooLarge(count)
		return true, nil // the next round asks for fewer
	}
	if err != nil {
		return false, err
	}
	m.source.count(func(st *relay.SourceStatus) { st.Polls++ })
	if reply.foreign || len(reply.messages) == 0 && reply.current+1 < max(next, p.end) {
		m.suspect(p, next)
		return false, nil
	}
	if same, err := m.confirms(p, next, &reply); err != nil {
		return false, err
	} else if !same {
		return false, m.otherLog(p)
	}
	p.suspect = false
	m.warnHeaders(p, reply.broken)
	if len(reply.messages) == 0 {
		m.emptyReply(p, next, reply.current)
		return false, nil
	}
	p.polledTo = reply.messages[len(reply.messages)-1].Offset + 1
	messages, size := take(reply.messages, next, bytes)
	if len(messages) == 0 {
		return false, nil
	}
	p.anchorAt(&messages[len(messages)-1])
	m.countGap(p, next, messages[0].Offset)
	p.size.seen(len(messages), size)
	p.end = max(reply.current+1, p.polledTo)
	m.handler.Polled(relay.Poll{Partition: p.name, Messages: messages, Asked: next, Bytes: size, Current: reply.current})
	return true, nil
}

// emptyReply notes what a poll without messages says: the end, or that retention deleted all up to it.
func (m *member) emptyReply(p *part, next, current uint64) {
	if current+1 > max(p.end, 1) {
		m.handler.Polled(relay.Poll{Partition: p.name, Current: current})
	}
	p.end = next
}

// suspect notes a reply that says that the member is not the owner any more, or that the log lost its end. The look at
// the group finds out which, at once; until then p counts as read to its end.
func (m *member) suspect(p *part, next uint64) {
	if !p.suspect {
		m.look = time.Time{}
	}
	p.suspect, p.end = true, next
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

// countGap counts and reports messages that are not there any more.
func (m *member) countGap(p *part, next, first uint64) {
	if first <= next {
		return
	}
	m.source.count(func(st *relay.SourceStatus) { st.Skipped += first - next })
	m.source.log.Warn("messages are lost: retention deleted them before they were read; "+
		"a retention that is shorter than an outage loses messages", "partition", p.id, "from", next, "to", first-1, "messages", first-next)
}

// warnHeaders reports messages that are delivered without their headers.
func (m *member) warnHeaders(p *part, broken int) {
	if broken > 0 {
		m.source.log.Warn("messages with unreadable user headers are delivered without them", "partition", p.id,
			"messages", broken)
	}
}

// sizer guesses how many messages fit into a number of bytes. Iggy bounds a poll by messages only.
type sizer struct {
	guess int // bytes of a message; 0: nothing known
	most  int // messages of a poll after a reply that was too large; 0: no bound but mostMessages
}

// expect takes the average of a partition as the first guess.
func (s *sizer) expect(bytes, messages uint64) {
	if messages > 0 {
		s.guess = int(min(bytes/messages+96, maxMessage))
	}
}

// count returns how many messages to ask for.
func (s *sizer) count(bytes int) int {
	guess := s.guess
	if guess == 0 {
		guess = firstGuess
	}
	n := min(max(bytes/guess, 1), mostMessages)
	if s.most > 0 {
		n = min(n, s.most)
	}
	return n
}

// seen learns from a batch: up at once, down slowly. A bound from a reply that was too large is lifted step by step.
func (s *sizer) seen(messages, bytes int) {
	average := bytes/messages + 1
	s.guess = max(average, s.guess-s.guess/8)
	if s.most > 0 {
		if s.most *= 2; s.most >= mostMessages {
			s.most = 0
		}
	}
}

// tooLarge learns from a reply of count messages that was skipped.
func (s *sizer) tooLarge(count int) { s.most = max(count/4, 1) }
