package sinkhttp

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"iggysink/schema"
)

// limit is rate_limit: how many requests and messages a sink may send. Attempts take their turn in the order in which they
// ask, each knows at once when it may go, and no span of per ever sees more than the limit.
//
// A token bucket alone would let twice as much through: a full bucket at once, and what flows in while that is sent. So
// the bucket spreads what comes behind a burst, and a window bounds the sum.
type limit struct {
	mu       sync.Mutex
	bucket   *rate.Limiter // of requests; nil: none
	requests *window       // nil: any number
	messages *window
	last     time.Time // when the last one that asked may go
}

func newLimit(b *schema.RateLimit) *limit {
	l := &limit{}
	per := b.Per.Std()
	if b.Requests != nil {
		burst := *b.Requests
		if b.Burst != nil {
			burst = min(burst, *b.Burst)
		}
		l.requests = &window{limit: *b.Requests, per: per}
		l.bucket = rate.NewLimiter(rate.Limit(float64(*b.Requests)/per.Seconds()), burst)
	}
	if b.Messages != nil {
		l.messages = &window{limit: *b.Messages, per: per}
	}
	return l
}

// reserve takes the next turn, for a request of n messages, and returns when it comes.
func (l *limit) reserve(now time.Time, n int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := now
	if at.Before(l.last) {
		at = l.last // whoever asked before goes before
	}
	if l.bucket != nil {
		if wait := l.bucket.ReserveN(at, 1).DelayFrom(at); wait > 0 {
			at = at.Add(wait)
		}
	}
	for _, w := range []*window{l.requests, l.messages} {
		if w != nil {
			at = w.earliest(at, map[bool]int{true: 1, false: n}[w == l.requests])
		}
	}
	if l.requests != nil {
		l.requests.add(at, 1)
	}
	if l.messages != nil {
		l.messages.add(at, n)
	}
	l.last = at
	return at
}

// admitted waits for what an attempt needs: the gate, and behind it a turn of the rate limit. False if Send has to end.
//
// The turn comes last, because it is of the moment: those who wait at the gate, for the end of a Retry-After say, would have
// turns by then that are long over, and would all go out at once. Whoever waits for a turn takes the place of an attempt in
// the gate; that costs nothing, because the others would wait for turns behind it. A turn that is not used is lost: it is
// rare, and giving it back would move those behind it.
func (w *sending) admitted(n int) bool {
	s := w.sink
	for s.gate.enter(w.ctx, w.stop, w.pass) {
		if s.limit == nil {
			return true
		}
		now := time.Now()
		at := s.limit.reserve(now, n)
		if !at.After(now) {
			return true
		}
		goesOn := w.sleep(at.Sub(now))
		if until, _ := s.gate.held(); goesOn && until.IsZero() {
			return true
		}
		s.gate.leave(w.pass, 0, false) // the endpoint has asked to be left alone meanwhile, or Send has to end
		if !goesOn {
			return false
		}
	}
	return false
}

// limited is for a request of n messages outside of the loop of Send: the health check, and what is repeated with another
// credential.
func (s *Sink) limited(ctx context.Context, n int) bool {
	if s.limit == nil {
		return true
	}
	wait := time.Until(s.limit.reserve(time.Now(), n))
	if wait <= 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-s.gate.drained:
	}
	return false
}

// window counts what happened within the last per.
type window struct {
	limit  int
	per    time.Duration
	events []event // oldest first; those from first on count
	first  int
	sum    int
}

type event struct {
	at time.Time
	n  int
}

// maxEvents bounds the memory of a window. Neighbours are counted together beyond it, at the time of the later one.
const maxEvents = 4096

// earliest returns the first time from at on, when n more fit. More than the limit fit into an empty window only.
func (w *window) earliest(at time.Time, n int) time.Time {
	w.forget(at)
	sum := w.sum
	for i := w.first; i < len(w.events) && sum+n > w.limit; i++ {
		if end := w.events[i].at.Add(w.per); end.After(at) {
			at = end
		}
		sum -= w.events[i].n
	}
	return at
}

func (w *window) add(at time.Time, n int) {
	w.forget(at)
	w.sum += n
	if last := len(w.events) - 1; last >= w.first && (w.events[last].at.Equal(at) || len(w.events)-w.first >= maxEvents) {
		w.events[last] = event{at, w.events[last].n + n}
		return
	}
	if w.first > 0 && len(w.events) == cap(w.events) {
		w.events = w.events[:copy(w.events, w.events[w.first:])]
		w.first = 0
	}
	w.events = append(w.events, event{at, n})
}

// forget takes out what is over at a time.
func (w *window) forget(at time.Time) {
	for w.first < len(w.events) && !w.events[w.first].at.Add(w.per).After(at) {
		w.sum -= w.events[w.first].n
		w.first++
	}
}
