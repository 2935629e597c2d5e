package relay

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

// State says whether a sink delivers.
type State struct {
	Paused bool
	Manual bool      // only Resume ends the pause
	Reason string    // for a person; no secret
	Since  time.Time // start of the pause
	Until  time.Time // when the next attempt may go out: end of the cool-down or of a Retry-After
}

// tooManyRejects is the reason of a pause that max_consecutive_rejects has caused.
const tooManyRejects = "too many rejected messages in a row: the fault is not theirs"

// severalPartitions in a row that fail are the endpoint's fault, also where others still have something to send.
const severalPartitions = 3

// judge decides whose fault a failure is. One message tells little: only what becomes of the other partitions' shows
// whether it is the endpoint that is ill. So the judge sees what all partitions come to, pauses the sink, and lets probes
// out (probe.go) until one is accepted.
//
// It calls no method of a partition while it holds mu but poke, and a partition may hold its own mu while it calls.
type judge struct {
	cooldown    time.Duration
	maxCooldown time.Duration
	maxRejects  int // rejected messages in a row that pause the sink; 0: any number
	log         *slog.Logger
	endpoint    string // for a person: scheme and host

	paused atomic.Bool // State.Paused, for those who ask often
	calm   atomic.Bool // an acceptance would change nothing

	mu      sync.Mutex
	state   State
	changed chan struct{} // closed at the next change of what watch acts on
	pauses  uint64
	cool    time.Duration // the current cool-down
	grown   time.Time     // when it became that
	gone    bool          // state.Manual is what the endpoint said (410), and not a person
	tripped bool          // paused because of rejects: only an acceptance opens
	grave   bool          // the failures cannot be one message's: the cool-down grows
	opened  time.Time     // when the last pause ended
	accused map[schema.Partition]struct{}
	probes  probes
	tally   tally // of the probes that failed in this pause

	streak  []schema.Partition // that failed in a row, in this order
	base    uint64             // what the endpoint had accepted at the first of them
	rejects int                // rejected messages since the last acceptance
}

func newJudge(cfg *schema.Sink, breaker schema.CircuitBreaker, log *slog.Logger) *judge {
	j := &judge{
		cooldown: breaker.Cooldown.Std(), maxCooldown: max(breaker.MaxCooldown, breaker.Cooldown).Std(),
		maxRejects: cfg.MaxConsecutiveRejects, log: log.With("sink", cfg.Name), endpoint: cfg.URL.String(), changed: make(chan struct{}),
		probes: newProbes(),
	}
	j.calm.Store(true)
	return j
}

// accept notes that the endpoint has accepted something that is no probe. What was under way as the sink paused shows that
// the endpoint works, too, where the failures alone do not tell whose they are.
func (j *judge) accept() {
	if j.calm.Load() {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.forget()
	if j.state.Paused && !j.grave && (!j.state.Manual || j.gone) {
		j.open("a request that was under way was accepted")
	}
}

// forget begins all counts anew: the endpoint works. The caller holds mu.
func (j *judge) forget() {
	j.rejects, j.streak = 0, nil
	j.calm.Store(true)
}

// reject reports whether one more rejected message may be settled. The one that reaches max_consecutive_rejects pauses
// the sink instead, and none may while that pause lasts: an endpoint that rejects everything must not empty a topic.
func (j *judge) reject() bool {
	if j.maxRejects == 0 {
		return true
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.tripped {
		return false
	}
	j.calm.Store(false)
	if j.rejects++; j.rejects < j.maxRejects {
		return true
	}
	j.tripped, j.grave = true, true
	j.close(tooManyRejects, 0)
	return false
}

// outage pauses the sink for a failure that is the endpoint's by itself.
func (j *judge) outage(p schema.Partition, o *sinkhttp.Outcome) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.grave = true
	if o.Manual && !j.state.Manual {
		j.state.Manual, j.gone = true, true
	}
	j.close(o.Reason, o.RetryAfter)
	j.accused[p] = struct{}{}
}

// failure is what accuse needs to know about one.
type failure struct {
	partition schema.Partition
	outcome   *sinkhttp.Outcome
	first     uint64 // what the endpoint had accepted at the first attempt
	now       uint64 // and what it has accepted by now
	alone     bool   // nobody that has something to send is not blocked
}

// accuse notes a failure that may be the message's or the endpoint's. The sink pauses when nothing was accepted since the
// first of such failures, and either nobody is left that could show that the endpoint works, or several partitions have
// come to the same end.
func (j *judge) accuse(f failure) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.state.Paused {
		j.accused[f.partition] = struct{}{}
		return
	}
	j.calm.Store(false)
	switch {
	case len(j.streak) == 0 || f.now != j.base:
		j.streak, j.base = append(j.streak[:0], f.partition), f.now
		if f.now != f.first {
			return
		}
	case !slices.Contains(j.streak, f.partition):
		j.streak = append(j.streak, f.partition)
	}
	if !f.alone && (len(j.streak) < severalPartitions || j.young()) {
		return
	}
	j.state.Manual, j.gone = f.outcome.Manual, f.outcome.Manual
	j.close(f.outcome.Reason, f.outcome.RetryAfter)
	for _, p := range j.streak {
		j.accused[p] = struct{}{}
	}
}

// young reports whether the sink has only just gone on. What is ill then fails at once, all together, and those for whom an
// accepted probe has opened have waited for a cool-down and are to be heard, too. The caller holds mu.
func (j *judge) young() bool { return time.Since(j.opened) < j.patience() }

// hasJustOpened is young for those who do not hold mu.
func (j *judge) hasJustOpened() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.young()
}

// hold pauses the sink for a fault that is not the endpoint's, as when the dead letters cannot be written. A pause that
// there is lasts a cool-down longer.
func (j *judge) hold(reason string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.grave = true
	j.close(reason, 0)
	if end := time.Now().Add(j.cool); !j.state.Manual && end.After(j.state.Until) {
		j.state.Until = end
		j.notify()
	}
}

// unhealthy pauses the sink until a health check passes; each time it does not the cool-down is longer. It returns when
// the next one is due.
func (j *judge) unhealthy(reason string) time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.state.Paused && !j.state.Manual {
		j.cool = j.longer()
		j.state.Until = time.Now().Add(j.cool)
	}
	j.grave = true
	j.close(reason, 0)
	return time.Now().Add(j.cool)
}

// healthy ends that.
func (j *judge) healthy() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.state.Manual {
		j.open("the health check passes")
	}
}

// stop pauses the sink until resume.
func (j *judge) stop(reason string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.state.Manual, j.gone = true, false
	j.close(reason, 0)
}

// resume ends a pause by hand. A Retry-After still holds.
func (j *judge) resume() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.open("it was resumed by hand")
}

// close pauses the sink, or does nothing but change the reason where it is paused. The caller holds mu.
func (j *judge) close(reason string, atLeast time.Duration) {
	if !j.tripped || reason == tooManyRejects {
		j.state.Reason = reason
	}
	if !j.state.Paused {
		now := time.Now()
		j.pauses++
		j.cool, j.grown = j.cooldown, now
		j.state.Paused, j.state.Since, j.state.Until = true, now, now.Add(max(j.cool, atLeast))
		j.accused = make(map[schema.Partition]struct{})
		j.paused.Store(true)
		if j.state.Manual {
			j.log.Error("the sink is paused until it is resumed by hand or restarted: nothing is lost",
				"endpoint", j.endpoint, "reason", reason)
		} else {
			j.log.Warn("the sink is paused: nothing is lost, and it resumes by itself where it left off",
				"endpoint", j.endpoint, "reason", reason, "tried_again", j.state.Until)
		}
	}
	j.notify()
}

// open ends a pause. The caller holds mu.
func (j *judge) open(because string) {
	j.forget()
	if !j.state.Paused {
		return
	}
	j.log.Info("the sink goes on", "endpoint", j.endpoint, "because", because, "paused_for", time.Since(j.state.Since))
	j.state, j.gone, j.tripped, j.grave, j.accused = State{}, false, false, false, nil
	j.tally, j.opened = tally{}, time.Now()
	j.paused.Store(false)
	j.probes.end()
	j.notify()
}

// longer returns the next cool-down.
func (j *judge) longer() time.Duration {
	if j.cool > j.maxCooldown/2 {
		return j.maxCooldown
	}
	return j.cool * 2
}

func (j *judge) notify() {
	close(j.changed)
	j.changed = make(chan struct{})
}

// now returns the state, how many pauses there were, and a channel that is closed when either changes.
func (j *judge) now() (state State, pauses uint64, changed <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	state = j.state
	if state.Manual {
		state.Until = time.Time{}
	}
	return state, j.pauses, j.changed
}
