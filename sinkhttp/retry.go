package sinkhttp

import (
	"context"
	"log/slog"
	"math"
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
	pass     *pass
	todo     []run // what is left, the next one last
	hand     hand
	accepted bool // some message was
	outcomes []Outcome
}

// trial is what the attempts of one request have come to.
type trial struct {
	run       run
	retries   int // of this round
	replayed  bool
	exhausted bool
	accepted  uint64 // the gate's acceptances when the retries were exhausted for the first time
}

// Send delivers p and returns one outcome for each of its messages, in order. It ends early in three ways, and where the
// partition has to stop: behind a message that is rejected with on_rejected = "block", or exhausted with
// on_exhausted = "pause", the others are unsent.
//
//   - ctx ends: the attempt under way is cancelled.
//   - stop is closed: the attempt under way goes on for as long as it may, and its answer counts; no other attempt and
//     no wait begins. nil: never.
//   - Drain: the same for every Send.
func (s *Sink) Send(ctx context.Context, stop <-chan struct{}, p *Prepared) []Outcome {
	if p == nil {
		return nil
	}
	w := &sending{
		sink: s, ctx: ctx, stop: stop, prepared: p, pass: newPass(), outcomes: make([]Outcome, 0, len(p.spans)),
	}
	w.todo = append(w.todo, p.requests...)
	slices.Reverse(w.todo)
	w.run()
	if p.refused > 0 && !w.accepted && len(w.todo) == 0 && !s.rejectBlocks {
		s.gate.refused(p.refused)
	}
	for _, r := range w.todo {
		w.settle(r, Unsent, judgement{reason: "not delivered: the sink or the partition stops here"})
	}
	for _, e := range w.hand.held {
		w.settle(e.run, Rejected, e.j)
	}
	slices.SortFunc(w.outcomes, func(a, b Outcome) int { return a.Index - b.Index })
	s.give(p)
	return w.outcomes
}

// run delivers what is to do, in offset order, until nothing is left or Send has to end.
func (w *sending) run() {
	gate := w.sink.gate
	for goOn := true; ; {
		if recalled := gate.takeRecalled(&w.hand); len(recalled) > 0 {
			slices.Reverse(recalled)
			w.todo = append(w.todo, recalled...) // they come before what is left
		}
		blocked := len(w.hand.held) > 0 && w.sink.rejectBlocks
		if len(w.todo) == 0 || blocked || !goOn {
			if gate.release(&w.hand) {
				return
			}
			continue // something was recalled in between
		}
		last := len(w.todo) - 1
		head, rest := w.sink.cut(w.prepared, w.todo[last])
		w.todo = w.todo[:last]
		if rest.length() > 0 {
			w.todo = append(w.todo, rest)
		}
		goOn = w.deliver(head)
	}
}

// deliver makes attempts with r until it is settled or split. False if Send has to end.
func (w *sending) deliver(r run) bool {
	s := w.sink
	t := trial{run: r}
	body := s.bytes(w.prepared, r)
	for {
		if !s.gate.enter(w.ctx, w.stop, w.pass) {
			w.todo = append(w.todo, t.run)
			return false
		}
		t.run.attempts++
		if t.run.attempts > r.attempts+1 {
			s.stats.retries.Add(1)
		}
		started := time.Now()
		j, unread := s.attempt(w.ctx, w.prepared.target, body, r.length())
		w.prepared.inUse = w.prepared.inUse || unread
		w.log(&t, &j, time.Since(started))
		if done, goOn := w.act(&t, &j, len(body)); done {
			return goOn
		}
	}
}

// act follows a verdict. done reports that no further attempt with this request is to be made.
func (w *sending) act(t *trial, j *judgement, size int) (done, goOn bool) {
	g := w.sink.gate
	if j.replay && !t.replayed { // the end of a connection is no failure of the endpoint
		t.replayed = true
		g.leave(w.pass, func() {})
		return false, true
	}
	switch j.verdict {
	case accept:
		g.leave(w.pass, func() { g.accept(w.pass) })
		w.accepted = true
		w.sink.size.accepted(size)
		w.settle(t.run, Accepted, *j)
		return true, true
	case cancelled:
		g.leave(w.pass, func() {})
		w.todo = append(w.todo, t.run)
		return true, false
	case split:
		g.leave(w.pass, func() { g.answer(w.pass) })
		w.split(t.run, j.status, size)
		return true, true
	case reject:
		g.leave(w.pass, func() {
			if g.reject(w.pass, t.run.length()) {
				g.keep(&w.hand, t.run, *j)
			} else {
				w.todo = append(w.todo, t.run)
			}
		})
		return true, true
	case retry:
		return w.retry(t, j)
	}
	g.leave(w.pass, func() { g.fail(w.pass, j, true) })
	t.retries = 0
	return false, true
}

// retry decides what follows an attempt that may be made again. A probe that fails uses no retry up: how often it goes
// out depends on the other partitions.
func (w *sending) retry(t *trial, j *judgement) (done, goOn bool) {
	s, g := w.sink, w.sink.gate
	free := j.retryAfter > 0 && (j.status == 429 || j.status == 503)
	spent := t.retries >= s.cfg.MaxRetries && !free && !w.pass.probe
	final := spent && !j.outage && (s.cfg.OnExhausted != schema.OnExhaustedPause ||
		t.exhausted && g.acceptances() > t.accepted)
	g.leave(w.pass, func() { // what closes the gate is done before anybody else is let through
		if spent && !final && !j.outage {
			t.exhausted, t.accepted = true, g.accepted
		}
		free = free || w.pass.probe
		g.fail(w.pass, j, spent && !final)
	})
	switch {
	case final:
		w.settle(t.run, Exhausted, *j)
		return true, s.cfg.OnExhausted != schema.OnExhaustedPause
	case spent:
		t.retries = 0
		return false, true
	case free:
		return false, true
	}
	wait := s.backoff.wait(t.retries, rand.Float64)
	t.retries++
	if j.retryAfter > 0 { // the gate holds it back for longer than any wait of our own
		return false, true
	}
	if !w.sleep(wait) {
		w.todo = append(w.todo, t.run)
		return true, false
	}
	return false, true
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

// split puts the parts of r back. After a 413 the size to try is lower, and cut goes by it; otherwise r is halved.
func (w *sending) split(r run, status, size int) {
	if status == 413 {
		w.sink.size.refused(size)
		w.todo = append(w.todo, r)
		return
	}
	left, right := r, r
	left.to = r.from + r.length()/2
	right.from = left.to
	w.todo = append(w.todo, right, left)
}

// settle makes the outcomes of a run.
func (w *sending) settle(r run, kind OutcomeKind, j judgement) {
	if kind == Accepted {
		j.reason = ""
	}
	for _, m := range w.prepared.spans[r.from:r.to] {
		w.outcomes = append(w.outcomes, Outcome{
			Index: m.index, Kind: kind, Status: j.status, Attempts: r.attempts, Reason: j.reason,
		})
	}
	w.sink.stats.count(kind, r.length())
}

// log writes the line of one attempt.
func (w *sending) log(t *trial, j *judgement, took time.Duration) {
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
		slog.Uint64("partition", uint64(p.ID)), slog.Uint64("offset", spans[t.run.from].offset),
		slog.Int("messages", t.run.length()), slog.Int("attempt", t.run.attempts),
		slog.String("verdict", verdictNames()[j.verdict]), slog.Int("status", j.status), slog.String("reason", j.reason),
		slog.Duration("took", took))
}
