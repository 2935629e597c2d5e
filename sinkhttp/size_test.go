package sinkhttp

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"iggysink/schema"
)

func TestSizeGrowsAgainAndEachErrorMakesItSlower(t *testing.T) {
	var z size
	assert.Equal(t, 1000, z.largest(1000))
	assert.Zero(t, z.largest(0))
	z.refused(800)
	assert.Equal(t, 400, z.largest(1000))
	assert.Equal(t, 300, z.largest(300), "the configured one where it is less")
	z.refused(900)
	assert.Equal(t, 400, z.largest(0), "a refusal from before the bound was lowered tells nothing")

	accept := func(n, times int) int {
		for range times {
			z.accepted(n)
		}
		return z.largest(0)
	}
	assert.Equal(t, 400, accept(200, 10_000), "a small one says nothing")
	assert.Equal(t, 400, accept(201, sizeTrials-1))
	assert.Equal(t, 800, accept(400, 1))
	z.refused(800)
	assert.Equal(t, 400, accept(400, 2*sizeTrials-1))
	assert.Equal(t, 800, accept(400, 1))
	for range 20 {
		z.refused(800)
		accept(400, maxSizeTrials)
	}
	z.refused(800)
	assert.Equal(t, 400, accept(400, maxSizeTrials-1))
	assert.Equal(t, 800, accept(400, 1))
	assert.Equal(t, 1600, accept(800, maxSizeTrials), "and not refused")
	assert.Equal(t, 3200, accept(1600, sizeTrials), "so it need not take so long any more")
}

// An endpoint whose limit is raised gets large requests again; one whose limit stays refuses few of them.
func TestSizeFollowsTheEndpoint(t *testing.T) {
	limit, refused := 40, 0
	reply := func(w http.ResponseWriter, r request) {
		if len(r.body) > limit {
			refused++
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
	}
	ten := strings.Split(strings.Repeat("123456789,", 10), ",")[:10] // 100 bytes
	inScene(t, func(c *schema.Sink) { batches(c) }, reply, func(s *scene) {
		for range 1000 {
			assert.Equal(t, "AAAAAAAAAA", kinds(send(s.t.Context(), s.sink, batch(0, ten...))))
		}
		assert.Equal(t, 25, s.sink.size.largest(0))
		assert.Less(t, refused, 10)
		limit = 1000
		for range 1200 {
			assert.Equal(t, "AAAAAAAAAA", kinds(send(s.t.Context(), s.sink, batch(0, ten...))))
		}
		all := s.endpoint.bodies()
		assert.Len(t, all[len(all)-1], 100)
	})
}
