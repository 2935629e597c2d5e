package sinkhttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"iggysink/sinkhttp/internal/auth"
)

// CheckHealth makes one request of the health check and returns why it does not pass; nil if it does, or if there is none.
// It waits for the gate. After Drain it makes no attempt and waits for the end of ctx: a stop is no failure of the health
// check.
//
// Many endpoints answer HEAD with 404 or 403 where they answer GET. The first answer that fails is followed by one GET, and
// a log line says what to set.
func (s *Sink) CheckHealth(ctx context.Context) error {
	if !s.cfg.HealthCheckEnabled {
		return nil
	}
	p := newPass()
	if !s.gate.enter(ctx, nil, p) {
		<-ctx.Done()
		return fmt.Errorf("health check: %w", context.Cause(ctx))
	}
	j := s.checkHealth(ctx, string(s.cfg.HealthCheckMethod))
	if mayBeTheMethod(j.status) && !s.advised.Swap(true) {
		j = s.advise(ctx, j)
	}
	s.gate.leave(p, j.retryAfter, j.verdict != cancelled)
	switch j.verdict {
	case accept:
		return nil
	case cancelled:
		return fmt.Errorf("health check: %w", context.Cause(ctx))
	}
	return errors.New("health check: " + j.reason)
}

// mayBeTheMethod reports whether an endpoint that works could answer so because it does not know the method.
func mayBeTheMethod(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusNotAcceptable, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// advise logs what to set where the endpoint answered, and not with success. It returns the judgement that counts: that of a
// GET where it passes and the configured method does not.
func (s *Sink) advise(ctx context.Context, failed judgement) judgement {
	method := string(s.cfg.HealthCheckMethod)
	if method != http.MethodGet {
		switch j := s.checkHealth(ctx, http.MethodGet); j.verdict {
		case cancelled:
			return j
		case accept:
			s.log.Warn("the health check passes with GET and not with health_check_method; set health_check_method = \"GET\"",
				"method", method, "status", failed.status)
			return j
		}
	}
	s.log.Warn("the health check is answered, and not with success; set health_check_url to what answers with success, "+
		"or health_check_enabled = false", "method", method, "status", failed.status)
	return failed
}

// checkHealth probes once, and a second time where a kept connection had ended. Whoever answers 405 or 501 is there and
// only does not know the method.
func (s *Sink) checkHealth(ctx context.Context, method string) judgement {
	j := s.probeHealth(ctx, method)
	if j.replay {
		s.transport.CloseIdleConnections()
		j = s.probeHealth(ctx, method)
	}
	return j
}

func (s *Sink) probeHealth(ctx context.Context, method string) judgement {
	out := outgoing{method: method, url: auth.Outgoing(s.cfg.Auth, s.health), header: s.header, n: 1}
	if s.identified {
		out.id = "health"
	}
	if !s.limited(ctx, 0) {
		return judgement{verdict: cancelled}
	}
	header, used, err := s.dress(ctx, &out)
	if err != nil {
		return undressed(ctx, err)
	}
	a, _, err := s.exchange(ctx, method, out.url, header, nil)
	if err == nil && a.status == http.StatusUnauthorized && s.credential != nil {
		s.credential.Renew(used) // the next check, or the first delivery, has a newer one
	}
	if err != nil {
		if ctx.Err() != nil {
			return judgement{verdict: cancelled}
		}
		return s.classifier.failure(err)
	}
	j := s.classifier.response(a.status, a.header, 1, time.Now())
	if status := a.status; status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented {
		j.verdict = accept
	}
	return j
}
