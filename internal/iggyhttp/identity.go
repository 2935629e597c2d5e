package iggyhttp

import (
	"context"
	"sync"
	"time"

	"iggysink/internal/relay"
	"iggysink/schema"
)

// A log can be replaced under a source that reads it: a purge, a topic that is created again, a crash that nobody saw. If new
// messages fill it up before the next look, the offsets show nothing: the first new messages would never be read. So a part
// knows a message of its log, and each poll reads that message again.

// largeAnchor is the size in bytes from which on a message is not read again with every poll.
const largeAnchor = 16 << 10

// anchor is a message of the log: the last one that was read.
type anchor struct {
	known    bool
	offset   uint64
	sum      uint64 // Message.Checksum: it covers the server's time and the message's id
	size     int
	verified time.Time // of the last comparison of a large one
}

func anchorAt(m *schema.Message) anchor {
	return anchor{known: true, offset: m.Offset, sum: m.Checksum, size: m.Size()}
}

// isLarge reports whether reading the message again costs too much for every poll.
func (a *anchor) isLarge() bool { return a.size >= largeAnchor }

// overlap returns how many messages before next a poll reads again for the comparison: 1 or 0.
func (a *anchor) overlap(next uint64) int {
	if !a.known || a.offset+1 != next || a.isLarge() && time.Since(a.verified) < lookInterval*time.Duration(1+a.size/(4*largeAnchor)) {
		return 0
	}
	a.verified = time.Now()
	return 1
}

// differs reports whether messages, in offset order, show another log. covered is whether they reach the anchor's offset: a
// message behind it says that retention has deleted the anchor, and with it all that a new log could have had there.
func (a anchor) differs(messages []schema.Message) (differs, covered bool) {
	for i := range messages {
		if m := &messages[i]; m.Offset >= a.offset {
			return m.Offset == a.offset && m.Checksum != a.sum, true
		}
	}
	return false, false
}

// stands reads the anchor again and compares it. An answer without messages says nothing: an end that is too early is found
// elsewhere.
func (v *visit) stands(ctx context.Context, partition uint32, a anchor) (bool, error) {
	answer, err := v.peek(ctx, partition, a.offset)
	if err != nil {
		return true, err
	}
	differs, _ := a.differs(answer)
	return !differs, nil
}

// peek reads one message.
func (v *visit) peek(ctx context.Context, partition uint32, at uint64) ([]schema.Message, error) {
	answer, _, err := v.link.poll(ctx, v.place, query{partition: partition, offset: at, count: 1, limit: longestAnswer}, nil)
	return answer.messages, err
}

// otherLog assigns a partition anew whose log is another one: from its begin, unless the message that was settled last is
// there, which the handler compares.
func (v *visit) otherLog(p *part) error {
	v.source.log.Warn("a partition has another log than the one that was read", "partition", p.id)
	v.source.book.doubt(p.id)
	return v.assignAgain([]*part{p})
}

// startVerify compares the anchor of one partition, another one each time: a log that was replaced by one of the same length
// gives no poll a reason.
func (v *visit) startVerify(now time.Time) {
	if len(v.order) == 0 || v.verifying || now.Before(v.verifyAt) {
		return
	}
	v.verify, v.verifyAt = v.verify+1, now.Add(lookInterval)
	p := v.order[v.verify%len(v.order)]
	if !p.anchor.known || p.polling {
		return
	}
	v.verifying = true
	anchored := p.anchor
	begin(v, func() (bool, error) {
		return v.stands(v.reading, p.id, anchored)
	}, func(same bool, err error) error {
		v.verifying = false
		switch {
		case v.ending || v.parts[p.id] != p:
		case err != nil:
			v.verifyAt = time.Now().Add(lookInterval) // what is wrong shows where it matters
		case !same && p.anchor == anchored:
			return v.otherLog(p)
		}
		return nil
	})
}

// identify reads the messages before the starts of assignments: the first anchors.
func (v *visit) identify(owned []relay.Assignment) error {
	var mu sync.Mutex
	var failed error
	var readers sync.WaitGroup
	for i := range min(pollsAtOnce, len(owned)) {
		readers.Go(func() {
			for j := i; j < len(owned); j += pollsAtOnce {
				a := &owned[j]
				p := v.parts[a.Partition.ID]
				if a.Start == 0 || a.Start > p.log {
					continue
				}
				messages, err := v.peek(v.reading, p.id, a.Start-1)
				mu.Lock()
				if failed == nil && !hasID(err, idInvalidOffset) {
					failed = err
				}
				over := failed != nil
				mu.Unlock()
				if over {
					return
				}
				if len(messages) > 0 && messages[0].Offset == a.Start-1 {
					p.anchor = anchorAt(&messages[0])
					a.Sum = p.anchor.sum
				}
			}
		})
	}
	readers.Wait()
	return failed
}
