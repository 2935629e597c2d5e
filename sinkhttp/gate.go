package sinkhttp

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"iggysink/schema"
)

// tooManyRejects is the reason of a pause that max_consecutive_rejects has caused.
const tooManyRejects = "too many rejected messages in a row: the fault is not theirs"

// gate is what every attempt of a sink passes, whatever its partition. It lets through, in the order in which they
// came:
//
//   - none before the end of a Retry-After, and none after drain;
//   - at most limit at a time;
//   - none while it is paused, except that one probe at a time goes out once the cool-down is over. A probe that is
//     accepted opens the gate; a failed one doubles the cool-down and goes back to the end of the queue, so that the
//     waiting partitions probe in turn.
//
// A probe that is rejected opens it too: an endpoint that judges messages is up. The exception is a pause that rejects
// have caused (trip): there only an acceptance counts. A manual pause ends with resume only.
type gate struct {
	limit       int // attempts at a time
	cooldown    time.Duration
	maxCooldown time.Duration
	maxRejects  int // rejected messages in a row that trip it; 0: any number
	log         *slog.Logger
	drained     chan struct{} // closed by drain

	mu       sync.Mutex
	draining bool
	inFlight int
	waiting  []*pass // oldest first
	state    State
	changed  chan struct{} // closed at the next change of state
	cool     time.Duration // the current cool-down
	hold     time.Time     // end of the Retry-After window
	probing  bool          // a probe is under way
	tripped  bool          // paused because of rejects
	accepted uint64        // attempts that were accepted
	rejects  int           // rejected messages since the last acceptance
	hands    map[*hand]struct{}
	pauses   uint64
	timer    *time.Timer // runs dispatch when something that is waited for by time is over
}

// newGate returns an open gate.
func newGate(cfg *schema.Sink, log *slog.Logger) *gate {
	breaker := schema.DefaultCircuitBreaker()
	if cfg.CircuitBreaker != nil {
		breaker = *cfg.CircuitBreaker
	}
	return &gate{
		limit: cfg.MaxConnections, maxRejects: cfg.MaxConsecutiveRejects, log: log,
		cooldown: breaker.Cooldown.Std(), maxCooldown: max(breaker.MaxCooldown, breaker.Cooldown).Std(),
		drained: make(chan struct{}), changed: make(chan struct{}), hands: make(map[*hand]struct{}),
	}
}

// pass is one request's way through the gate, again and again.
type pass struct {
	ready chan struct{} // has room for the one grant
	probe bool
}

func newPass() *pass { return &pass{ready: make(chan struct{}, 1)} }

// enter waits until the attempt of p may go out. False if ctx ended, stop is closed or the gate is drained.
func (g *gate) enter(ctx context.Context, stop <-chan struct{}, p *pass) bool {
	g.mu.Lock()
	if ended(ctx, stop) || g.draining {
		g.mu.Unlock()
		return false
	}
	g.waiting = append(g.waiting, p)
	g.dispatch()
	g.mu.Unlock()
	select {
	case <-p.ready:
		return true
	default:
	}
	select {
	case <-p.ready:
		if !ended(ctx, stop) {
			return true
		}
		g.leave(p, func() {}) // both were ready: the end of a partition comes first
		return false
	case <-ctx.Done():
	case <-stop:
	case <-g.drained:
	}
	g.abandon(p)
	return false
}

// ended reports whether no further attempt may be made.
func ended(ctx context.Context, stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return ctx.Err() != nil
	}
}

// abandon takes p out of the queue, or gives back what it was just granted.
func (g *gate) abandon(p *pass) {
	g.mu.Lock()
	for i, other := range g.waiting {
		if other == p {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			g.mu.Unlock()
			return
		}
	}
	g.mu.Unlock()
	<-p.ready
	g.leave(p, func() {})
}

// leave ends an attempt. event is what it has taught us; it runs with mu held and before anybody else is let through.
func (g *gate) leave(p *pass, event func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	event()
	g.inFlight--
	if p.probe {
		p.probe, g.probing = false, false
	}
	g.dispatch()
}

// dispatch lets through who may, and arranges to be called again when time alone lets the next one through. The caller
// holds mu.
func (g *gate) dispatch() {
	now := time.Now()
	for len(g.waiting) > 0 && !g.draining && g.inFlight < g.limit && !now.Before(g.hold) {
		if g.state.Paused && (g.state.Manual || g.probing || now.Before(g.state.Until)) {
			break
		}
		p := g.waiting[0]
		g.waiting[0] = nil
		g.waiting = g.waiting[1:]
		p.probe, g.probing = g.state.Paused, g.state.Paused
		g.inFlight++
		p.ready <- struct{}{}
	}
	if len(g.waiting) == 0 || g.draining || g.state.Manual {
		return
	}
	due := g.hold
	if g.state.Paused && g.state.Until.After(due) {
		due = g.state.Until
	}
	if wait := due.Sub(now); wait > 0 {
		g.wake(wait)
	}
}

// wake runs dispatch after wait. The caller holds mu.
func (g *gate) wake(wait time.Duration) {
	if g.timer == nil {
		g.timer = time.AfterFunc(wait, func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.dispatch()
		})
		return
	}
	g.timer.Reset(wait)
}

// accept notes that an attempt of p was accepted. Like the other events it is for leave: the caller holds mu.
func (g *gate) accept(p *pass) {
	g.accepted++
	g.rejects = 0
	if p.probe && g.state.Paused && !g.state.Manual {
		g.open("a probe was accepted")
	}
}

// answer notes that an attempt of p was answered in a way that is about its messages.
func (g *gate) answer(p *pass) {
	switch {
	case !p.probe || !g.state.Paused || g.state.Manual:
	case g.tripped:
		g.extend(0)
	default:
		g.open("the endpoint answers again")
	}
}

// reject notes that n messages were rejected. While the gate is tripped, and when these trip it, they do not count as
// rejected, nor does what is still in somebody's hand of the same run: reject returns false and the caller has to send
// them again.
func (g *gate) reject(p *pass, n int) bool {
	g.answer(p)
	return !g.tripped && !g.count(n)
}

// count counts n rejected messages and reports whether they trip the gate. The caller holds mu.
func (g *gate) count(n int) bool {
	g.rejects += n
	if g.maxRejects == 0 || g.rejects < g.maxRejects {
		return false
	}
	g.tripped = true
	g.close(tooManyRejects, 0)
	for h := range g.hands {
		h.recall(g.accepted)
	}
	return true
}

// refuse notes that n messages were rejected before anything was sent, while no other message of their batch is left.
// False, as with reject: they do not count as rejected and have to come again. Then nobody may ask for them before the
// cool-down is over: a pause whose cool-down is over becomes longer, because there is no attempt that could do that.
func (g *gate) refuse(n int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.tripped && !g.count(n) {
		return true
	}
	if !g.state.Manual && !time.Now().Before(g.state.Until) {
		g.extend(0)
	}
	return false
}

// refused notes that n messages of a batch were rejected before anything was sent, and that nothing of it was accepted.
func (g *gate) refused(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.tripped {
		g.count(n)
	}
}

// fail notes that an attempt of p failed in a way that is about the endpoint. now says that this alone closes the gate.
func (g *gate) fail(p *pass, j *judgement, now bool) {
	if j.retryAfter > 0 {
		g.holdFor(j.retryAfter)
	}
	switch {
	case g.state.Paused && j.manual && !g.state.Manual:
		g.state.Manual, g.state.Reason, g.state.Until = true, j.reason, time.Time{}
		g.notify()
		g.log.Error("the sink is paused until it is resumed by hand", "reason", j.reason)
	case g.state.Paused && p.probe:
		if !g.tripped {
			g.state.Reason = j.reason
		}
		g.extend(j.retryAfter)
	case !g.state.Paused && now:
		g.state.Manual = j.manual
		g.close(j.reason, j.retryAfter)
	}
}

// holdFor keeps every attempt back. A window never becomes shorter.
func (g *gate) holdFor(d time.Duration) {
	if end := time.Now().Add(d); end.After(g.hold) {
		g.hold = end
		g.notify()
	}
}

// close pauses the sink, or does nothing but change the reason where it is paused.
func (g *gate) close(reason string, atLeast time.Duration) {
	g.state.Reason = reason
	if g.state.Paused {
		g.notify()
		return
	}
	now := time.Now()
	g.pauses++
	g.cool = g.cooldown
	g.state.Paused, g.state.Since, g.state.Until = true, now, now.Add(max(g.cool, atLeast))
	if g.state.Manual {
		g.state.Until = time.Time{}
	}
	g.notify()
	g.log.Warn("the sink is paused", "reason", reason, "manual", g.state.Manual, "cooldown", g.cool)
}

// extend begins the next, doubled cool-down.
func (g *gate) extend(atLeast time.Duration) {
	if g.cool > g.maxCooldown/2 {
		g.cool = g.maxCooldown
	} else {
		g.cool *= 2
	}
	if !g.state.Manual {
		g.state.Until = time.Now().Add(max(g.cool, atLeast))
	}
	g.notify()
	g.log.Info("the sink stays paused", "reason", g.state.Reason, "cooldown", g.cool)
}

// open ends a pause.
func (g *gate) open(why string) {
	g.log.Info("the sink goes on", "because", why, "paused_for", time.Since(g.state.Since))
	g.state, g.tripped = State{}, false
	g.notify()
}

func (g *gate) notify() {
	close(g.changed)
	g.changed = make(chan struct{})
}

// pause closes the gate from outside; a pause that there is lasts a cool-down longer.
func (g *gate) pause(reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.close(reason, 0)
	if end := time.Now().Add(g.cool); !g.state.Manual && end.After(g.state.Until) {
		g.state.Until = end
		g.notify()
	}
}

// resume opens the gate by hand. A Retry-After still holds.
func (g *gate) resume() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rejects = 0
	if g.state.Paused {
		g.open("it was resumed by hand")
	}
	g.dispatch()
}

// drain lets nobody through any more.
func (g *gate) drain() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining {
		return
	}
	g.draining = true
	close(g.drained)
	if g.timer != nil {
		g.timer.Stop()
	}
}

// now returns the state, with the end of whatever keeps the next attempt back.
func (g *gate) now() (State, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	state := g.state
	if g.hold.After(state.Until) && g.hold.After(time.Now()) && !state.Manual {
		state.Until = g.hold
	}
	return state, g.changed
}

// acceptances is how many attempts of the sink were accepted so far.
func (g *gate) acceptances() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.accepted
}

func (g *gate) pauseCount() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pauses
}
