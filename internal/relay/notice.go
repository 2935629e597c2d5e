package relay

import (
	"sync"
	"time"
)

const (
	noticeSpan = time.Minute // after so long what was only counted is told
	noticeMost = 5           // messages of a span, or failed probes of a pause, that have a line of their own
	tallyMost  = time.Hour   // between two lines about a pause that lasts
)

// notice folds lines about single messages where there are many: in each span the first ones are told with their place
// and reason, and the others counted.
type notice struct {
	mu      sync.Mutex
	until   time.Time // end of the span
	told    int
	counted uint64 // not told yet
	line    func(p *partition, offset uint64, status int, reason string)
	rest    func(counted uint64)
}

// tell logs or counts one message of p. The caller may hold the partition's mu.
func (n *notice) tell(p *partition, offset uint64, status int, reason string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now := time.Now(); !now.Before(n.until) {
		n.flush()
		n.until, n.told = now.Add(noticeSpan), 0
	}
	if n.told == noticeMost {
		n.counted++
		return
	}
	n.told++
	n.line(p, offset, status, reason)
}

// flush tells how many messages had no line. The caller holds mu.
func (n *notice) flush() {
	if n.counted > 0 {
		n.rest(n.counted)
		n.counted = 0
	}
}

// tally folds the lines about failed probes of one pause: the first ones have a line each, and of the others only one is told
// after a minute, two minutes, and so on, so that an outage of a night does not fill the log.
type tally struct {
	failed int
	span   time.Duration
	until  time.Time
}

// tell counts a failed probe, and reports whether it has a line.
func (c *tally) tell() bool {
	now := time.Now()
	if c.failed++; c.failed > noticeMost && now.Before(c.until) {
		return false
	}
	if c.failed >= noticeMost {
		c.span = min(max(2*c.span, noticeSpan), tallyMost)
		c.until = now.Add(c.span)
	}
	return true
}

// newNotices makes what tells of messages that are given up.
func (r *Relay) newNotices() {
	r.buried.line = func(p *partition, offset uint64, status int, reason string) {
		r.log.Warn("a message went to the dead letters", p.logAttrs("offset", offset, "status", status, "reason", reason)...)
	}
	r.buried.rest = func(counted uint64) {
		r.log.Warn("more messages went to the dead letters; each line there says why", "sink", r.cfg.Name, "messages", counted)
	}
	r.dropped.line = func(p *partition, offset uint64, status int, reason string) {
		r.log.Warn("a message was dropped, as the configuration says: it is lost",
			p.logAttrs("offset", offset, "status", status, "reason", reason)...)
	}
	r.dropped.rest = func(counted uint64) {
		r.log.Warn("more messages were dropped, as the configuration says: they are lost",
			"sink", r.cfg.Name, "messages", counted)
	}
}

// tellRest tells at the end of Run what was only counted.
func (r *Relay) tellRest() {
	for _, n := range []*notice{&r.buried, &r.dropped} {
		if n.mu.TryLock() { // after a panic it may be held for ever
			n.flush()
			n.mu.Unlock()
		}
	}
}
