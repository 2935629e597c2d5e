package network

import (
	"crypto/tls"
	"encoding/pem"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// A server for tokens is another one than the endpoint: it has a name of its own, need not know HTTP/2, and is not behind the
// endpoint's Unix socket. The rules for addresses and the authorities are the same.
func TestRequestsForTokensHaveADialerOfTheirOwn(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "https://")
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	cfg := schema.DefaultSink()
	block, files := schema.DefaultNetwork(), schema.DefaultTLS()
	block.HTTPVersion, block.UnixSocket = schema.HTTPVersion2, filepath.Join(t.TempDir(), "none.sock")
	files.ServerName, files.CAFile = "endpoint.internal", ca
	cfg.Network, cfg.TLS = &block, &files
	d, err := New(&cfg, slog.New(slog.DiscardHandler), nil)
	require.NoError(t, err)
	d.Wrap(func(net.Conn) net.Conn { panic("the endpoint's alone") })
	c, err := d.ForTokens().Encrypted(t.Context(), "tcp", address)
	require.NoError(t, err)
	secure, isTLS := c.(*tls.Conn)
	require.True(t, isTLS)
	assert.Empty(t, secure.ConnectionState().NegotiatedProtocol)
	require.NoError(t, c.Close())
	_, err = d.Encrypted(t.Context(), "tcp", address)
	assert.ErrorContains(t, err, "none.sock", "the endpoint is where it was")

	block.Deny = []string{"loopback"}
	d, err = New(&cfg, slog.New(slog.DiscardHandler), nil)
	require.NoError(t, err)
	for _, dial := range []DialFunc{d.ForTokens().Encrypted, d.ForTokens().Plain} {
		_, err = dial(t.Context(), "tcp", address)
		var refused *RefusedError
		assert.ErrorAs(t, err, &refused)
	}
}
