package iggyserver

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheHTTPFaceBoundsItsConnections(t *testing.T) {
	f := &face{conns: map[net.Conn]struct{}{}}
	clients := make([]net.Conn, maxHTTPConn+1)
	for i := range clients {
		var server net.Conn
		clients[i], server = net.Pipe()
		t.Cleanup(func() { _ = server.Close() })
		f.track(server, http.StateNew)
	}
	last := clients[maxHTTPConn]
	_, err := last.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "one more ends at once")
	require.NoError(t, clients[0].SetReadDeadline(time.Unix(1, 0)))
	_, err = clients[0].Read(make([]byte, 1))
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded, "the others are open")
}

func TestTheHTTPFaceBoundsItsTokens(t *testing.T) {
	s, err := Start(Options{Now: newClock().Now, HTTPAddress: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	s.mu.Lock()
	var last string
	for range maxTokens + 100 {
		last, _ = s.face.newToken()
	}
	assert.Len(t, s.face.tokens, maxTokens)
	assert.Contains(t, s.face.tokens, last)
	for i := range maxTokens {
		s.face.access[fmt.Sprint("token-", i)] = "x"
	}
	s.mu.Unlock()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.HTTPAddr()+"/personal-access-tokens",
		strings.NewReader(`{"name": "one-more", "expiry": 0}`))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+last)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	_ = response.Body.Close()
	assert.Equal(t, http.StatusBadRequest, response.StatusCode)
}
