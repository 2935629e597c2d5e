package iggyhttp_test

import (
	"encoding/pem"
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyhttp"
	"iggysink/internal/relay/sourcetest"
	"iggysink/schema"
)

// front is a server that ends TLS before Iggy, and a file with its authority.
func front(t *testing.T, w *world) (address, authority string) {
	t.Helper()
	proxy := httptest.NewTLSServer(httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: w.server.Address}))
	t.Cleanup(proxy.Close)
	authority = filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw})
	require.NoError(t, os.WriteFile(authority, text, 0o600))
	return strings.TrimPrefix(proxy.URL, "https://"), authority
}

// through makes the world's sources use an address and TLS settings.
func (w *world) through(address string, tls *schema.IggyTLS) {
	w.server = settings(address)
	w.server.TLS = tls
	w.account = iggyhttp.NewAccount(w.server)
}

func TestTLS(t *testing.T) {
	w := testWorld(t, 2)
	address, authority := front(t, w)
	w.through(address, &schema.IggyTLS{CAFile: authority, ServerName: "example.com"})
	w.send(0, "a", "b")
	w.send(1, "c")
	run := w.start(committing)
	run.UntilCount(3)
	require.NoError(t, run.Stop())
	assert.Equal(t, 1, w.Stored(0))
	assert.Equal(t, 0, w.Stored(1))
}

// A server that cannot be trusted is not logged in to; waiting mends nothing.
func TestTLSThatIsNotTrusted(t *testing.T) {
	for name, tt := range map[string]struct {
		settings func(authority string) *schema.IggyTLS
		want     string
	}{
		"unknown authority": {func(string) *schema.IggyTLS { return &schema.IggyTLS{ServerName: "example.com"} }, "certificate"},
		"another name": {func(authority string) *schema.IggyTLS {
			return &schema.IggyTLS{CAFile: authority, ServerName: "iggy.example.org"}
		}, "iggy.example.org"},
		"no file": {func(string) *schema.IggyTLS { return &schema.IggyTLS{CAFile: "missing.pem"} }, "missing.pem"},
	} {
		t.Run(name, func(t *testing.T) {
			w := testWorld(t, 1)
			address, authority := front(t, w)
			w.through(address, tt.settings(authority))
			err := w.start(sourcetest.Settings{}).End()
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// TLS to a plain server, and plain text to one with TLS: each says which it is.
func TestTLSOnOneSideOnly(t *testing.T) {
	t.Run("plain server", func(t *testing.T) {
		w := testWorld(t, 1)
		w.through(w.server.Address, &schema.IggyTLS{})
		w.start(sourcetest.Settings{})
		w.logs.await(t, "the server does not speak TLS there")
	})
	t.Run("a client in plain text, and an alert as the answer", func(t *testing.T) {
		w := testWorld(t, 1)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		var served sync.WaitGroup
		served.Go(func() {
			for {
				c, err := listener.Accept()
				if err != nil {
					return
				}
				_, _ = c.Read(make([]byte, 4096))
				_, _ = c.Write([]byte("\x15\x03\x03\x00\x02\x02\x16"))
				_ = c.Close()
			}
		})
		t.Cleanup(func() {
			_ = listener.Close()
			served.Wait()
		})
		w.through(listener.Addr().String(), nil)
		w.start(sourcetest.Settings{})
		w.logs.await(t, "the server speaks TLS there")
	})
	t.Run("a client in plain text", func(t *testing.T) {
		w := testWorld(t, 1)
		address, _ := front(t, w)
		w.through(address, nil)
		w.start(sourcetest.Settings{})
		w.logs.await(t, "the server speaks TLS there")
	})
}
