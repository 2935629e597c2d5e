package sinkhttp

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Open runs the health check until it passes, waiting in between as a paused sink does, or until ctx ends. Without a
// health check it returns at once. After Drain it makes no further attempt and waits for the end of ctx: a stop is no
// failure of the health check.
func (s *Sink) Open(ctx context.Context) error {
	if !s.cfg.HealthCheckEnabled {
		return nil
	}
	for p := newPass(); ; {
		if !s.gate.enter(ctx, nil, p) {
			<-ctx.Done()
			return fmt.Errorf("health check: %w", context.Cause(ctx))
		}
		j := s.checkHealth(ctx)
		if j.verdict == cancelled {
			s.gate.leave(p, func() {})
			return fmt.Errorf("health check: %w", context.Cause(ctx))
		}
		if j.verdict == accept {
			s.gate.leave(p, func() { s.gate.answer(p) })
			return nil
		}
		j.reason = "health check: " + j.reason
		s.gate.leave(p, func() { s.gate.fail(p, &j, true) })
	}
}

// checkHealth probes once. Whoever answers 405 or 501 is there and only does not know the method.
func (s *Sink) checkHealth(ctx context.Context) judgement {
	status, header, _, err := s.exchange(ctx, string(s.cfg.HealthCheckMethod), s.health, nil)
	if err != nil {
		if ctx.Err() != nil {
			return judgement{verdict: cancelled}
		}
		return s.classifier.failure(err)
	}
	j := s.classifier.response(status, header, 1, time.Now())
	if status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented {
		j.verdict = accept
	}
	j.manual = false // nothing was delivered yet, and the next start would ask again
	return j
}
