package hclconfig

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"iggysink/hclconfig/internal/mask"
	"iggysink/schema"
)

// What the Rust sink's unit tests say about its configuration, said about ours.

func loadSink(t *testing.T, attributes string) (*schema.Config, Diagnostics) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sink.hcl")
	text := "iggy {\n  username = \"u\"\n  password = \"p\"\n}\n" +
		"sink \"s\" {\n" + attributes + "\n  stream \"st\" {\n    topics = [\"to\"]\n    consumer_group = \"g\"\n  }\n}\n"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	result, found := Load([]string{path}, Options{})
	return result.Config, found
}

// Every attribute that the reference has takes the value it is given.
func TestReferenceOverridesAreTaken(t *testing.T) {
	cfg, found := loadSink(t, `
  url                             = "https://example.com/in"
  method                          = "PUT"
  timeout                         = "5s"
  max_payload_size_bytes          = 1024
  headers                         = { X-Tenant = "acme" }
  batch_mode                      = "json_array"
  include_metadata                = false
  include_checksum                = true
  include_origin_timestamp        = true
  health_check_enabled            = true
  health_check_method             = "GET"
  max_retries                     = 7
  retry_delay                     = "500ms"
  max_retry_delay                 = "2m"
  retry_backoff_multiplier        = 3
  success_status_codes            = [200, 299]
  tls_danger_accept_invalid_certs = true
  max_connections                 = 3
  verbose_logging                 = true`)
	require.False(t, found.HasErrors(), "%v", found)
	s := cfg.Sinks[0]
	require.Equal(t, "https://example.com/in", s.URL.Source())
	require.Equal(t, schema.MethodPut, s.Method)
	require.Equal(t, 5*time.Second, s.Timeout.Std())
	require.Equal(t, 1024, s.MaxPayloadSizeBytes)
	require.Equal(t, "acme", s.Headers["X-Tenant"].Source())
	require.Equal(t, schema.BatchModeJSONArray, s.BatchMode)
	require.False(t, s.IncludeMetadata)
	require.True(t, s.IncludeChecksum)
	require.True(t, s.IncludeOriginTimestamp)
	require.True(t, s.HealthCheckEnabled)
	require.Equal(t, schema.HealthCheckMethodGet, s.HealthCheckMethod)
	require.Equal(t, 7, s.MaxRetries)
	require.Equal(t, 500*time.Millisecond, s.RetryDelay.Std())
	require.Equal(t, 2*time.Minute, s.MaxRetryDelay.Std())
	require.Equal(t, 3.0, s.RetryBackoffMultiplier)
	require.Equal(t, []int{200, 299}, s.SuccessStatusCodes)
	require.True(t, s.TLSDangerAcceptInvalidCerts)
	require.Equal(t, 3, s.MaxConnections)
	require.True(t, s.VerboseLogging)
}

// What the reference refuses, mends or warns of at open is found before anything starts, by the rule that says why.
func TestReferenceRefusals(t *testing.T) {
	const url = `url = "http://127.0.0.1/in"`
	for _, tt := range []struct {
		name, attributes, rule string // rule: "" if it must be accepted
	}{
		{"http", url, ""},
		{"https", `url = "https://example.com/in"`, ""},
		{"valid headers", url + "\nheaders = { X-A = \"b\" }", ""},
		{"empty url", `url = ""`, "invalid-url"},
		{"no url", `url = "not a url"`, "invalid-url"},
		{"file url", `url = "file:///etc/passwd"`, "invalid-url"},
		{"ftp url", `url = "ftp://example.com/in"`, "invalid-url"},
		{"method that does not exist", url + "\nmethod = \"DELEET\"", "invalid-value"},
		{"method in lower case", url + "\nmethod = \"post\"", "invalid-value"},
		{"unknown batch mode", url + "\nbatch_mode = \"xml\"", "invalid-value"},
		{"no success codes", url + "\nsuccess_status_codes = []", "out-of-range"},
		{"status 999", url + "\nsuccess_status_codes = [999]", "out-of-range"},
		{"status 0", url + "\nsuccess_status_codes = [0]", "out-of-range"},
		{"status 100", url + "\nsuccess_status_codes = [100]", "out-of-range"},
		{"header name", url + "\nheaders = { \"X A\" = \"b\" }", "invalid-header"},
		{"header value", url + "\nheaders = { X-A = \"b\\r\\nX-B: c\" }", "header-line-break"},
		// The reference drops it, makes it 1, swaps them or lets them be; here a mistake is said.
		{"Content-Type in headers", url + "\nheaders = { content-type = \"text/plain\" }", "content-type-header"},
		{"multiplier below 1", url + "\nretry_backoff_multiplier = 0", "out-of-range"},
		{"reversed delays", url + "\nretry_delay = \"1m\"\nmax_retry_delay = \"1s\"", "retry-delay-order"},
		{"bad duration", url + "\ntimeout = \"soon\"", "invalid-duration"},
		{"raw with metadata", url + "\nbatch_mode = \"raw\"\ninclude_metadata = true", "raw-metadata"},
		{"GET with a batch", url + "\nmethod = \"GET\"\nbatch_mode = \"nd_json\"", "method-batch"},
		{"success that is a failure", url + "\nsuccess_status_codes = [200, 500]\nretry_status_codes = [500]", "status-code-twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, found := loadSink(t, tt.attributes)
			var rules []string
			for _, d := range found {
				if d.Rule != "literal-secret" && d.Rule != "cleartext-credentials" {
					rules = append(rules, d.Rule)
				}
			}
			require.Equal(t, tt.rule, strings.Join(rules, " "), "%v", found)
		})
	}
}

// A value that is shown in part ends between two characters.
func TestReferenceTruncationKeepsCharactersWhole(t *testing.T) {
	require.Equal(t, "hello world", mask.Shorten("hello world"))
	for n := range 8 {
		short := mask.Shorten(strings.Repeat("x", n) + strings.Repeat("é", 10_000))
		require.True(t, utf8.ValidString(short))
		require.Less(t, len(short), 1000)
	}
}
