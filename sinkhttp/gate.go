package sinkhttp

import (
	"context"
	"slices"
	"sync"
	"time"
)

// gate is what every attempt of a sink passes, whatever its partition. It keeps what the endpoint itself asks for and
// what bounds a sink, and lets through, in the order in which they came:
//
//   - none before the end of a Retry-After, and none after drain;
//   - after it one alone, and first who was sent away the least, until an answer asks for no other: all that have waited
//     would come at once otherwise, again and again;
//   - at most limit at a time.
//
// It judges nothing: whether a sink pauses is the caller's to decide.
type gate struct {
	limit   int           // attempts at a time
	drained chan struct{} // closed by drain

	mu       sync.Mutex
	draining bool
	inFlight int
	waiting  []*pass       // oldest first
	hold     time.Time     // end of the Retry-After window
	careful  bool          // nothing was answered since
	changed  chan struct{} // closed at the next change of hold
	timer    *time.Timer   // runs dispatch when hold is over
}

// newGate returns an open gate for so many attempts at a time.
func newGate(limit int) *gate {
	return &gate{limit: limit, drained: make(chan struct{}), changed: make(chan struct{})}
}

// pass is one request's way through the gate, again and again.
type pass struct {
	ready chan struct{} // has room for the one grant
	away  int           // attempts that were answered with a Retry-After
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
		g.leave(p, 0, false) // both were ready: the end of a partition comes first
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
	g.leave(p, 0, false)
}

// leave ends an attempt of p. quiet is how long the endpoint asked to be left alone; it holds before anybody else is let
// through. answered says that the attempt was made and came to an end.
func (g *gate) leave(p *pass, quiet time.Duration, answered bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case quiet > 0:
		g.holdFor(quiet)
		g.careful = true
		p.away++
	case answered && g.hold.IsZero():
		g.careful = false
	}
	g.inFlight--
	g.dispatch()
}

// dispatch lets through who may, and arranges to be called again when the hold is over. The caller holds mu.
func (g *gate) dispatch() {
	var now time.Time
	if !g.hold.IsZero() {
		now = time.Now()
		if !now.Before(g.hold) {
			g.hold = time.Time{}
		}
	}
	limit := g.limit
	if g.careful {
		limit = 1
	}
	for len(g.waiting) > 0 && !g.draining && g.inFlight < limit && g.hold.IsZero() {
		g.inFlight++
		g.take().ready <- struct{}{}
	}
	if len(g.waiting) > 0 && !g.draining && !g.hold.IsZero() {
		g.wake(g.hold.Sub(now))
	}
}

// take removes who is next from the queue. The caller holds mu.
func (g *gate) take() *pass {
	next := 0
	if g.careful {
		for i, p := range g.waiting {
			if p.away < g.waiting[next].away {
				next = i
			}
		}
	}
	p := g.waiting[next]
	if next == 0 {
		g.waiting[0] = nil
		g.waiting = g.waiting[1:]
	} else {
		g.waiting = slices.Delete(g.waiting, next, next+1)
	}
	return p
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

// holdFor keeps every attempt back. A window never becomes shorter. The caller holds mu.
func (g *gate) holdFor(d time.Duration) {
	if end := time.Now().Add(d); end.After(g.hold) {
		g.hold = end
		close(g.changed)
		g.changed = make(chan struct{})
	}
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

// held returns the end of the Retry-After window, zero if there is none, and a channel that is closed when it moves.
func (g *gate) held() (until time.Time, changed <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.hold.After(time.Now()) {
		until = g.hold
	}
	return until, g.changed
}
