package sinkhttp

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"iggysink/schema"
)

// poisoned answers with status whatever carries the message bad, a number, and 200 otherwise.
func poisoned(bad, status int) func(http.ResponseWriter, request) {
	return func(w http.ResponseWriter, r request) {
		if slices.Contains(strings.FieldsFunc(r.body, func(c rune) bool { return c < '0' || c > '9' }), fmt.Sprint(bad)) {
			w.WriteHeader(status)
		}
	}
}

// only is the kinds of n messages that are all accepted but one, behind which they may be something else.
func only(n, bad int, kind, behind string) string {
	return strings.Repeat("A", bad) + kind + strings.Repeat(behind, n-bad-1)
}

func TestSendReturnsAtOnceWhereTheEndpointIsAtFault(t *testing.T) {
	for status, want := range map[int]Outcome{
		401: {Kind: Failed, Status: 401, Attempts: 1, Reason: "answered 401 Unauthorized"},
		302: {Kind: Failed, Status: 302, Attempts: 1, Reason: "answered 302 Found"},
		501: {Kind: Failed, Status: 501, Attempts: 1, Reason: "answered 501 Not Implemented"},
		410: {Kind: Failed, Status: 410, Attempts: 1, Reason: "answered 410 Gone", Manual: true},
	} {
		inScene(t, nil, answers(status), func(s *scene) {
			out := send(s.t.Context(), s.sink, batch(0, "a", "b"))
			assert.Equal(t, []Outcome{want, {Index: 1, Kind: Unsent, Reason: out[1].Reason}}, out)
			assert.NotEmpty(t, out[1].Reason)
			assert.Zero(t, s.endpoint.now())
			assert.Equal(t, uint64(1), s.sink.Stats().Failed)
		})
	}
}

func TestSendReturnsWhenTheRetriesAreUsedUp(t *testing.T) {
	for _, c := range []struct {
		status    int
		exhausted bool
		scope     Scope
	}{{500, true, ScopeUnknown}, {408, true, ScopeUnknown}, {503, false, ScopeUnknown}, {429, false, ScopeEndpoint}} {
		inScene(t, func(c *schema.Sink) { c.MaxRetries = 2 }, answers(c.status), func(s *scene) {
			out := send(s.t.Context(), s.sink, batch(0, "a", "b"))
			assert.Equal(t, "FU", kinds(out), "the partition stops there")
			assert.Equal(t, Outcome{
				Kind: Failed, Status: c.status, Attempts: 3, Reason: "answered " + statusText(c.status), Exhausted: c.exhausted, Scope: c.scope,
			}, out[0])
			assert.Equal(t, []time.Duration{0, sec, 3 * sec}, s.endpoint.times())
		})
	}
}

func TestAFailureWithARetryAfterIsTheEndpoints(t *testing.T) {
	inScene(t, nil, func(w http.ResponseWriter, r request) {
		if r.body == "a" {
			w.Header().Set("Retry-After", "20")
			w.WriteHeader(http.StatusForbidden)
		}
	}, func(s *scene) {
		out := send(s.t.Context(), s.sink, batch(0, "a"))
		assert.Equal(t, []any{Failed, ScopeEndpoint, 20 * sec}, []any{out[0].Kind, out[0].Scope, out[0].RetryAfter})
		until, _ := s.sink.Held()
		assert.Equal(t, 20*sec, time.Until(until))
		assert.Equal(t, "A", kinds(send(s.t.Context(), s.sink, batch(1, "b"))))
		assert.Equal(t, []time.Duration{0, 20 * sec}, s.endpoint.times())
		until, _ = s.sink.Held()
		assert.Zero(t, until)
	})
}

// Whatever code says that a message is bad: the others of its request are delivered.
func TestEveryRejectOfSeveralMessagesIsSplit(t *testing.T) {
	for _, status := range []int{400, 409, 412, 413, 414, 422, 424, 428, 431, 418, 451} {
		for _, mode := range []schema.BatchMode{schema.BatchModeNDJSON, schema.BatchModeJSONArray} {
			inScene(t, func(c *schema.Sink) { batches(c); c.BatchMode, c.RejectStatusCodes = mode, []int{418, 451} },
				poisoned(31, status), func(s *scene) {
					assert.Equal(t, only(50, 31, "R", "A"), kinds(send(s.t.Context(), s.sink, batch(0, numbers(50)...))), "%d", status)
					if status != http.StatusRequestEntityTooLarge { // which is about the size, and cut greedily
						assert.LessOrEqual(t, len(s.endpoint.bodies()), 13)
					}
				})
		}
	}
}

// An endpoint that is down must not get more requests for a batch than for a message.
func TestAFailedBatchIsHalvedOnlyWhereTheEndpointAcceptsOthers(t *testing.T) {
	for _, status := range []int{500, 503, 403} {
		retries := func(c *schema.Sink) { batches(c); c.MaxRetries = 1 }
		inScene(t, retries, poisoned(5, status), func(s *scene) {
			assert.Equal(t, strings.Repeat("F", 8), kinds(send(s.t.Context(), s.sink, batch(0, numbers(8)...))), "it proves nothing")
			b := batch(0, numbers(8)...)
			b.Suspect = true
			assert.Equal(t, only(8, 5, "F", "U"), kinds(send(s.t.Context(), s.sink, b)), "the caller knows better")
		})
	}
	var others *Sink
	inScene(t, func(c *schema.Sink) { batches(c); c.MaxRetries = 1 }, func(w http.ResponseWriter, r request) {
		poisoned(5, 500)(w, r)
		if strings.Count(r.body, "\n") == 8 {
			send(context.Background(), others, batch(1, "9"))
		}
	}, func(s *scene) {
		others = s.sink
		assert.Equal(t, only(8, 5, "F", "U"), kinds(send(s.t.Context(), s.sink, batch(0, numbers(8)...))))
	})
}

func TestTheSearchOfADeadEndpointGoesNoDeeperThanOneMessage(t *testing.T) {
	inScene(t, func(c *schema.Sink) { batches(c); c.MaxRetries = 2 }, answers(500), func(s *scene) {
		b := batch(0, numbers(512)...)
		b.Suspect = true
		assert.Equal(t, "F"+strings.Repeat("U", 511), kinds(send(s.t.Context(), s.sink, b)))
		assert.Len(t, s.endpoint.bodies(), 3+8+3, "the batch, one attempt for each half, and the first message")
	})
}

// A batch that would be given up is halved although nobody else proves that the endpoint works.
func TestWhatIsGivenUpIsOnlyTheMessageAtFault(t *testing.T) {
	for _, policy := range []schema.OnExhausted{schema.OnExhaustedDeadLetter, schema.OnExhaustedDrop} {
		for _, bad := range []int{0, 1, 24, 25, 49} {
			inScene(t, func(c *schema.Sink) { batches(c); c.OnExhausted, c.MaxRetries = policy, 2 }, poisoned(bad, 500), func(s *scene) {
				out := send(s.t.Context(), s.sink, batch(0, numbers(50)...))
				assert.Equal(t, only(50, bad, "F", "A"), kinds(out))
				assert.True(t, out[bad].Exhausted)
				assert.Equal(t, uint64(49), s.sink.Accepted())
			})
		}
		inScene(t, func(c *schema.Sink) { batches(c); c.OnExhausted, c.MaxRetries = policy, 2 }, answers(500), func(s *scene) {
			assert.Equal(t, strings.Repeat("F", 500), kinds(send(s.t.Context(), s.sink, batch(0, numbers(500)...))))
			assert.Less(t, len(s.endpoint.bodies()), 100, "an endpoint that is down does not get two requests a message")
		})
		inScene(t, func(c *schema.Sink) { batches(c); c.OnExhausted, c.MaxRetries = policy, 2 }, answers(503), func(s *scene) {
			out := send(s.t.Context(), s.sink, batch(0, numbers(50)...))
			assert.Equal(t, strings.Repeat("F", 50), kinds(out))
			assert.False(t, out[0].Exhausted, "an outage is never given up")
			assert.Len(t, s.endpoint.bodies(), 3)
		})
	}
}

func TestAProbeIsOneAttempt(t *testing.T) {
	inScene(t, batches, answers(500, 503, 403, 200), func(s *scene) {
		for _, want := range []string{"FU", "FU", "FU", "AA"} {
			p, _ := s.sink.Prepare(batch(0, "1"))
			first := kinds(s.sink.Probe(s.t.Context(), nil, p))
			assert.Equal(t, want[:1], first)
		}
		assert.Len(t, s.endpoint.bodies(), 4)
		assert.Zero(t, s.endpoint.now())
	})
}

func TestAnUnsentMessageKeepsItsLastStatus(t *testing.T) {
	var n atomic.Int32
	inScene(t, nil, func(w http.ResponseWriter, _ request) {
		if n.Add(1) == 1 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		time.Sleep(10 * sec)
	}, func(s *scene) {
		ctx, cancel := context.WithTimeout(s.t.Context(), 2*sec)
		defer cancel()
		out := send(ctx, s.sink, batch(0, "a"))
		assert.Equal(t, "U", kinds(out))
		assert.Equal(t, []int{502, 2}, []int{out[0].Status, out[0].Attempts})
		time.Sleep(time.Minute) // the handler ends
	})
}

// Outcomes whose memory was released say nothing about those that come after them.
func TestReleasedOutcomesLeaveNothingBehind(t *testing.T) {
	inScene(t, func(c *schema.Sink) { batches(c); c.MaxRetries = 0 }, poisoned(0, 403), func(s *scene) {
		for range 3 {
			out := send(s.t.Context(), s.sink, batch(0, "0", "1"))
			assert.Equal(t, "FF", kinds(out))
			s.sink.Release(out)
			out = send(s.t.Context(), s.sink, batch(1, "1"))
			assert.Equal(t, []Outcome{{Kind: Accepted, Status: 200, Attempts: 1}}, out)
			s.sink.Release(out)
			s.sink.Release(nil)
		}
	})
}

func TestOutcomesPrint(t *testing.T) {
	for want, o := range map[string]Outcome{
		"accepted after 1 attempt":              {Kind: Accepted, Attempts: 1},
		"rejected: not JSON":                    {Kind: Rejected, Reason: "not JSON"},
		"failed after 4 attempts: answered 500": {Kind: Failed, Attempts: 4, Reason: "answered 500"},
		"unsent":                                {Kind: Unsent},
		"OutcomeKind(0)":                        {},
	} {
		assert.Equal(t, want, o.String())
	}
	assert.Equal(t, "unknown connection endpoint", fmt.Sprint(ScopeUnknown, " ", ScopeConnection, " ", ScopeEndpoint))
	inScene(t, nil, nil, func(s *scene) {
		var verdicts []string
		for verdict, n := range s.sink.Stats().Verdicts {
			assert.Zero(s.t, n)
			verdicts = append(verdicts, verdict)
		}
		assert.ElementsMatch(s.t, []string{"accepted", "retry", "split", "reject", "pause", "cancelled"}, verdicts)
	})
}

// Those who have waited for the end of a Retry-After do not all come at once, to be sent away again.
func TestAfterARetryAfterOneGoesFirst(t *testing.T) {
	var n atomic.Int32
	inScene(t, nil, func(w http.ResponseWriter, _ request) {
		if n.Add(1) <= 3 {
			w.Header().Set("Retry-After", "10")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}, func(s *scene) {
		out := s.sends(s.t.Context(), batch(0, "a"), batch(1, "b"), batch(2, "c"), batch(3, "d"))
		assert.Equal(t, []string{"A", "A", "A", "A"}, out)
		assert.Equal(t, []time.Duration{0, 10 * sec, 20 * sec, 30 * sec, 30 * sec, 30 * sec, 30 * sec}, s.endpoint.times())
	})
}
