package verify

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/sinkhttp"
)

// socketEndpoint is an endpoint on a unix socket, which no address of network.deny covers.
func socketEndpoint(t *testing.T) (path string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "sock") // a short path: sockets have a bound
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path = filepath.ToSlash(filepath.Join(dir, "s"))
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", path)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return path
}

// What a configuration denies is not reached by any way that a sink has to the network: no connection is made, neither for a
// message nor for a credential. Without deny the same configuration delivers, so that deny alone is the reason.
func TestDeniedServersGetNothing(t *testing.T) {
	for _, tt := range []struct{ name, attributes, network string }{
		{"endpoint", `url = "http://ADDRESS/in"`, ""},
		{"token_url", `url = "http://endpoint.test/in"
  auth "oauth2" {
    token_url     = "http://ADDRESS/token"
    client_id     = "iggy"
    client_secret = env("IGGY")
  }`, `unix_socket = "SOCKET"`},
		{"proxy", `url = "http://endpoint.test/in"`, `proxy = "http://ADDRESS"`},
	} {
		for _, deny := range []string{`["loopback"]`, `["127.0.0.0/8"]`, `[]`} {
			t.Run(tt.name+deny, func(t *testing.T) { deliverWithDeny(t, tt.attributes, tt.network, deny) })
		}
	}
}

func deliverWithDeny(t *testing.T, attributes, network, deny string) {
	t.Helper()
	connections := make(chan struct{}, 100)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token": "t", "token_type": "Bearer", "expires_in": 3600}`)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections <- struct{}{}
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	text := fmt.Sprintf("  max_retries = 0\n  %s\n  network {\n    deny = %s\n    %s\n  }\n", attributes, deny, network)
	text = strings.NewReplacer("ADDRESS", server.Listener.Addr().String(), "SOCKET", socketEndpoint(t)).Replace(text)
	outcomes := newSink(t, text, options{}).Deliver(t.Context(), batch(0, `{"id": 1}`))
	require.Len(t, outcomes, 1)
	if deny == "[]" {
		assert.Equal(t, sinkhttp.Accepted, outcomes[0].Kind, "%v", outcomes[0])
		assert.NotEmpty(t, connections)
		return
	}
	assert.NotEqual(t, sinkhttp.Accepted, outcomes[0].Kind)
	assert.NotEqual(t, sinkhttp.Rejected, outcomes[0].Kind, "it is not the message's fault")
	assert.Contains(t, outcomes[0].Reason, "network.deny refuses 127.0.0.1")
	assert.Empty(t, connections)
}
