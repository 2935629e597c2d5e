package sinkhttp

import (
	"crypto/tls"
	"encoding/pem"
	"log/slog"
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

func TestNewNamesTheAttributeAtFaultAndNoValue(t *testing.T) {
	secret := schema.Literal("canary\n")
	for want, change := range map[string]func(*schema.Sink){
		`url: is empty`:           func(c *schema.Sink) { c.URL = schema.Template{} },
		`url: is not a valid URL`: func(c *schema.Sink) { c.URL, _ = schema.ParseTemplate("http://canary:x/%zz") },
		`url: must be an http or https URL; other schemes are not allowed`: func(c *schema.Sink) {
			c.URL, _ = schema.ParseTemplate("ftp://canary/")
		},
		`success_status_codes: must have at least one code`:              func(c *schema.Sink) { c.SuccessStatusCodes = nil },
		`success_status_codes: 999 is not a status code from 200 to 599`: func(c *schema.Sink) { c.SuccessStatusCodes = []int{999} },
		`retry_status_codes: 100 is not a status code from 200 to 599`:   func(c *schema.Sink) { c.RetryStatusCodes = []int{100} },
		`headers: "X Y" is not a valid header name`: func(c *schema.Sink) {
			c.Headers = map[string]schema.Template{"X Y": secret}
		},
		`headers: the value of "X-Y" has a character that is not allowed`: func(c *schema.Sink) {
			c.Headers = map[string]schema.Template{"X-Y": secret}
		},
		`health_check_url: is required where url has ${stream}, ${topic} or ${partition}`: func(c *schema.Sink) {
			c.HealthCheckEnabled = true
			c.URL, _ = schema.ParseTemplate("http://h/${topic}")
		},
	} {
		cfg := config(t, "http://h/")
		change(&cfg)
		_, err := New(&cfg, Options{})
		require.Error(t, err, want)
		assert.Equal(t, want, err.Error())
	}
}

func TestHeadersOfARequest(t *testing.T) {
	inScene(t, func(c *schema.Sink) {
		c.ContentType = "text/csv"
		c.Headers = map[string]schema.Template{"authorization": schema.Literal("Bearer x"), "content-TYPE": schema.Literal("a/b")}
	}, nil, func(s *scene) {
		send(s.t.Context(), s.sink, batch(0, "a"))
		assert.Equal(t, http.Header{"Authorization": {"Bearer x"}, "Content-Type": {"text/csv"}, "User-Agent": {"iggysink"},
			"Content-Length": {"1"}}, s.endpoint.requests()[0].header)
		assert.Contains(t, s.log.String(), "Content-Type has no effect")
	})
}

func TestTLS(t *testing.T) {
	serve := func(clientAuth tls.ClientAuthType) *httptest.Server {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
		server.TLS = &tls.Config{ClientAuth: clientAuth, MinVersion: tls.VersionTLS12}
		server.StartTLS()
		t.Cleanup(server.Close)
		return server
	}
	server := serve(tls.NoClientCert)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	judge := func(change func(*schema.Sink)) judgement {
		s := startAt(t, server.URL, change)
		a, _, err := s.exchange(t.Context(), http.MethodPost, s.health, s.header, []byte("a"))
		if err != nil {
			return s.classifier.failure(err)
		}
		return s.classifier.response(a.status, a.header, 1, time.Time{})
	}
	assert.Equal(t, accept, judge(func(c *schema.Sink) { c.TLS = trust(ca, "") }).verdict)
	assert.Equal(t, accept, judge(func(c *schema.Sink) { c.TLS = trust(ca, "example.com") }).verdict)
	assert.Equal(t, accept, judge(func(c *schema.Sink) { c.TLSDangerAcceptInvalidCerts = true }).verdict)
	j := judge(nil)
	assert.Equal(t, pause, j.verdict)
	assert.Equal(t, "the endpoint's certificate is signed by an unknown authority", j.reason)
	j = judge(func(c *schema.Sink) { c.TLS = trust(ca, "other.test") })
	assert.Equal(t, pause, j.verdict)
	assert.Equal(t, "the endpoint's certificate is for another name", j.reason)

	server = serve(tls.RequireAnyClientCert)
	assert.NotEqual(t, accept, judge(func(c *schema.Sink) { c.TLS = trust(ca, "") }).verdict)
}

// trust is a tls block with an authority, and another name of the endpoint.
func trust(ca, serverName string) *schema.TLS {
	block := schema.DefaultTLS()
	block.CAFile, block.ServerName = ca, serverName
	return &block
}

func TestTLSFilesAreReadByNew(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for want, block := range map[string]schema.TLS{
		"tls: ca_file: open /nowhere/ca.pem":           {CAFile: "/nowhere/ca.pem"},
		"tls: ca_file: no certificate in":              {CAFile: empty},
		"tls: cert_file and key_file: open /nowhere/c": {CertFile: "/nowhere/c", KeyFile: "/nowhere/k"},
	} {
		cfg := config(t, "https://h/")
		block.MinVersion = schema.DefaultTLS().MinVersion
		cfg.TLS = &block
		_, err := New(&cfg, Options{})
		assert.ErrorContains(t, err, want)
	}
}
