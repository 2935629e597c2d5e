package sinkhttp

import (
	"bytes"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
)

// However long the answer of a bulk API is, what is read of it has a bound, and the request is made again.
func TestAnEndlessBulkAnswerIsReadUpToItsBound(t *testing.T) {
	const length = 200 << 20
	for _, announced := range []bool{true, false} {
		var n atomic.Int32
		var taken int // by the client; what is in a buffer of the server is counted as well
		inScene(t, elastic, func(w http.ResponseWriter, r request) {
			if n.Add(1) > 1 {
				bulk(func(string) int { return 200 })(w, r)
				return
			}
			if announced {
				w.Header().Set("Content-Length", strconv.Itoa(length))
			}
			for block := bytes.Repeat([]byte(" "), 64<<10); taken < length; {
				written, err := w.Write(block)
				if taken += written; err != nil {
					return
				}
			}
		}, func(s *scene) {
			assert.Equal(t, "A", kinds(inOrder(s, orders(0, "1"))))
			assert.Len(t, s.endpoint.requests(), 2)
			assert.Equal(t, uint64(1), s.sink.Stats().Retries)
		})
		assert.Greater(t, taken, maxItemsAnswer)
		assert.Less(t, taken, maxItemsAnswer+1<<20)
	}
}
