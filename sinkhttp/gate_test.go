package sinkhttp

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
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

func TestPauseKeepsTheRequestAndDoublesTheCooldown(t *testing.T) {
	inScene(t, nil, answers(401, 401, 404, 302, 299, 401, 200), func(s *scene) {
		assert.Equal(t, "AA", kinds(send(s.t.Context(), s.sink, batch(0, "a", "b"))))
		assert.Equal(t, []time.Duration{0, 5 * sec, 15 * sec, 35 * sec, 75 * sec, 135 * sec, 195 * sec, 195 * sec}, s.endpoint.times())
		assert.Equal(t, uint64(1), s.sink.Stats().Pauses)
		state, _ := s.sink.State()
		assert.Equal(t, State{}, state)
	})
}

func TestStateTellsOfAPause(t *testing.T) {
	inScene(t, nil, answers(401, 200), func(s *scene) {
		begun := time.Now()
		state, changed := s.sink.State()
		assert.Equal(t, State{}, state)
		go send(s.t.Context(), s.sink, batch(0, "a"))
		<-changed
		state, changed = s.sink.State()
		assert.Equal(t, State{Paused: true, Reason: "answered 401 Unauthorized", Since: begun, Until: begun.Add(5 * sec)}, state)
		<-changed
		state, _ = s.sink.State()
		assert.Equal(t, State{}, state)
		synctest.Wait()
	})
}

func TestPartitionsProbeInTurnOneAtATime(t *testing.T) {
	inScene(t, nil, answers(401, 401, 401, 401, 200), func(s *scene) {
		out := s.sends(s.t.Context(), batch(0, "a"), batch(1, "b"), batch(2, "c"))
		assert.Equal(t, []string{"A", "A", "A"}, out)
		assert.Equal(t, []time.Duration{0, 5 * sec, 15 * sec, 35 * sec, 75 * sec, 75 * sec, 75 * sec}, s.endpoint.times())
		probes := strings.Join(s.endpoint.bodies()[:5], "")
		assert.Equal(t, "aabca", probes, "the first one, then those that wait, oldest first")
	})
}

func TestGoneWaitsForResume(t *testing.T) {
	inScene(t, nil, answers(410, 200), func(s *scene) {
		done := make(chan string)
		go func() { done <- kinds(send(s.t.Context(), s.sink, batch(0, "a"))) }()
		time.Sleep(24 * time.Hour)
		state, _ := s.sink.State()
		assert.True(t, state.Paused && state.Manual && state.Until.IsZero())
		assert.Len(t, s.endpoint.bodies(), 1)
		s.sink.Resume()
		assert.Equal(t, "A", <-done)
	})
}

func TestPauseFromOutside(t *testing.T) {
	inScene(t, nil, nil, func(s *scene) {
		s.sink.Pause("cannot write")
		state, _ := s.sink.State()
		assert.True(t, state.Paused && state.Reason == "cannot write")
		time.Sleep(3 * sec)
		s.sink.Pause("cannot write")
		assert.Equal(t, []string{"A"}, s.sends(s.t.Context(), batch(0, "a")))
		assert.Equal(t, []time.Duration{8 * sec}, s.endpoint.times())
	})
}

func TestRejectedProbeOpensTheGate(t *testing.T) {
	inScene(t, nil, answers(401, 400, 200), func(s *scene) {
		assert.Equal(t, "RA", kinds(send(s.t.Context(), s.sink, batch(0, "a", "b"))))
		assert.Equal(t, []time.Duration{0, 5 * sec, 5 * sec}, s.endpoint.times())
	})
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

func TestExhaustedOnlyWhenOthersAreAccepted(t *testing.T) {
	poisoned := func(w http.ResponseWriter, r request) {
		if r.body == "bad" {
			w.WriteHeader(500)
		}
	}
	inScene(t, func(c *schema.Sink) { c.MaxRetries = 1 }, poisoned, func(s *scene) {
		done := make(chan []Outcome)
		go func() { done <- send(s.t.Context(), s.sink, batch(0, "bad", "behind")) }()
		time.Sleep(time.Hour)
		select {
		case out := <-done:
			t.Error("alone it is never exhausted", out)
		default:
		}
		assert.Equal(t, []string{"A"}, s.sends(s.t.Context(), batch(1, "good")))
		out := <-done
		assert.Equal(t, "EU", kinds(out), "the partition stops there")
		assert.Equal(t, 500, out[0].Status)
	})
}

func TestRejectsInARowTripTheGateAndAreNotReturned(t *testing.T) {
	var mended atomic.Bool
	inScene(t, func(c *schema.Sink) { batches(c); c.MaxConsecutiveRejects = 3 }, func(w http.ResponseWriter, r request) {
		if !mended.Load() || r.body == "1\n" {
			w.WriteHeader(400)
		}
	}, func(s *scene) {
		done := make(chan string)
		go func() { done <- kinds(send(s.t.Context(), s.sink, batch(0, numbers(5)...))) }()
		time.Sleep(time.Hour)
		state, _ := s.sink.State()
		assert.True(t, state.Paused)
		assert.Zero(t, s.sink.Stats().Rejected, "what is in hand is not rejected")
		mended.Store(true)
		assert.Equal(t, "ARAAA", <-done)
	})
}

func TestAnEndpointThatRejectsEverythingRejectsFewerThanTheNumber(t *testing.T) {
	inScene(t, func(c *schema.Sink) { c.MaxConsecutiveRejects = 10 }, answers(400), func(s *scene) {
		ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Hour)
		defer cancel()
		var rejected int
		var all sync.WaitGroup
		var mu sync.Mutex
		for id := range 4 {
			all.Go(func() {
				for ctx.Err() == nil {
					out := kinds(send(ctx, s.sink, batch(uint32(id), "x")))
					mu.Lock()
					rejected += strings.Count(out, "R")
					mu.Unlock()
				}
			})
		}
		all.Wait()
		assert.Equal(t, 9, rejected)
	})
}

func TestCancelReturnsAtOnceWithWhatIsKnown(t *testing.T) {
	for name, reply := range map[string]func(http.ResponseWriter, request){
		"in an attempt": func(_ http.ResponseWriter, r request) {
			if r.body == "b" {
				time.Sleep(10 * sec)
			}
		},
		"in a pause": func(w http.ResponseWriter, r request) {
			if r.body == "b" {
				w.WriteHeader(401)
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
		"in a pause":    {answers(401), "UU", sec},
		"in a wait":     {answers(500), "UU", sec},
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

func TestDrainEndsAPauseAndAWait(t *testing.T) {
	for _, status := range []int{401, 410, 500} {
		inScene(t, nil, answers(status), func(s *scene) {
			done := make(chan string)
			go func() { done <- kinds(send(s.t.Context(), s.sink, batch(0, "a"))) }()
			time.Sleep(time.Millisecond)
			s.sink.Drain()
			assert.Equal(t, "U", <-done)
		})
	}
}

func TestHealthCheckWaitsUntilItPasses(t *testing.T) {
	for _, passing := range []int{200, 405, 501} {
		inScene(t, func(c *schema.Sink) { c.HealthCheckEnabled = true }, answers(503, 410, passing), func(s *scene) {
			assert.NoError(t, s.sink.Open(s.t.Context()))
			assert.Equal(t, []time.Duration{0, 5 * sec, 15 * sec}, s.endpoint.times())
			assert.Equal(t, http.MethodHead, s.endpoint.requests()[0].method)
			state, _ := s.sink.State()
			assert.False(t, state.Paused)
		})
	}
	inScene(t, func(c *schema.Sink) { c.HealthCheckEnabled = true }, answers(503), func(s *scene) {
		ctx, cancel := context.WithTimeout(s.t.Context(), 7*sec)
		defer cancel()
		assert.ErrorIs(t, s.sink.Open(ctx), context.DeadlineExceeded)
	})
}
