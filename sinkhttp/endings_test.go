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
		assert.Equal(t, "FF", kinds(send(s.t.Context(), s.sink, batch(0, "1", "2"))))
		assert.Equal(t, "RA", kinds(send(s.t.Context(), s.sink, batch(0, "1", "2"))))
		ctx, cancel := context.WithTimeout(s.t.Context(), sec)
		defer cancel()
		assert.Equal(t, "U", kinds(send(ctx, s.sink, batch(0, "3"))))
		assert.Equal(t, Stats{
			Accepted: 1, Rejected: 1, Failed: 2, Requests: 6, Retries: 1, Bytes: 3*4 + 3*2,
			Verdicts: map[string]uint64{"accepted": 1, "retry": 1, "split": 1, "reject": 1, "pause": 1, "cancelled": 1},
		}, s.sink.Stats())
		time.Sleep(2 * time.Hour) // the handler ends
	})
}

func TestCloseLogsTheStatistics(t *testing.T) {
	inScene(t, func(c *schema.Sink) { c.MaxConsecutiveRejects = 0 }, replies(map[string]int{"bad": 400}), func(s *scene) {
		send(s.t.Context(), s.sink, batch(0, "a", "bad", "b"))
		s.sink.Close()
		assert.Contains(t, s.log.String(), `level=INFO msg="the sink has ended" sink=orders accepted=2 rejected=1 failed=0 `+
			`requests=3 retries=0 bytes=5`)
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
