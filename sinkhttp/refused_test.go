package sinkhttp

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"iggysink/schema"
)

// limit configures max_consecutive_rejects in individual mode, where every payload has to be JSON.
func limit(n int) func(*schema.Sink) {
	return func(c *schema.Sink) { c.BatchMode, c.MaxConsecutiveRejects = schema.BatchModeIndividual, n }
}

// refusals prepares n batches of one payload that is not JSON and returns the outcomes' kinds.
func (s *scene) refusals(n int) string {
	var out strings.Builder
	for range n {
		p, refused := s.sink.Prepare(batch(0, "bad"))
		assert.Nil(s.t, p)
		out.WriteString(kinds(refused))
	}
	return out.String()
}

func TestRejectsOfPrepareTripTheGateAndAreNotReturned(t *testing.T) {
	inScene(t, limit(3), nil, func(s *scene) {
		assert.Equal(t, "RRUUU", s.refusals(5))
		state, _ := s.sink.State()
		assert.Equal(t, State{Paused: true, Reason: tooManyRejects, Since: time.Now(), Until: time.Now().Add(5 * sec)}, state)
		assert.Equal(t, uint64(2), s.sink.Stats().Rejected)
		assert.Equal(t, "A", kinds(send(s.t.Context(), s.sink, batch(1, `1`))))
		assert.Equal(t, []time.Duration{5 * sec}, s.endpoint.times(), "an accepted probe opens it")
		assert.Equal(t, "RRU", s.refusals(3), "and the count begins again")
	})
}

func TestAWholeBatchThatReachesTheNumberIsUnsent(t *testing.T) {
	inScene(t, func(c *schema.Sink) { batches(c); c.MaxConsecutiveRejects = 3 }, nil, func(s *scene) {
		_, out := s.sink.Prepare(batch(0, "bad", "bad", "bad", "bad"))
		assert.Equal(t, "UUUU", kinds(out))
	})
}

func TestRefusalsInAPauseLengthenItOncePerCooldown(t *testing.T) {
	inScene(t, limit(1), nil, func(s *scene) {
		var ends []time.Duration
		for range 4 {
			assert.Equal(t, "UUUU", s.refusals(4)) // as of four partitions
			state, _ := s.sink.State()
			ends = append(ends, time.Until(state.Until))
			time.Sleep(time.Until(state.Until))
		}
		assert.Equal(t, []time.Duration{5 * sec, 10 * sec, 20 * sec, 40 * sec}, ends)
	})
}

func TestAnAcceptanceBeginsTheCountAgain(t *testing.T) {
	inScene(t, limit(3), nil, func(s *scene) {
		assert.Equal(t, "RR", s.refusals(2))
		assert.Equal(t, "A", kinds(send(s.t.Context(), s.sink, batch(0, `1`))))
		assert.Equal(t, "RRU", s.refusals(3))
	})
}

// Rejects of Prepare and of the endpoint are one count, and a batch of both counts when Send knows that nothing of it
// was accepted.
func TestRejectsOfBothSidesAreOneCount(t *testing.T) {
	reply := func(w http.ResponseWriter, r request) {
		if r.body != "9\n" {
			w.WriteHeader(http.StatusBadRequest)
		}
	}
	inScene(t, func(c *schema.Sink) { batches(c); c.MaxConsecutiveRejects = 4 }, reply, func(s *scene) {
		assert.Equal(t, "RRA", kinds(send(s.t.Context(), s.sink, batch(0, "bad", "bad", "9"))), "accepted: nothing counts")
		assert.Equal(t, "RRR", kinds(send(s.t.Context(), s.sink, batch(0, "bad", "bad", "1"))), "three")
		state, _ := s.sink.State()
		assert.False(t, state.Paused)
		_, out := s.sink.Prepare(batch(0, "bad"))
		assert.Equal(t, "U", kinds(out), "and one")
	})
}

func TestResumeEndsAPauseOfRefusals(t *testing.T) {
	inScene(t, limit(2), nil, func(s *scene) {
		assert.Equal(t, "RU", s.refusals(2))
		s.sink.Resume()
		assert.Equal(t, "RU", s.refusals(2))
	})
}

func TestWhereRejectsBlockOrHaveNoNumberPrepareCountsNothing(t *testing.T) {
	for _, change := range []func(*schema.Sink){
		func(c *schema.Sink) { limit(2)(c); c.OnRejected = schema.OnRejectedBlock }, limit(0),
	} {
		inScene(t, change, nil, func(s *scene) {
			assert.Equal(t, strings.Repeat("R", 200), s.refusals(200))
			state, _ := s.sink.State()
			assert.False(t, state.Paused)
		})
	}
}
