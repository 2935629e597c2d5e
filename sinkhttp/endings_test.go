package sinkhttp

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"iggysink/schema"
)

// replies answers with a status for each body; 200 for any other.
func replies(statuses map[string]int) func(http.ResponseWriter, request) {
	return func(w http.ResponseWriter, r request) {
		if status := statuses[r.body]; status != 0 {
			w.WriteHeader(status)
		}
	}
}

func TestExhaustedAtOnceWhereItIsADeadLetterOrDropped(t *testing.T) {
	for _, policy := range []schema.OnExhausted{schema.OnExhaustedDeadLetter, schema.OnExhaustedDrop} {
		inScene(t, func(c *schema.Sink) { c.OnExhausted, c.MaxRetries = policy, 2 }, replies(map[string]int{"bad": 500}),
			func(s *scene) {
				out := send(s.t.Context(), s.sink, batch(0, "bad", "good"))
				assert.Equal(t, []Outcome{
					{Index: 0, Kind: Exhausted, Status: 500, Attempts: 3, Reason: "answered 500 Internal Server Error"},
					{Index: 1, Kind: Accepted, Status: 200, Attempts: 1},
				}, out)
				assert.Equal(t, uint64(1), s.sink.Stats().Exhausted)
				assert.Zero(t, s.sink.Stats().Pauses)
			})
	}
}

// A pause lasts for the longer of its cool-down and the Retry-After that came with it, and nobody goes out before.
func TestRetryAfterAndPauseTogether(t *testing.T) {
	for after, want := range map[string][]time.Duration{
		"1":  {0, 5 * sec, 15 * sec},
		"20": {0, 20 * sec, 40 * sec},
	} {
		var n atomic.Int32
		inScene(t, nil, func(w http.ResponseWriter, _ request) {
			if n.Add(1) <= 2 {
				w.Header().Set("Retry-After", after)
				w.WriteHeader(http.StatusForbidden)
			}
		}, func(s *scene) {
			go send(s.t.Context(), s.sink, batch(0, "a"))
			time.Sleep(sec / 2)
			state, _ := s.sink.State()
			assert.Equal(t, want[1]-sec/2, time.Until(state.Until))
			assert.Equal(t, "A", kinds(send(s.t.Context(), s.sink, batch(1, "b"))))
			assert.Equal(t, want, s.endpoint.times()[:3])
		})
	}
}

// What one Send holds as rejected comes back when another one's reject trips the gate.
func TestATripRecallsTheRejectsOfOtherSends(t *testing.T) {
	var mended atomic.Bool
	inScene(t, func(c *schema.Sink) { c.MaxConsecutiveRejects = 2 }, func(w http.ResponseWriter, r request) {
		switch {
		case r.body == "slow":
			time.Sleep(2 * sec)
		case !mended.Load():
			w.WriteHeader(http.StatusBadRequest)
		}
	}, func(s *scene) {
		first, second := make(chan []Outcome, 1), make(chan []Outcome, 1)
		go func() { first <- send(s.t.Context(), s.sink, batch(0, "x", "slow")) }()
		time.Sleep(sec)
		go func() { second <- send(s.t.Context(), s.sink, batch(1, "y")) }()
		time.Sleep(sec / 2)
		state, _ := s.sink.State()
		assert.Equal(t, tooManyRejects, state.Reason)
		mended.Store(true)
		out := <-first
		assert.Equal(t, "AA", kinds(out))
		assert.Equal(t, []int{2, 1}, []int{out[0].Attempts, out[1].Attempts})
		assert.Equal(t, "A", kinds(<-second))
		assert.Zero(t, s.sink.Stats().Rejected)
	})
}

func TestStatsCountAttemptsByVerdict(t *testing.T) {
	var n atomic.Int32
	inScene(t, batches, func(w http.ResponseWriter, r request) {
		switch n.Add(1) {
		case 1:
			w.WriteHeader(http.StatusInternalServerError)
		case 2:
			w.WriteHeader(http.StatusUnauthorized)
		case 3, 4:
			w.WriteHeader(http.StatusBadRequest)
		case 6:
			time.Sleep(time.Hour)
		}
	}, func(s *scene) {
		assert.Equal(t, "RA", kinds(send(s.t.Context(), s.sink, batch(0, "1", "2"))))
		ctx, cancel := context.WithTimeout(s.t.Context(), sec)
		defer cancel()
		assert.Equal(t, "U", kinds(send(ctx, s.sink, batch(0, "3"))))
		assert.Equal(t, Stats{
			Accepted: 1, Rejected: 1, Requests: 6, Retries: 2, Bytes: 3*4 + 3*2, Pauses: 1,
			Verdicts: map[string]uint64{"accepted": 1, "retry": 1, "split": 1, "reject": 1, "pause": 1, "cancelled": 1},
		}, s.sink.Stats())
		time.Sleep(2 * time.Hour) // the handler ends
	})
}

func TestCloseLogsTheStatistics(t *testing.T) {
	inScene(t, func(c *schema.Sink) { c.MaxConsecutiveRejects = 0 }, replies(map[string]int{"bad": 400}), func(s *scene) {
		send(s.t.Context(), s.sink, batch(0, "a", "bad", "b"))
		s.sink.Close()
		assert.Contains(t, s.log.String(), `level=INFO msg="the sink has ended" sink=orders accepted=2 rejected=1 exhausted=0 `+
			`requests=3 retries=0 bytes=5 pauses=0`)
	})
}

func TestCookiesOfTheEndpointAreNotSentBack(t *testing.T) {
	inScene(t, nil, func(w http.ResponseWriter, _ request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1", Path: "/"})
	}, func(s *scene) {
		assert.Equal(t, "AA", kinds(send(s.t.Context(), s.sink, batch(0, "a", "b"))))
		assert.NotContains(t, s.endpoint.requests()[1].header, "Cookie")
	})
}
