package sinkhttp

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"iggysink/schema"
)

const sec = time.Second

func TestAcceptedAtOnce(t *testing.T) {
	inScene(t, nil, nil, func(s *scene) {
		out := send(s.t.Context(), s.sink, batch(0, "a", "b"))
		assert.Equal(t, []Outcome{{Index: 0, Kind: Accepted, Status: 200, Attempts: 1}, {Index: 1, Kind: Accepted, Status: 200, Attempts: 1}}, out)
		assert.Equal(t, []string{"a", "b"}, s.endpoint.bodies())
	})
}

func TestRetryWaitsGrowFromRetryDelayToMaxRetryDelay(t *testing.T) {
	inScene(t, func(c *schema.Sink) { c.MaxRetries, c.MaxRetryDelay = 5, schema.Duration(4*sec) },
		answers(500, 502, 504, 408, 425, 200), func(s *scene) {
			assert.Equal(t, "A", kinds(send(s.t.Context(), s.sink, batch(0, "a"))))
			assert.Equal(t, []time.Duration{0, 1 * sec, 3 * sec, 7 * sec, 11 * sec, 15 * sec}, s.endpoint.times())
			assert.Equal(t, uint64(5), s.sink.Stats().Retries)
		})
}

func TestRetryAfterHoldsTheWholeSinkAndCostsNoRetry(t *testing.T) {
	var n atomic.Int32
	inScene(t, func(c *schema.Sink) { c.MaxRetries = 0 }, func(w http.ResponseWriter, r request) {
		if r.body == "a" && n.Add(1) <= 3 {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(429)
		}
	}, func(s *scene) {
		done := make(chan string)
		go func() { done <- kinds(send(s.t.Context(), s.sink, batch(0, "a"))) }()
		time.Sleep(sec)
		go func() { done <- kinds(send(s.t.Context(), s.sink, batch(1, "b"))) }()
		assert.Equal(t, "A", <-done)
		assert.Equal(t, "A", <-done)
		assert.Equal(t, 7*sec, s.endpoint.times()[1])
	})
}
