package sinkhttp

import (
	"context"
	"log/slog"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"time"

	"iggysink/schema"
)

// backoff computes the waits between the attempts of a request.
type backoff struct {
	delay      time.Duration
	maxDelay   time.Duration
	multiplier float64
	full       bool // jitter
}

func newBackoff(cfg *schema.Sink) backoff {
	return backoff{
		delay: cfg.RetryDelay.Std(), maxDelay: cfg.MaxRetryDelay.Std(), multiplier: cfg.RetryBackoffMultiplier,
		full: cfg.RetryJitter != schema.RetryJitterNone,
	}
}

// wait returns the wait before retry n, counted from 0: uniform between 0 and min(maxDelay, delay x multiplier^n) with
// full jitter, that bound without. rnd returns a number in [0, 1).
func (b backoff) wait(n int, rnd func() float64) time.Duration {
	bound := b.maxDelay
	// Compared as floats: a power that overflows is +Inf and not a negative duration. 0 x +Inf is NaN, hence delay > 0.
	if f := float64(b.delay) * math.Pow(max(b.multiplier, 1), float64(n)); b.delay <= 0 {
		bound = 0
	} else if f < float64(b.maxDelay) {
		bound = time.Duration(f)
	}
	if b.full {
		return time.Duration(rnd() * float64(bound))
	}
	return bound
}

// sending is one Send under way.
type sending struct {
	sink     *Sink
	ctx      context.Context //nolint:containedctx // it lives as long as the call
	stop     <-chan struct{}
	prepared *Prepared
	probe    bool // one attempt for each request
	pass     *pass
	todo     []run // what is left, the next one last
	outcomes []Outcome

	refusals int    // parts in a row that failed while the sink accepted nothing
	accepted uint64 // what it had accepted at the last of them
}

// Send delivers p and returns one outcome for each of its messages, in order. It waits between the attempts of a request
// and for the gate, and for nothing else. It ends early, and where the partition has to stop: behind a message that is
// rejected with on_rejected = "block", or that failed and is not to be given up, the others are unsent. Also
//
//   - when ctx ends: the attempt under way is cancelled;
//   - when stop is closed: the attempt under way goes on for as long as it may, and its answer counts; no other attempt
//     and no wait begins. nil: never;
//   - after Drain: the same for every Send.
func (s *Sink) Send(ctx context.Context, stop <-chan struct{}, p *Prepared) []Outcome {
	return s.send(ctx, stop, p, false)
}

// Probe is Send with one attempt for each request: a caller that has stopped delivering asks whether the endpoint is well
// again. Nothing is tried again and nothing that failed is halved.
func (s *Sink) Probe(ctx context.Context, stop <-chan struct{}, p *Prepared) []Outcome {
	return s.send(ctx, stop, p, true)
}

func (s *Sink) send(ctx context.Context, stop <-chan struct{}, p *Prepared, probe bool) []Outcome {
	if p == nil {
		return nil
	}
	s.claim(p)
	w := &sending{
		sink: s, ctx: ctx, stop: stop, prepared: p, probe: probe, pass: newPass(),
		outcomes: s.outcomeList(len(p.spans)),
	}
	w.todo = append(w.todo, p.requests...)
	slices.Reverse(w.todo)
	for goOn := true; goOn && len(w.todo) > 0; {
		last := len(w.todo) - 1
		head, rest := s.cut(p, w.todo[last])
		w.todo = w.todo[:last]
		if rest.length() > 0 {
			w.todo = append(w.todo, rest)
		}
		goOn = w.deliver(head)
	}
	for _, r := range w.todo {
		w.settle(r, Unsent, judgement{reason: "not delivered: sending stopped"})
	}
	slices.SortFunc(w.outcomes, func(a, b Outcome) int { return a.Index - b.Index })
	s.give(p)
	return w.outcomes
}

// deliver makes attempts with r until it is settled or split. False if Send has to end.
func (w *sending) deliver(r run) bool {
	s := w.sink
	out := s.outgoing(w.prepared, &r)
	before := r.attempts
	for retries, replayed := 0, false; ; {
		if !w.admitted(r.length()) {
			w.todo = append(w.todo, r)
			return false
		}
		if r.attempts == 0 {
			r.accepted = s.Accepted()
		}
		r.attempts++
		if r.attempts > before+1 || r.retries > 0 {
			s.stats.retries.Add(1)
		}
		started := time.Now()
		j, unread := s.attempt(w.ctx, &out)
		w.prepared.inUse = w.prepared.inUse || unread
		w.log(&r, &j, time.Since(started))
		s.gate.leave(w.pass, j.retryAfter, j.verdict != cancelled)
		if j.status != 0 {
			r.status = j.status
		}
		if j.replay && !replayed { // the end of a connection is no failure of the endpoint
			replayed = true
			continue
		}
		if j.verdict != retry || !w.again(&r, &j, &retries) {
			return w.act(r, &j, len(out.body))
		}
	}
}

// again waits for the next attempt of r. False if there is none: the retries are used up, or Send has to end, and then
// the verdict is that of a cancelled attempt.
func (w *sending) again(r *run, j *judgement, retries *int) bool {
	if w.probe {
		return false
	}
	if j.retryAfter > 0 && (j.status == 429 || j.status == 503) { // costs no retry, and the gate holds it back
		return true
	}
	// Parts of a failed request are tried once: they have failed together as often as they may.
	if *retries >= w.sink.cfg.MaxRetries || r.part && r.length() > 1 {
		return false
	}
	wait := w.sink.backoff.wait(*retries, rand.Float64)
	*retries++
	if j.retryAfter > 0 { // the gate holds it back for longer than any wait of our own
		return true
	}
	if !w.sleep(wait) {
		j.verdict = cancelled
		return false
	}
	return true
}

// sleep waits before a retry. False if Send has to end.
func (w *sending) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-w.ctx.Done():
	case <-w.stop:
	case <-w.sink.gate.drained:
	}
	return false
}

// act follows the last verdict on r. False if Send has to end.
func (w *sending) act(r run, j *judgement, size int) bool {
	switch j.verdict {
	case accept:
		w.sink.size.accepted(size)
		if j.items != nil {
			return w.actItems(r, j)
		}
		w.settle(r, Accepted, *j)
		return true
	case cancelled:
		w.todo = append(w.todo, r)
		return false
	case split:
		if j.status == 413 { // cut goes by the lower size
			w.sink.size.refused(size)
			w.todo = append(w.todo, r)
		} else {
			w.halve(r)
		}
		return true
	case reject:
		w.settle(r, Rejected, *j)
		return !w.sink.rejectBlocks
	}
	return w.fail(r, j)
}

// fail ends a request whose retries are used up, or that an answer about the endpoint has ended. False if Send has to end:
// the partition stops at it.
func (w *sending) fail(r run, j *judgement) bool {
	givenUp := j.exhausted() && w.sink.cfg.OnExhausted != schema.OnExhaustedPause
	if r.length() > 1 && !w.probe && w.halves(&r, givenUp) {
		r.part = true
		w.halve(r)
		return true
	}
	w.settle(r, Failed, *j)
	return givenUp
}

// halves reports whether the parts of a failed request are sent, so that one bad message of several is found.
//
// Where the partition would stop at it, the endpoint must have accepted something since the first attempt: one that is
// down must not get more requests for it. The parts of it need no such proof again, because the first that fails alone
// ends Send. Where it would be given up there may be no other traffic to prove anything; then the bound is the number of
// parts that fail in a row while nothing is accepted.
func (w *sending) halves(r *run, givenUp bool) bool {
	accepted := w.sink.Accepted()
	if !givenUp {
		return r.part || w.prepared.suspect || accepted > r.accepted
	}
	if accepted != w.accepted {
		w.accepted, w.refusals = accepted, 0
	}
	w.refusals++
	return w.refusals <= 2*bits.Len(uint(len(w.prepared.spans)))
}

// halve puts the halves of r back.
func (w *sending) halve(r run) {
	left, right := r, r
	if half := r.length() / 2; r.picks != nil {
		left.picks, right.picks = r.picks[:half], r.picks[half:]
	} else {
		left.to = r.from + half
		right.from = left.to
	}
	w.todo = append(w.todo, right, left)
}

// settle makes the outcomes of a run.
func (w *sending) settle(r run, kind OutcomeKind, j judgement) {
	o := Outcome{Kind: kind, Status: r.status, Attempts: r.attempts, Reason: j.reason, ResponseBody: j.body}
	switch kind {
	case Accepted:
		o.Reason, o.ResponseBody = "", ""
	case Failed:
		o.Scope, o.RetryAfter, o.Exhausted, o.Manual = j.scope, j.retryAfter, j.exhausted(), j.manual
	case Rejected, Unsent:
	}
	for i := range r.all {
		o.Index = w.prepared.spans[i].index
		w.outcomes = append(w.outcomes, o)
	}
	w.sink.stats.count(kind, r.length())
}

// log writes the line of one attempt.
func (w *sending) log(r *run, j *judgement, took time.Duration) {
	level := slog.LevelDebug
	if w.sink.cfg.VerboseLogging {
		level = slog.LevelInfo
	}
	log := w.sink.log
	if !log.Enabled(w.ctx, level) {
		return
	}
	p, spans := w.prepared.target.partition, w.prepared.spans
	log.LogAttrs(w.ctx, level, "attempt", slog.String("stream", p.Stream), slog.String("topic", p.Topic),
		slog.Uint64("partition", uint64(p.ID)), slog.Uint64("offset", spans[r.first()].offset),
		slog.Int("messages", r.length()), slog.Int("attempt", r.attempts),
		slog.String("verdict", j.verdict.String()), slog.Int("status", j.status), slog.String("reason", j.reason),
		slog.Duration("took", took))
}
