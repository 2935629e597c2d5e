package sinkhttp

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"iggysink/schema"
)

// sends runs a Send for each batch at once and returns their kinds.
func (s *scene) sends(ctx context.Context, list ...Batch) []string {
	out := make([]string, len(list))
	var all sync.WaitGroup
	for i, b := range list {
		all.Go(func() { out[i] = kinds(send(ctx, s.sink, b)) })
		synctest.Wait() // in this order
	}
	all.Wait()
	return out
}

func TestMaxConnectionsIsHowManyAttemptsAreUnderWay(t *testing.T) {
	var mu sync.Mutex
	now, most := 0, 0
	inScene(t, func(c *schema.Sink) { c.MaxConnections = 2 }, func(http.ResponseWriter, request) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		time.Sleep(sec)
		mu.Lock()
		now--
		mu.Unlock()
	}, func(s *scene) {
		out := s.sends(s.t.Context(), batch(0, "a"), batch(1, "b"), batch(2, "c"), batch(3, "d"), batch(4, "e"))
		assert.Equal(t, []string{"A", "A", "A", "A", "A"}, out)
		assert.Equal(t, 2, most)
		assert.Equal(t, []time.Duration{0, 0, sec, sec, 2 * sec}, s.endpoint.times())
	})
}

func TestWaitingAtTheGateIsNotPartOfTheTimeout(t *testing.T) {
	inScene(t, func(c *schema.Sink) { c.MaxConnections, c.Timeout = 1, schema.Duration(2*sec) },
		func(http.ResponseWriter, request) { time.Sleep(1500 * time.Millisecond) }, func(s *scene) {
			assert.Equal(t, []string{"A", "A", "A"}, s.sends(s.t.Context(), batch(0, "a"), batch(1, "b"), batch(2, "c")))
			assert.Zero(t, s.sink.Stats().Retries)
			assert.Equal(t, []string{"a", "b", "c"}, s.endpoint.bodies(), "first come, first served")
		})
}

// quiet asks to be left alone for a while.
func quiet(w http.ResponseWriter, _ request) {
	w.Header().Set("Retry-After", "60")
	w.WriteHeader(http.StatusTooManyRequests)
}

func TestCancelReturnsAtOnceWithWhatIsKnown(t *testing.T) {
	for name, reply := range map[string]func(http.ResponseWriter, request){
		"in an attempt": func(_ http.ResponseWriter, r request) {
			if r.body == "b" {
				time.Sleep(10 * sec)
			}
		},
		"while the endpoint wants quiet": func(w http.ResponseWriter, r request) {
			if r.body == "b" {
				quiet(w, r)
			}
		},
		"in a wait": func(w http.ResponseWriter, r request) {
			if r.body == "b" {
				w.WriteHeader(500)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(c *schema.Sink) { c.RetryDelay = schema.Duration(9 * sec) }, reply, func(s *scene) {
				ctx, cancel := context.WithTimeout(s.t.Context(), 3*sec)
				defer cancel()
				begun := time.Now()
				out := send(ctx, s.sink, batch(0, "a", "b", "c"))
				assert.Equal(t, "AUU", kinds(out))
				assert.Equal(t, []int{1, 1, 0}, []int{out[0].Attempts, out[1].Attempts, out[2].Attempts})
				assert.Equal(t, 3*sec, time.Since(begun))
				time.Sleep(time.Minute)
				assert.Len(t, s.endpoint.bodies(), 2, "no further attempt")
			})
		})
	}
}

func TestStopFinishesTheAttemptOfOneSendAndStartsNone(t *testing.T) {
	for name, c := range map[string]struct {
		reply func(http.ResponseWriter, request)
		want  string
		took  time.Duration
	}{
		"in an attempt": {func(http.ResponseWriter, request) { time.Sleep(5 * sec) }, "AU", 5 * sec},
		"in a wait":     {answers(500), "UU", sec},

		"while the endpoint wants quiet": {quiet, "UU", sec},
	} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(c *schema.Sink) { c.RetryDelay = schema.Duration(9 * sec) }, c.reply, func(s *scene) {
				stop := make(chan struct{})
				time.AfterFunc(sec, func() { close(stop) })
				p, _ := s.sink.Prepare(batch(0, "a", "b"))
				out := s.sink.Send(s.t.Context(), stop, p)
				assert.Equal(t, c.want, kinds(out))
				assert.Equal(t, c.took, s.endpoint.now())
				time.Sleep(time.Minute)
				assert.Equal(t, []string{"a"}, s.endpoint.bodies(), "no further attempt")
			})
		})
	}
}

func TestDrainFinishesAttemptsAndStartsNone(t *testing.T) {
	inScene(t, nil, func(http.ResponseWriter, request) { time.Sleep(5 * sec) }, func(s *scene) {
		done := make(chan string)
		go func() { done <- kinds(send(s.t.Context(), s.sink, batch(0, "a", "b"))) }()
		time.Sleep(sec)
		s.sink.Drain()
		assert.Equal(t, "AU", <-done)
		assert.Equal(t, "U", kinds(send(s.t.Context(), s.sink, batch(0, "c"))))
		assert.Equal(t, []string{"a"}, s.endpoint.bodies())
	})
}

func TestDrainEndsAHoldAndAWait(t *testing.T) {
	for _, reply := range []func(http.ResponseWriter, request){quiet, answers(500)} {
		inScene(t, nil, reply, func(s *scene) {
			done := make(chan string)
			go func() { done <- kinds(send(s.t.Context(), s.sink, batch(0, "a"))) }()
			time.Sleep(time.Millisecond)
			s.sink.Drain()
			assert.Equal(t, "U", <-done)
		})
	}
}

// open checks the health until it passes, with waits as of a paused sink.
func (s *scene) open(ctx context.Context) error {
	for wait := 5 * sec; ; wait *= 2 {
		err := s.sink.CheckHealth(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(wait)
	}
}

func TestHealthCheckWaitsUntilItPasses(t *testing.T) {
	for _, passing := range []int{200, 405, 501} {
		inScene(t, func(c *schema.Sink) { c.HealthCheckEnabled = true }, answers(503, 410, passing), func(s *scene) {
			assert.EqualError(t, s.sink.CheckHealth(s.t.Context()), "health check: answered 503 Service Unavailable")
			assert.NoError(t, s.open(s.t.Context()))
			assert.Equal(t, []time.Duration{0, 0, 5 * sec}, s.endpoint.times())
			assert.Equal(t, http.MethodHead, s.endpoint.requests()[0].method)
		})
	}
	inScene(t, func(c *schema.Sink) { c.HealthCheckEnabled = true }, quiet, func(s *scene) {
		ctx, cancel := context.WithTimeout(s.t.Context(), 7*sec)
		defer cancel()
		assert.Error(t, s.sink.CheckHealth(ctx))
		assert.ErrorIs(t, s.sink.CheckHealth(ctx), context.DeadlineExceeded, "it waits for the gate")
		assert.Len(t, s.endpoint.times(), 1)
	})
	inScene(t, func(c *schema.Sink) { c.HealthCheckEnabled = false }, nil, func(s *scene) {
		assert.NoError(t, s.sink.CheckHealth(s.t.Context()))
		assert.Empty(t, s.endpoint.times())
	})
}
