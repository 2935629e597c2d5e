package sinkhttp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/schema"
)

// pemFile writes certificates to a file.
func pemFile(t *testing.T, der ...[]byte) string {
	t.Helper()
	var text []byte
	for _, one := range der {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one})...)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

// encrypted is an https endpoint on the loopback with a certificate of a.
func (a *authority) encrypted(until time.Time, name string, handler http.Handler) string {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: until.Add(-400 * 24 * time.Hour),
		NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if name == "" {
		template.DNSNames, template.IPAddresses = nil, []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	require.NoError(a.t, err)
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.StartTLS()
	a.t.Cleanup(server.Close)
	return server.URL
}

// inspect returns what Inspect says of a sink to a URL, a line for each check.
func inspect(t *testing.T, target string, configure func(*schema.Sink)) string {
	t.Helper()
	s := startAt(t, target, func(c *schema.Sink) {
		c.HealthCheckEnabled = true
		if configure != nil {
			configure(c)
		}
	})
	var lines []string
	for _, c := range s.Inspect(t.Context()) {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", c.Name, c.State, c.Detail)))
	}
	return strings.Join(lines, "\n")
}

func TestInspectGoesStepByStep(t *testing.T) {
	var messages atomic.Int32
	well := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			messages.Add(1)
		}
	})
	plain := httptest.NewServer(well)
	defer plain.Close()
	at := strings.TrimPrefix(plain.URL, "http://")
	assert.Equal(t, "address ok "+at+": 127.0.0.1\nconnect ok "+at+"\nhealth ok the health check passes", inspect(t, plain.URL, nil))
	assert.Equal(t, "address ok "+at+": 127.0.0.1\nconnect ok "+at+"\nhealth skipped health_check_enabled = false",
		inspect(t, plain.URL, func(c *schema.Sink) { c.HealthCheckEnabled = false }))
	assert.Equal(t, "address failed "+at+": 127.0.0.1 (refused by network.deny: loopback)\nconnect skipped\nhealth skipped",
		inspect(t, plain.URL, func(c *schema.Sink) {
			block := schema.DefaultNetwork()
			block.Deny = []string{"loopback"}
			c.Network = &block
		}))
	ill := httptest.NewServer(http.NotFoundHandler())
	defer ill.Close()
	assert.Contains(t, inspect(t, ill.URL, nil), "\nhealth failed answered 404 Not Found")

	closed := httptest.NewServer(well)
	closed.Close()
	at = strings.TrimPrefix(closed.URL, "http://")
	assert.Equal(t, "address ok "+at+": 127.0.0.1\nconnect failed connection refused\nhealth skipped", inspect(t, closed.URL, nil))
	assert.Regexp(t, `^address failed nosuch\.invalid:80: the host name (does not exist|could not be resolved)\nconnect skipped\nhealth skipped$`,
		inspect(t, "http://nosuch.invalid/", nil))
	assert.Zero(t, messages.Load(), "no message was sent")
}

func TestInspectLooksAtCertificates(t *testing.T) {
	a := newAuthority(t)
	ca := pemFile(t, a.cert.Raw)
	well := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	trusting := func(c *schema.Sink) { c.TLS = trust(ca, "") }
	day := 24 * time.Hour
	soon := time.Now().Add(10*day + time.Hour)
	for _, tt := range []struct {
		name      string
		url       string
		configure func(*schema.Sink)
		want      string
	}{
		{"good", a.encrypted(time.Now().Add(100*day+time.Hour), "", well), trusting, "tls ok 100 days left: "},
		{"soon", a.encrypted(soon, "", well), trusting, "tls warning ends in 10 days: "},
		{"the end is told", a.encrypted(soon, "", well), trusting, " until " + soon.UTC().Format(time.DateOnly)},
		{"expired", a.encrypted(time.Now().Add(-day), "", well), trusting, "tls failed the endpoint's certificate has expired or is not valid yet: "},
		{"unknown authority", a.encrypted(soon, "", well), nil, "tls failed the endpoint's certificate is signed by an unknown authority: "},
		{"other name", a.encrypted(soon, "other.example", well), trusting,
			"tls failed the endpoint's certificate is for another name: other.example until "},
		{"not checked", a.encrypted(time.Now().Add(-day), "other.example", well), func(c *schema.Sink) { c.TLSDangerAcceptInvalidCerts = true },
			"tls warning not checked (tls_danger_accept_invalid_certs): other.example until "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := inspect(t, tt.url, tt.configure)
			assert.Contains(t, got, tt.want)
			if strings.Contains(tt.want, "failed") {
				assert.Contains(t, got, "\nhealth skipped")
			} else {
				assert.Contains(t, got, "\nhealth ok")
			}
		})
	}
	plain := httptest.NewServer(well)
	defer plain.Close()
	assert.Contains(t, inspect(t, strings.Replace(plain.URL, "http:", "https:", 1), nil), "tls failed the endpoint does not speak TLS")
}

// An endpoint that takes connections and never says anything costs each step its time, and no more.
func TestInspectIsBoundedInTime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close() //nolint:errcheck // nothing is left to lose
	quick := func(c *schema.Sink) {
		c.Timeout = schema.Duration(50 * time.Millisecond)
		block := schema.DefaultNetwork()
		block.ConnectTimeout = schema.Duration(50 * time.Millisecond)
		c.Network = &block
	}
	assert.Contains(t, inspect(t, "https://"+l.Addr().String(), quick), "\ntls failed ")
	assert.Contains(t, inspect(t, "http://"+l.Addr().String(), quick), "\nhealth failed no answer within 50ms")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := startAt(t, "http://"+l.Addr().String(), nil)
	for _, c := range s.Inspect(ctx) {
		assert.True(t, c.State != CheckOK || c.Name == "address", "%v", c) // an address needs no resolver
	}
}

func TestInspectGoesByTheProxy(t *testing.T) {
	endpoint := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer endpoint.Close()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != strings.TrimPrefix(endpoint.URL, "http://") {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer proxy.Close()
	by := func(c *schema.Sink) {
		block := schema.DefaultNetwork()
		block.Proxy = schema.NewSecret(strings.Replace(proxy.URL, "://", "://user:canary@", 1))
		c.Network = &block
	}
	at := strings.TrimPrefix(proxy.URL, "http://")
	got := inspect(t, endpoint.URL, by)
	assert.Equal(t, "address ok the proxy "+at+": 127.0.0.1\nconnect ok "+strings.TrimPrefix(endpoint.URL, "http://")+" by the proxy "+at+
		"\nhealth ok the health check passes", got)
	assert.Contains(t, inspect(t, "http://169.254.169.254/", by), "address failed the proxy "+at+": 127.0.0.1; network.deny refuses 169.254.169.254")
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	defer refusing.Close()
	assert.Contains(t, inspect(t, "https://endpoint.example/", func(c *schema.Sink) {
		block := schema.DefaultNetwork()
		block.Proxy = schema.NewSecret(refusing.URL)
		c.Network = &block
	}), "connect failed the proxy asks for credentials, or for other ones (407); set them in network.proxy\ntls skipped")
}

func TestInspectFetchesCredentials(t *testing.T) {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer endpoint.Close()
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/good":
			_, _ = io.WriteString(w, `{"access_token":"canary","token_type":"bearer","expires_in":3600}`)
		case "/endless":
			_, _ = io.WriteString(w, `{"access_token":"canary","token_type":"bearer"}`)
		default:
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":"invalid_client","error_description":"canary"}`)
		}
	}))
	defer tokens.Close()
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("canary"), 0o600))
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "canary")
	oauth := func(at string) *schema.Auth {
		b := schema.DefaultAuthOauth2()
		b.TokenURL, b.ClientID, b.ClientSecret = schema.NewSecret(at), "me", schema.NewSecret("canary")
		return &schema.Auth{Oauth2: &b}
	}
	for _, tt := range []struct {
		auth *schema.Auth
		want string
	}{
		{&schema.Auth{Basic: &schema.AuthBasic{Type: "basic", Username: "u", Password: schema.NewSecret("canary")}}, "credentials ok as configured\nhealth ok"},
		{&schema.Auth{Bearer: &schema.AuthBearer{Type: "bearer", TokenFile: file}}, "credentials ok the token of token_file\nhealth ok"},
		{oauth(tokens.URL + "/good"), "credentials ok an access token for "},
		{oauth(tokens.URL + "/endless"), "credentials ok an access token, whose end the token endpoint does not tell\nhealth ok"},
		{oauth(tokens.URL + "/bad"), "credentials failed the token endpoint answered 401 Unauthorized (invalid_client)\nhealth failed "},
		{oauth("http://127.0.0.1:1/"), "credentials failed the token endpoint cannot be reached, or its answer is not a token: connection refused"},
		{oauth("http://169.254.169.254/"), ": network.deny refuses 169.254.169.254 (metadata)"},
		{&schema.Auth{AwsSigv4: &schema.AuthAwsSigv4{Type: "aws_sigv4", Region: "eu-central-1", Service: "lambda"}},
			"credentials ok AWS credentials of "},
	} {
		got := inspect(t, endpoint.URL, func(c *schema.Sink) { c.Auth = tt.auth })
		assert.Contains(t, got, tt.want)
		assert.NotContains(t, got, "canary")
	}
}

func TestInspectGoesToAUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(l)
	}()
	got := inspect(t, "http://app.example/", func(c *schema.Sink) {
		block := schema.DefaultNetwork()
		block.UnixSocket = path
		c.Network = &block
	})
	assert.Equal(t, "address ok the Unix socket "+path+"\nconnect ok "+path+"\nhealth ok the health check passes", got)
	require.NoError(t, server.Close())
	<-served
}
