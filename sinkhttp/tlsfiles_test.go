package sinkhttp

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// replace puts the content of one file in the place of another, as a renewal does.
func replace(t *testing.T, path, by string) {
	t.Helper()
	content, err := os.ReadFile(by)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path+".new", content, 0o600))
	require.NoError(t, os.Rename(path+".new", path))
}

// A client certificate that is renewed is used by the next connection. A request under way keeps its own, and files that do
// not fit together yet change nothing.
func TestTLSFilesAreReadAgainWhenTheyChange(t *testing.T) {
	clients := newAuthority(t)
	certFile, keyFile := clients.client(time.Now().Add(time.Hour))
	nextCert, nextKey := clients.client(time.Now().Add(2 * time.Hour))
	serial := func(path string) string {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		block, _ := pem.Decode(content)
		cert, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		return string(cert.Signature)
	}
	first, next := serial(certFile), serial(nextCert)
	pool := x509.NewCertPool()
	pool.AddCert(clients.cert)
	seen := make(chan string, 10)
	holding, held := make(chan struct{}), make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/7") {
			close(held)
			<-holding
		}
		seen <- string(r.TLS.PeerCertificates[0].Signature)
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, []byte("none yet"), 0o600))
	block := trust(ca, "")
	block.CertFile, block.KeyFile = certFile, keyFile
	cfg := config(t, server.URL+"/${partition}")
	cfg.TLS = block
	_, err := New(&cfg, Options{})
	require.ErrorContains(t, err, "tls: ca_file: no certificate in ")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	s := startAt(t, server.URL+"/${partition}", func(c *schema.Sink) { c.TLS = block })

	deliver := func() string {
		s.transport.CloseIdleConnections()
		assert.Equal(t, "A", kinds(send(t.Context(), s, batch(0, "a"))))
		return <-seen
	}
	assert.Equal(t, first, deliver())
	underWay := make(chan string)
	go func() { underWay <- kinds(send(t.Context(), s, batch(7, "a"))) }()
	<-held
	replace(t, certFile, nextCert) // the key is not there yet
	assert.Equal(t, first, deliver())
	replace(t, keyFile, nextKey)
	assert.Equal(t, next, deliver())
	close(holding)
	assert.Equal(t, "A", <-underWay)
	assert.Equal(t, first, <-seen)
	require.NoError(t, os.Remove(certFile))
	assert.Equal(t, next, deliver(), "a file that is gone changes nothing")
}

func TestMinVersionOfTLS(t *testing.T) {
	assert.Equal(t, schema.TLSVersion12, schema.DefaultTLS().MinVersion)
	cfg := config(t, "https://h/")
	cfg.TLS = &schema.TLS{}
	_, err := New(&cfg, Options{})
	require.EqualError(t, err, `tls: min_version: must be "1.2" or "1.3"`)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.TLS = &tls.Config{MaxVersion: tls.VersionTLS12, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	for version, want := range map[schema.TLSVersion]verdict{schema.TLSVersion12: accept, schema.TLSVersion13: pause} {
		s := startAt(t, server.URL, func(c *schema.Sink) {
			c.TLSDangerAcceptInvalidCerts = true
			c.TLS = &schema.TLS{MinVersion: version}
		})
		_, _, err := s.exchange(t.Context(), http.MethodPost, s.health, s.header, []byte("a"))
		if want == accept {
			assert.NoError(t, err)
			continue
		}
		require.Error(t, err)
		j := s.classifier.failure(err)
		assert.Equal(t, pause, j.verdict)
		assert.Equal(t, "the endpoint and iggysink have no TLS version in common", j.reason)
	}
}

// The other way round: an endpoint that is too old for us.
func TestAnEndpointWithAnOldTLSIsTold(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10} //nolint:gosec // what is refused here
	server.StartTLS()
	t.Cleanup(server.Close)
	s := startAt(t, server.URL, func(c *schema.Sink) { c.TLSDangerAcceptInvalidCerts = true })
	_, _, err := s.exchange(t.Context(), http.MethodPost, s.health, s.header, []byte("a"))
	require.Error(t, err)
	assert.Equal(t, "the endpoint and iggysink have no TLS version in common", s.classifier.failure(err).reason)
}

// What network refuses is a pause that says why, for deliveries and the health check.
func TestADeniedEndpointPauses(t *testing.T) {
	s := start(t, func(c *schema.Sink) {
		network := schema.DefaultNetwork()
		network.Deny = []string{"loopback"}
		c.Network = &network
	}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("nothing may arrive")
	}))
	_, _, err := s.exchange(t.Context(), http.MethodPost, s.health, s.header, []byte("a"))
	require.Error(t, err)
	j := s.classifier.failure(err)
	assert.Equal(t, pause, j.verdict)
	assert.Equal(t, "network.deny refuses 127.0.0.1 (loopback); add it to network.allow if it is meant", j.reason)
	assert.Equal(t, pause, s.checkHealth(t.Context(), http.MethodHead).verdict)
}

// An http endpoint behind an http proxy gets the whole url in the request line, and the proxy its credentials.
func TestAnHTTPEndpointBehindAProxy(t *testing.T) {
	asked := make(chan *http.Request, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r }))
	t.Cleanup(server.Close)
	s := startAt(t, "http://endpoint.test/größe/${topic}", func(c *schema.Sink) {
		block := schema.DefaultNetwork()
		block.Proxy = schema.NewSecret(strings.Replace(server.URL, "http://", "http://u:p@", 1))
		c.Network = &block
	})
	assert.Equal(t, "A", kinds(send(t.Context(), s, batch(0, "a"))))
	r := <-asked
	assert.Equal(t, "http://endpoint.test/gr%C3%B6%C3%9Fe/created", r.RequestURI)
	assert.Equal(t, "Basic dTpw", r.Header.Get("Proxy-Authorization"))
}
