package relay

import (
	"time"

	"iggysink/sinkhttp"
)

// class is a kind of probe. Each kind has one at a time, so that a blocked message to which the endpoint does not answer
// never keeps the others waiting.
type class uint8

const (
	fresh   class = iota // the next message of a partition that is not blocked
	suspect              // the message that a partition is blocked at
	classes
)

// mayFail is how many probes of a kind may fail in one cool-down: five together, however many partitions there are.
func (q *probes) mayFail(c class) int {
	switch {
	case c == fresh && q.several:
		return 2 * topicMayFail
	case c == fresh:
		return 3
	case q.several:
		return 1
	}
	return 2
}

// topicMayFail is how many fresh ones of one topic may fail where there are others: it must not use up what they need.
const topicMayFail = 2

// maxTurn is how long other topics have to come with a message of theirs.
const maxTurn = 250 * time.Millisecond

// probes is who may send the one message that tests a paused endpoint.
type probes struct {
	waiting map[*partition]claim
	running [classes]*partition
	failed  [classes]int     // in this window
	topics  map[topicKey]int // fresh ones, by topic
	window  time.Time        // its end: the next cool-down begins with the next failure
	turn    time.Time        // until then a topic of which one has failed leaves the turn to others
	several bool             // there are other topics
	claims  uint64
}

// claim is a partition that has a probe to send.
type claim struct {
	class  class
	number uint64 // in the order in which they came
}

type topicKey struct{ stream, topic string }

func newProbes() probes {
	return probes{waiting: make(map[*partition]claim), topics: make(map[topicKey]int)}
}

// end forgets all claims: the sink goes on. Probes that are under way end by themselves.
func (q *probes) end() {
	for p := range q.waiting {
		p.poke()
	}
	clear(q.waiting)
	clear(q.topics)
	q.failed, q.window = [classes]int{}, time.Time{}
}

// probing reports whether a paused sink may send probes, and poll for them.
func (j *judge) probing() bool {
	if !j.paused.Load() {
		return false
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.cooled(time.Now())
}

// cooled reports whether the sink is paused and its cool-down over. The caller holds mu.
func (j *judge) cooled(now time.Time) bool {
	return j.state.Paused && !j.state.Manual && !now.Before(j.state.Until)
}

// ask reports whether p may send its probe now. Who may not is woken when that changes.
func (j *judge) ask(p *partition, c class) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.state.Paused {
		p.poke() // it has just opened
		return false
	}
	if known, waits := j.probes.waiting[p]; !waits || known.class != c {
		j.probes.claims++
		j.probes.waiting[p] = claim{class: c, number: j.probes.claims}
	}
	if j.next(c, time.Now()) != p {
		return false
	}
	delete(j.probes.waiting, p)
	j.probes.running[c] = p
	return true
}

// withdraw ends the claim of p.
func (j *judge) withdraw(p *partition) {
	if !j.paused.Load() {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, waits := j.probes.waiting[p]; waits {
		delete(j.probes.waiting, p)
		j.call()
	}
}

// next returns who may send a probe of this kind; nil: nobody. Partitions of a topic of which fewer probes have failed come
// first, and are waited for a moment: where one topic's path is wrong another's shows that the endpoint works. The caller
// holds mu.
func (j *judge) next(c class, now time.Time) (best *partition) {
	q := &j.probes
	if !j.cooled(now) || q.running[c] != nil || q.failed[c] >= q.mayFail(c) && now.Before(q.window) {
		return nil
	}
	var first claim
	for p, mine := range q.waiting {
		if mine.class != c || c == fresh && q.yields(p.topic(), now) {
			continue
		}
		if best != nil {
			other, own := q.topics[best.topic()], q.topics[p.topic()]
			if own > other || own == other && mine.number > first.number {
				continue
			}
		}
		best, first = p, mine
	}
	return best
}

// yields reports whether a topic leaves the turn to others.
func (q *probes) yields(t topicKey, now time.Time) bool {
	n := q.topics[t]
	return q.several && (n > 0 && now.Before(q.turn) || n >= topicMayFail && now.Before(q.window))
}

// call wakes those who may send a probe now. The caller holds mu.
func (j *judge) call() {
	now := time.Now()
	for c := range classes {
		if p := j.next(c, now); p != nil {
			p.poke()
		}
	}
}

// finding is what a probe has come to.
type finding uint8

const (
	nothing  finding = iota // it was not sent, or nobody knows
	accepted                // the endpoint works
	answered                // it judges messages: it works, unless it is paused for that
	failed
)

// conclude ends the probe of p and acts on its finding. It returns when the next probe of that partition may go out at
// the earliest, if it failed.
func (j *judge) conclude(p *partition, found finding, o *sinkhttp.Outcome) (until time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	q, c := &j.probes, fresh
	if q.running[suspect] == p {
		c = suspect
	}
	q.running[c] = nil
	if found == answered && j.tripped {
		found = failed
	}
	switch {
	case !j.state.Paused:
		return time.Time{}
	case found == accepted || found == answered:
		if !j.state.Manual {
			j.open("a probe was accepted")
			return time.Time{}
		}
	case found == failed:
		until = j.spend(p, c, o)
		j.notify()
	}
	j.call()
	return until
}

// spend notes a probe that failed. A window in which probes may fail is one cool-down, and each is longer than the last:
// unless all of them came from one partition, for then its message may well be at fault. The caller holds mu.
func (j *judge) spend(p *partition, c class, o *sinkhttp.Outcome) time.Time {
	q, now := &j.probes, time.Now()
	j.accused[p.id] = struct{}{}
	j.grave = j.grave || o.Scope != sinkhttp.ScopeUnknown
	if !now.Before(q.window) {
		if j.grave || len(j.accused) > 1 {
			j.cool = j.longer()
		}
		q.window, q.failed = now.Add(j.cool), [classes]int{}
		clear(q.topics)
	}
	q.turn = now.Add(min(j.cooldown/20, maxTurn))
	q.failed[c]++
	if c == fresh {
		q.topics[p.topic()]++
	}
	if !j.tripped {
		j.state.Reason = o.Reason
	}
	if quiet := now.Add(o.RetryAfter); o.RetryAfter > 0 && quiet.After(j.state.Until) {
		j.state.Until = quiet
	}
	if o.Manual {
		j.state.Manual, j.state.Until = true, time.Time{}
		j.log.Error("the sink is now paused until it is resumed by hand or restarted: nothing is lost",
			"endpoint", j.endpoint, "reason", o.Reason)
	} else if j.tally.tell() {
		j.log.Warn("the sink stays paused: nothing is lost", "endpoint", j.endpoint, "reason", j.state.Reason,
			"failed_probes", j.tally.failed, "tried_again", later(q.window, j.state.Until))
	}
	return q.window
}

// due returns when time alone lets a probe out: zero if it does not.
func (j *judge) due() time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.state.Paused || j.state.Manual {
		return time.Time{}
	}
	now := time.Now()
	if now.Before(j.state.Until) {
		return j.state.Until
	}
	q := &j.probes
	if q.several && now.Before(q.turn) {
		return q.turn
	}
	if now.Before(q.window) {
		return q.window
	}
	return time.Time{}
}

// wake lets out whom time has let.
func (j *judge) wake() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.call()
}
