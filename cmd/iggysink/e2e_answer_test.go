package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyserver/iggytest"
)

// What an endpoint says about a message it refuses is in the dead letter, without what it echoes of our secrets; and the
// log names the message.
func TestADeadLetterSaysWhatTheEndpointSaid(t *testing.T) {
	over(t, testADeadLetterSaysWhatTheEndpointSaid)
}

func testADeadLetterSaysWhatTheEndpointSaid(t *testing.T, in inlet) {
	t.Parallel()
	s := newSceneOver(t, in, iggytest.Unique(t, "said"), 1, "orders")
	s.publishEach("orders", 1, 1)
	e := newIngest(t, func(w http.ResponseWriter, _ *received) int {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"no such customer","you":"Bearer very-secret-token"}`)
		return 0
	})
	path := s.config("sink", fmt.Sprintf(outageSink, e.url(), `headers = { Authorization = "Bearer very-secret-token" }`))
	p := s.spawn("run", "--once", path)
	require.Equal(t, exitOK, p.wait())
	text, err := os.ReadFile(filepath.Join(s.dir, "dead.ndjson"))
	require.NoError(t, err)
	require.Contains(t, string(text), `"response_body":"{\"error\":\"no such customer\",\"you\":\"(sensitive)\"}"`)
	require.NotContains(t, string(text), "very-secret-token")
	p.said(`a message went to the dead letters.*partition=0 offset=0 status=400`)
	require.NotContains(t, p.text(), "unsettled messages")
}
