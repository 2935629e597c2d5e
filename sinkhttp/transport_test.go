package sinkhttp

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// authority signs client certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{t, cert, key}
}

// client writes a certificate that is valid until then, and its key.
func (a *authority) client(until time.Time) (certFile, keyFile string) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "client"}, NotBefore: until.Add(-48 * time.Hour),
		NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	require.NoError(a.t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a.t, err)
	dir := a.t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write := func(file, kind string, der []byte) {
		require.NoError(a.t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	}
	write(certFile, "CERTIFICATE", der)
	write(keyFile, "PRIVATE KEY", secret)
	return certFile, keyFile
}

func TestClientCertificates(t *testing.T) {
	clients := newAuthority(t)
	good, goodKey := clients.client(time.Now().Add(time.Hour))
	expired, expiredKey := clients.client(time.Now().Add(-time.Hour))
	foreign, foreignKey := newAuthority(t).client(time.Now().Add(time.Hour))
	pool := x509.NewCertPool()
	pool.AddCert(clients.cert)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
		server.TLS = &tls.Config{
			ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: version, MaxVersion: version,
		}
		server.StartTLS()
		t.Cleanup(server.Close)
		ca := filepath.Join(t.TempDir(), "ca.pem")
		require.NoError(t, os.WriteFile(ca,
			pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
		judge := func(cert, key string) judgement {
			s := startAt(t, server.URL, func(c *schema.Sink) {
				c.TLS = trust(ca, "")
				c.TLS.CertFile, c.TLS.KeyFile = cert, key
			})
			a, _, err := s.exchange(t.Context(), http.MethodPost, s.health, s.header, []byte("a"))
			if err != nil {
				return s.classifier.failure(err)
			}
			return s.classifier.response(a.status, a.header, 1, time.Now())
		}
		assert.Equal(t, accept, judge(good, goodKey).verdict)
		for _, pair := range [][2]string{{expired, expiredKey}, {foreign, foreignKey}, {"", ""}} {
			j := judge(pair[0], pair[1])
			assert.NotEqual(t, accept, j.verdict)
			if version == tls.VersionTLS12 { // with 1.3 the alert races with what the client already writes
				assert.Equal(t, pause, j.verdict)
				assert.Contains(t, j.reason, "client certificate")
			}
		}
	}
}

// The endpoint ends a kept-alive connection just as a request is written to it. The request is made once more, at once, and
// that is an attempt like any other.
func TestAConnectionThatEndsUnderARequestCostsNoRetry(t *testing.T) {
	conns := 0
	url := rawServer(t, func(n int, c net.Conn) {
		conns = n + 1
		r := bufio.NewReader(c)
		for i := range 2 {
			request, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, request.Body)
			if i == 0 {
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			} // the second one was read, so it was written before the connection ended
		}
	})
	s := startAt(t, url, func(c *schema.Sink) { c.MaxRetries = 0 })
	for i := range 10 {
		out := send(t.Context(), s, batch(0, "a"))
		assert.Equal(t, "A", kinds(out))
		assert.Equal(t, min(i+1, 2), out[0].Attempts)
	}
	assert.Equal(t, uint64(19), s.Stats().Requests)
	assert.Equal(t, uint64(9), s.Stats().Verdicts["retry"])
	s.Close()
	assert.Equal(t, 10, conns, "each request but the first one is made on the old connection and on a new one")
}

func TestProxiesOfTheEnvironmentAreIgnored(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"} {
		t.Setenv(name, "http://proxy.test:3128")
	}
	for url, want := range map[string]string{"http://endpoint.test/": "endpoint.test:80", "https://endpoint.test/": "endpoint.test:443"} {
		cfg := config(t, url)
		var dialled string
		s, err := New(&cfg, Options{Dial: func(_ context.Context, _, addr string) (net.Conn, error) {
			dialled = addr
			return nil, errors.New("no")
		}})
		require.NoError(t, err)
		_, _, err = s.exchange(t.Context(), http.MethodPost, s.health, s.header, []byte("a"))
		assert.Error(t, err)
		assert.Equal(t, want, dialled)
		s.Close()
	}
}
