package relay

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

func TestAStopLetsTheRequestInFlightFinishAndStoresItsOffset(t *testing.T) {
	s := newScene(t, 1)
	s.topic.publish(0, 0, numbered(0, 0, 100)...)
	release := s.endpoint.hold()
	r := s.start(0)
	s.until("a request is in flight", func() bool { return len(s.endpoint.bodies()) == 1 })
	r.cancel()
	<-r.closing.done
	assert.True(t, r.Status().Draining)
	release()
	assert.Equal(t, Result{Settled: true}, r.ended(), "what was only polled is not in hand")
	s.untilStored(0, 0)
	assert.Equal(t, numbered(0, 0, 1), s.endpoint.got())
}

func TestAStopInTheMiddleAndANewStartLoseNothingAndDeliverNothingTwice(t *testing.T) {
	s := newScene(t, 4)
	s.batches(10)
	for p := range uint32(4) {
		s.topic.publish(p, 0, numbered(p, 0, 300)...)
	}
	for arrived := 100; arrived < 1200; arrived += 200 {
		r := s.start(0, 1, 2, 3)
		s.until("some arrive", func() bool { return len(s.endpoint.got()) >= arrived })
		assert.Equal(t, Result{Settled: true}, r.stop())
	}
	s.start(0, 1, 2, 3)
	for p := range uint32(4) {
		s.untilStored(p, 299)
		assert.Equal(t, numbered(p, 0, 300), of(p, s.endpoint.got()))
	}
}

func TestAStopCancelsTheRequestAtDrainTimeout(t *testing.T) {
	s := newScene(t, 2)
	s.opts.DrainTimeout = time.Millisecond
	s.topic.publish(0, 0, numbered(0, 0, 1)...)
	s.topic.publish(1, 0, numbered(1, 0, 1)...)
	r := s.start(0, 1)
	s.untilStored(0, 0)
	s.untilStored(1, 0)
	release := s.endpoint.hold()
	defer release()
	s.topic.publish(0, 0, numbered(0, 1, 3)...)
	s.until("a request is in flight", func() bool { return len(s.endpoint.bodies()) == 3 })
	assert.Equal(t, Result{Unsettled: 1}, r.stop())
	stored, _ := s.topic.storedOffset(0)
	assert.EqualValues(t, 0, stored)
}

func TestAStopOfAPausedSinkEndsAndSaysWhatIsUnsettled(t *testing.T) {
	s := newScene(t, 1)
	s.cfg.CircuitBreaker.Cooldown = schema.Duration(time.Hour)
	s.cfg.CircuitBreaker.MaxCooldown = schema.Duration(time.Hour)
	s.endpoint.answers(func(string, int) int { return http.StatusUnauthorized })
	s.topic.publish(0, 0, numbered(0, 0, 10)...)
	r := s.start(0)
	s.until("it is paused", func() bool { return r.Status().Gate.Paused })
	assert.Equal(t, Result{Unsettled: 1}, r.stop())
	notStored(t, s, 0)
}

func TestAStopSaysThatWhatIsSettledIsNotStored(t *testing.T) {
	for name, last := range map[string]func(r *running){
		"the source could not store it": func(r *running) {
			r.source.mu.Lock()
			r.source.last = fmt.Errorf("%w: the server is gone", ErrNotStored)
			r.source.mu.Unlock()
		},
		"the connection is gone": func(r *running) {
			r.source.do(t, func(h Handler) error { r.source.revoke(h, 0); return nil })
			r.source.mu.Lock()
			r.source.joined = false
			r.source.mu.Unlock()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 1)
			s.topic.publish(0, 0, numbered(0, 0, 1)...)
			release := s.endpoint.hold()
			r := s.start(0)
			s.until("a request is in flight", func() bool { return len(s.endpoint.bodies()) == 1 })
			p := r.partition(0)
			last(r)
			release()
			if p.revocation.on() {
				<-p.done // it ends with its request, and commits nothing
			}
			s.until("it is accepted", func() bool { return r.Status().Delivered == 1 })
			assert.Equal(t, Result{}, r.stop())
			assert.NoError(t, r.err, "the sink has not failed")
		})
	}
}

func TestOnceEndsWhenEverythingThatWasThereIsSettled(t *testing.T) {
	s := newScene(t, 3)
	s.opts.Once = true
	s.topic.publish(0, 2, numbered(0, 0, 20)...)
	s.topic.publish(1, 0, numbered(1, 0, 1)...) // and nothing in partition 2
	r := s.start(0, 1, 2)
	assert.Equal(t, Result{Settled: true}, r.ended())
	assert.Len(t, s.endpoint.got(), 21)
	stored, _ := s.topic.storedOffset(0)
	assert.EqualValues(t, 59, stored, "gaps count")
}

func TestOnceWithoutPartitionsOrMessagesEndsAtOnce(t *testing.T) {
	s := newScene(t, 1)
	s.opts.Once = true
	assert.Equal(t, Result{Settled: true}, s.start().ended())
	assert.Equal(t, Result{Settled: true}, s.start(0).ended())
}

func TestOnceEndsUnsettledWithoutProgress(t *testing.T) {
	for name, arrange := range map[string]func(*scene){
		"blocked": func(s *scene) {
			s.cfg.OnRejected = schema.OnRejectedBlock
			s.endpoint.answers(refuse(`"0/0"`))
		},
		"paused":  func(s *scene) { s.endpoint.answers(func(string, int) int { return http.StatusUnauthorized }) },
		"hanging": func(s *scene) { s.t.Cleanup(s.endpoint.hold()) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 1)
			s.opts.Once, s.opts.OnceTimeout, s.opts.DrainTimeout = true, 100*time.Millisecond, time.Millisecond
			arrange(s)
			s.topic.publish(0, 0, numbered(0, 0, 3)...)
			res := s.start(0).ended()
			assert.False(t, res.Settled)
			assert.Equal(t, 1, res.Unsettled)
		})
	}
}

func TestOnceWaitsForPartitionsThatADroppedConnectionLost(t *testing.T) {
	s := newScene(t, 1)
	s.opts.Once = true
	s.topic.publish(0, 0, numbered(0, 0, 3)...)
	release := s.endpoint.hold()
	r := s.start(0)
	s.until("a request is in flight", func() bool { return len(s.endpoint.bodies()) == 1 })
	r.source.do(t, func(h Handler) error { r.source.revoke(h, 0); return nil })
	release()
	r.source.do(t, func(h Handler) error { r.source.assign(h, 0); return nil })
	assert.Equal(t, Result{Settled: true}, r.ended())
	s.untilStored(0, 2)
}

func TestAFailingHealthCheckDelaysTheSinkAndCanBeStopped(t *testing.T) {
	s := newScene(t, 1)
	s.cfg.HealthCheckEnabled = true
	s.endpoint.answers(func(m string, attempt int) int { return http.StatusServiceUnavailable })
	s.endpoint.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead && s.endpoint.attemptsOf("ok") == 0 {
			s.endpoint.happened.fire()
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		s.endpoint.ServeHTTP(w, r)
	})
	s.topic.publish(0, 0, numbered(0, 0, 3)...)
	r := s.start(0)
	s.until("it has joined", func() bool { return len(r.Status().Partitions) == 1 })
	assert.False(t, r.Status().Ready)
	assert.EqualValues(t, 0, r.Status().Partitions[0].Next, "nothing is polled")
	assert.Equal(t, Result{Settled: true}, r.stop())
	assert.Empty(t, s.endpoint.bodies())
}

func TestTwoFeedsShareARelay(t *testing.T) {
	s := newScene(t, 1)
	s.opts.Once = true
	other := newFakeTopic(t, 1)
	other.topic = "returns"
	s.topic.publish(0, 0, numbered(0, 0, 5)...)
	other.publish(0, 0, numbered(1, 0, 5)...)
	engine, err := sinkhttp.New(&s.cfg, sinkhttp.Options{})
	require.NoError(t, err)
	defer engine.Close()
	r := New(&s.cfg, engine, nil, s.opts)
	res, err := r.Run(t.Context(), []Feed{
		{Stream: &s.stream, Topic: "orders", Source: s.topic.source(0)},
		{Stream: &s.stream, Topic: "returns", Source: other.source(0)},
	})
	require.NoError(t, err)
	assert.True(t, res.Settled)
	assert.Len(t, s.endpoint.got(), 10)
	for _, topic := range []*fakeTopic{s.topic, other} {
		stored, _ := topic.storedOffset(0)
		assert.EqualValues(t, 4, stored)
	}
}

// A lane that waits for more sets an alarm, and at a stop nobody acts on it any more. One that is over would wake the
// worker again and again for as long as a request is in flight.
func TestAStopForgetsWhatABatchWaitedFor(t *testing.T) {
	s := newScene(t, 1)
	s.batches(2)
	s.cfg.Ordering, s.cfg.MaxInFlight = schema.OrderingNone, 2
	s.stream.BatchWait = schema.Duration(time.Hour)
	release := s.endpoint.hold()
	s.topic.publish(0, 0, numbered(0, 0, 3)...)
	r := s.start(0)
	s.until("a request is in flight and the rest is polled", func() bool {
		return len(s.endpoint.bodies()) == 1 && nextOf(r) == 3
	})
	p := r.partition(0)
	r.cancel()
	<-r.closing.done
	assert.True(t, r.Status().Draining)
	release()
	assert.True(t, r.ended().Settled)
	assert.Zero(t, p.alarm)
}

// Lanes run ahead of one another. What one of them has still to send lies before what others have delivered.
func TestAStopWithSeveralLanesDeliversNothingTwice(t *testing.T) {
	for _, ordering := range []schema.Ordering{schema.OrderingNone, schema.OrderingKey} {
		s := newScene(t, 1)
		s.batches(5)
		s.cfg.Ordering, s.cfg.OrderingKey, s.cfg.MaxInFlight = ordering, "payload:/0", 4
		var payloads []string
		for i := range 2000 {
			payloads = append(payloads, fmt.Sprintf(`["%d",%d]`, i%7, i))
		}
		s.topic.publish(0, 0, payloads...)
		for n := 100; n < 1500; n += 200 {
			r := s.start(0)
			s.until("some arrive", func() bool { return len(s.endpoint.got()) >= n })
			assert.Equal(t, Result{Settled: true}, r.stop())
			stored, _ := s.topic.storedOffset(0)
			assert.Equal(t, int(stored)+1, len(s.endpoint.got()), "all that arrived is stored")
		}
	}
}

func TestAStopSaysThatWhatLiesBehindAGapIsDeliveredAgain(t *testing.T) {
	s := newScene(t, 1)
	s.cfg.Ordering, s.cfg.MaxInFlight = schema.OrderingNone, 2
	s.opts.DrainTimeout = time.Millisecond
	s.endpoint.answers(func(message string, _ int) int {
		if message == `"0/0"` {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	s.cfg.MaxRetries, s.cfg.RetryDelay, s.cfg.MaxRetryDelay = 1, schema.Duration(time.Hour), schema.Duration(time.Hour)
	s.cfg.RetryJitter = schema.RetryJitterNone
	s.topic.publish(0, 0, numbered(0, 0, 4)...)
	r := s.start(0)
	s.until("what the other lane sends arrives", func() bool {
		return len(s.endpoint.got()) == 2 && s.endpoint.attemptsOf(`"0/0"`) == 1
	})
	assert.Equal(t, Result{Unsettled: 3}, r.stop(), "one that was attempted, and two that cannot be stored")
	notStored(t, s, 0)
}
