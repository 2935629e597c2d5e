package relay

import (
	"slices"
	"time"

	"iggysink/sinkhttp"
)

// class is a kind of probe.
type class uint8

const (
	fresh   class = iota // the next message of a partition that is not blocked
	suspect              // the message that a partition is blocked at
	classes
)

// How many probes may go out, five together, whatever the number of partitions. A partition is blocked once its fresh probe has failed, so
// that there is one of each in a pause at most: their cool-down need not grow, and what is well waits for the first one and
// no longer, however many others are ill and for however long.
const (
	freshProbes   = 4 // in circuit_breaker.cooldown
	suspectProbes = 1 // in the current cool-down, which grows
)

// maxPatience is how long other fresh probes wait for one that is not answered, and other topics have to come with a message of
// theirs.
const maxPatience = 250 * time.Millisecond

// probes is who may send the one message that tests a paused endpoint.
type probes struct {
	waiting map[*partition]claim
	running map[*partition]claim
	sent    [classes][]time.Time // when the last ones went out
	last    *partition           // whose fresh probe is waited for, until patience is over
	tried   map[topicKey]int     // fresh probes in this pause, by topic
	// Until then: the others wait for last, and a topic of which one was tried leaves the turn to others.
	patience time.Time
	several  bool // there are other topics
	claims   uint64
}

// claim is a partition that has a probe to send.
type claim struct {
	class     class
	convicted bool      // the message is at fault, and not the endpoint
	number    uint64    // in the order in which they came
	sent      time.Time // when it went out
}

type topicKey struct{ stream, topic string }

func newProbes() probes {
	return probes{
		waiting: make(map[*partition]claim), running: make(map[*partition]claim), tried: make(map[topicKey]int),
	}
}

// end forgets all claims: the sink goes on. Probes that are under way end by themselves.
func (q *probes) end() {
	for p := range q.waiting {
		p.poke()
	}
	clear(q.waiting)
	clear(q.tried)
	q.last, q.patience = nil, time.Time{}
}

// probing reports whether a paused sink may send probes, and poll for them.
func (j *judge) probing() bool {
	if !j.paused.Load() {
		return false
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lets(fresh, time.Now())
}

// lets reports whether the sink is paused and may send probes of this kind. Where the endpoint said that it is gone for good it
// is not asked again, but partitions that have not heard that are: with the topic in the url it is one topic that is gone.
// The caller holds mu.
func (j *judge) lets(c class, now time.Time) bool {
	return j.state.Paused && !now.Before(j.state.Until) && (!j.state.Manual || j.gone && c == fresh)
}

// ask reports whether p may send its probe now. Who may not is woken when that changes.
func (j *judge) ask(p *partition, c class, convicted bool) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.state.Paused {
		p.poke() // it has just opened
		return false
	}
	q, now := &j.probes, time.Now()
	mine, waits := q.waiting[p]
	if !waits || mine.class != c || mine.convicted != convicted {
		q.claims++
		mine = claim{class: c, convicted: convicted, number: q.claims}
		q.waiting[p] = mine
	}
	if j.next(c, now) != p {
		return false
	}
	mine.sent = now
	delete(q.waiting, p)
	q.running[p] = mine
	q.sent[c] = append(q.sent[c], now)
	if extra := len(q.sent[c]) - freshProbes; extra > 0 {
		q.sent[c] = slices.Delete(q.sent[c], 0, extra)
	}
	if c == fresh {
		q.tried[p.topic()]++
		q.last, q.patience = p, now.Add(j.patience())
	}
	j.notify()
	return true
}

func (j *judge) patience() time.Duration { return min(j.cooldown/20, maxPatience) }

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

// next returns who may send a probe of this kind; nil: nobody. Fresh ones go one after the other, first those of topics of
// which fewer were tried: where one topic's path is wrong another's shows that the endpoint works. Of the blocked ones
// those come first whose messages are not at fault. The caller holds mu.
func (j *judge) next(c class, now time.Time) (best *partition) {
	q := &j.probes
	if !j.lets(c, now) || now.Before(j.room(c)) || c == fresh && q.last != nil && now.Before(q.patience) {
		return nil
	}
	var first claim
	for p, mine := range q.waiting {
		if mine.class != c || c == fresh && q.several && q.tried[p.topic()] > 0 && now.Before(q.patience) {
			continue
		}
		if best == nil || q.before(p, mine, best, first) {
			best, first = p, mine
		}
	}
	return best
}

// before reports whether the claim of p comes before that of o, which is of the same class.
func (q *probes) before(p *partition, mine claim, o *partition, other claim) bool {
	if mine.class == fresh {
		if own, others := q.tried[p.topic()], q.tried[o.topic()]; own != others {
			return own < others
		}
	}
	if mine.convicted != other.convicted {
		return other.convicted
	}
	return mine.number < other.number
}

// room returns from when on one more probe of this kind is not too many. The caller holds mu.
func (j *judge) room(c class) time.Time {
	most, span := freshProbes, j.cooldown
	if c == suspect {
		most, span = suspectProbes, j.cool
	}
	if sent := j.probes.sent[c]; len(sent) >= most {
		return sent[len(sent)-most].Add(span)
	}
	return time.Time{}
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

// opens says why a sink goes on.
func (f finding) opens() string {
	if f == answered {
		return "a probe was rejected, for a reason of its own"
	}
	return "a probe was accepted"
}

// conclude ends the probe of p and acts on its finding. It returns when the next probe of that partition may go out at the
// earliest, if it failed.
func (j *judge) conclude(p *partition, found finding, o *sinkhttp.Outcome) (until time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	q := &j.probes
	mine := q.running[p]
	delete(q.running, p)
	if q.last == p {
		q.last, q.patience = nil, time.Time{}
	}
	if found == answered && j.tripped {
		found = failed
	}
	switch {
	case !j.state.Paused:
		if found == accepted {
			j.forget()
		}
		return time.Time{}
	case found == accepted || found == answered:
		if !j.state.Manual || j.gone {
			j.open(found.opens())
			return time.Time{}
		}
	case found == failed:
		j.spend(p, mine, o)
		j.notify()
		until = j.grown.Add(j.cool)
	case found == nothing:
		if mine.class == fresh {
			q.tried[p.topic()]--
		}
		q.sent[mine.class] = slices.DeleteFunc(q.sent[mine.class], func(t time.Time) bool { return t.Equal(mine.sent) })
	}
	j.call()
	return until
}

// spend notes a probe that failed. Each cool-down in which some do is longer than the last: unless all of them came from one
// partition, for then its message may well be at fault. The caller holds mu.
func (j *judge) spend(p *partition, mine claim, o *sinkhttp.Outcome) {
	q, now := &j.probes, time.Now()
	if mine.class == fresh {
		q.patience = now.Add(j.patience())
	}
	if !mine.convicted { // otherwise it says nothing about the endpoint
		j.accused[p.id] = struct{}{}
		j.grave = j.grave || o.Scope != sinkhttp.ScopeUnknown
		if !j.tripped {
			j.state.Reason = o.Reason
		}
	}
	if (j.grave || len(j.accused) > 1) && !now.Before(j.grown.Add(j.cool)) {
		j.cool, j.grown = j.longer(), now
	}
	if quiet := now.Add(o.RetryAfter); o.RetryAfter > 0 && quiet.After(j.state.Until) {
		j.state.Until = quiet
	}
	if o.Manual && !mine.convicted && !j.state.Manual {
		j.state.Manual, j.gone = true, true
		j.log.Error("the sink is now paused until it is resumed by hand or restarted: nothing is lost",
			"endpoint", j.endpoint, "reason", o.Reason)
	} else if j.tally.tell() {
		j.log.Warn("the sink stays paused: nothing is lost", "endpoint", j.endpoint, "reason", j.state.Reason,
			"failed_probes", j.tally.failed, "tried_again", later(j.room(suspect), j.state.Until))
	}
}

// due returns when time alone lets a probe out: zero if it does not.
func (j *judge) due() (next time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now()
	if !j.state.Paused || j.state.Manual && !j.gone {
		return time.Time{}
	}
	if now.Before(j.state.Until) {
		return j.state.Until
	}
	for _, t := range []time.Time{j.probes.patience, j.room(fresh), j.room(suspect)} {
		if now.Before(t) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	return next
}

// wake lets out whom time has let.
func (j *judge) wake() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.call()
}
