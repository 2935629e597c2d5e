package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

//go:embed testdata/botocore_sigv4.py
var botocore string

//go:embed testdata/botocore_sigv4.json
var recorded []byte

var record = flag.Bool("record", false, "write testdata/botocore_sigv4.json with what botocore says")

// signedRequest is a request as botocore gets it.
type signedRequest struct {
	Name          string            `json:"name"`
	Method        string            `json:"method"`
	URL           string            `json:"url"`
	Headers       map[string]string `json:"headers"`
	SignedHeaders string            `json:"signed_headers"`
	Body          string            `json:"body"`
	Region        string            `json:"region"`
	Service       string            `json:"service"`
	Token         string            `json:"token,omitempty"`

	signature string
}

// sigV4 are the attributes of sinks whose requests are signed.
var sigV4 = []struct{ name, service, attributes, token string }{
	{"plain", "lambda", `url = "http://abc.lambda-url.eu-central-1.on.aws/"`, ""},
	{"session token", "lambda", `url = "http://abc.lambda-url.eu-central-1.on.aws/"`, "AQoDYXdzEPT//////////wEXAMPLE=="},
	{"no path", "lambda", `url = "http://abc.lambda-url.eu-central-1.on.aws"`, ""},
	{"a path", "execute-api", `url = "http://api.example.com/größe/a%2Fb/$${x}/%20/~(1)'*!/${topic}"`, ""},
	{"a path to clean", "execute-api", `url = "http://api.example.com//a///b//"`, ""},
	{"a query", "execute-api", `url = "http://api.example.com/?b=2&a=1&a=0&c&d=&e=a+b%20c&ü=%C3%BC&f=1;2&g=~(1)'*!"`, ""},
	{"a url per message", "execute-api", `url = "http://api.example.com/${message.headers["tenant"]}?q=${message.headers["tenant"]}"`, ""},
	{"headers", "es", `url = "http://es.example.com:9200/_bulk"
  method  = "PUT"
  headers = { Host = "other.example.com", "x-LOW" = "  a   b  ", Empty = "" }`, ""},
	{"compressed", "aoss", "url = \"http://es.example.com/\"\n  compression {\n    algorithm = \"gzip\"\n    min_bytes = 0\n  }", ""},
	{"signed before", "lambda", "url = \"http://abc.lambda-url.eu-central-1.on.aws/\"\n  signature \"hmac\" {\n    header = \"X-Signature\"\n    secret = \"k\"\n  }", ""},
	{"s3", "s3", `url = "http://bucket.s3.eu-central-1.amazonaws.com/größe//a%2Fb/c%20d"
  method = "PUT"`, ""},
}

// What botocore signs is what we sign. The clock of the test stands still, so that the recorded signatures can be compared on
// every machine; where Python has botocore, it is asked itself.
func TestSigV4AsBotocoreSigns(t *testing.T) {
	var want map[string]string
	require.NoError(t, json.Unmarshal(recorded, &want))
	requests := make([]signedRequest, 0, len(sigV4))
	for _, tt := range sigV4 {
		credentials(t, tt.token)
		synctest.Test(t, func(t *testing.T) {
			r := inMemory(t, tt.attributes+"\n  auth \"aws_sigv4\" {\n    region  = \"eu-central-1\"\n    service = \""+tt.service+"\"\n  }")
			requests = append(requests, toSign(t, r, tt.name, tt.service, tt.token))
		})
	}
	asked := askBotocore(t, requests)
	if *record {
		want = make(map[string]string)
		for i, r := range requests {
			want[r.Name] = asked[i]
		}
		delete(want, "compressed") // its bytes are the compressor's
		text, err := json.MarshalIndent(want, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile("testdata/botocore_sigv4.json", append(text, '\n'), 0o600))
	}
	for i, r := range requests {
		if r.Name != "compressed" {
			assert.Equal(t, want[r.Name], r.signature, "%s: as recorded: %s %v", r.Name, r.URL, r.Headers)
		}
		if asked != nil {
			assert.Equal(t, asked[i], r.signature, "%s: as botocore says: %s", r.Name, r.URL)
		}
		body, err := base64.StdEncoding.DecodeString(r.Body)
		require.NoError(t, err)
		sum := sha256.Sum256(body)
		if digest := r.Headers["X-Amz-Content-Sha256"]; r.Service == "s3" || r.Service == "aoss" {
			assert.Equal(t, hex.EncodeToString(sum[:]), digest, "the bytes as they arrive")
		} else {
			assert.Empty(t, digest)
		}
	}
	assert.Len(t, want, len(sigV4)-1)
}

// credentials are those of the public test suite.
func credentials(t *testing.T, token string) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "AWS_SESSION_TOKEN": token,
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": "", "AWS_SHARED_CREDENTIALS_FILE": "",
	} {
		t.Setenv(name, value)
	}
}

// toSign takes a request apart for botocore.
func toSign(t *testing.T, r request, name, service, token string) signedRequest {
	t.Helper()
	authorization := r.Header.Get("Authorization")
	_, rest, _ := strings.Cut(authorization, "SignedHeaders=")
	signed, signature, ok := strings.Cut(rest, ", Signature=")
	require.True(t, ok, authorization)
	out := signedRequest{
		Name: name, Method: r.Method, URL: "http://" + r.Host + r.RequestURI, Headers: make(map[string]string), SignedHeaders: signed,
		Body: base64.StdEncoding.EncodeToString(r.body), Region: "eu-central-1", Service: service, Token: token, signature: signature,
	}
	for key, values := range r.Header {
		require.Len(t, values, 1)
		out.Headers[key] = values[0]
	}
	out.Headers["Host"] = r.Host
	return out
}

// askBotocore returns its signatures; nil where it is not there.
func askBotocore(t *testing.T, requests []signedRequest) (signatures []string) {
	t.Helper()
	if exec.CommandContext(t.Context(), "python3", "-c", "import botocore.auth").Run() != nil {
		t.Log("skipped: python3 with botocore is not there; the recorded signatures were compared")
		return nil
	}
	in, err := json.Marshal(requests)
	require.NoError(t, err)
	run := exec.CommandContext(t.Context(), "python3", "-c", botocore)
	var failed bytes.Buffer
	run.Stdin, run.Stderr = bytes.NewReader(in), &failed
	out, err := run.Output()
	require.NoError(t, err, failed.String())
	require.NoError(t, json.Unmarshal(out, &signatures))
	require.Len(t, signatures, len(requests))
	if t.Failed() {
		t.Log(string(out))
	}
	return signatures
}

// inMemory delivers one message to a server in the same process, in a bubble whose clock begins at the year 2000, and returns
// the request.
func inMemory(t *testing.T, attributes string) (got request) {
	t.Helper()
	conns := make(chan net.Conn)
	l := &listener{conns: conns, closed: make(chan struct{})}
	answered := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, err := body.ReadFrom(r.Body)
		assert.NoError(t, err)
		got = request{r, body.Bytes()}
	}))
	_ = answered.Listener.Close()
	answered.Listener = l
	answered.Start()
	defer answered.Close()
	s := newSink(t, attributes, options{dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		client, server := net.Pipe()
		select {
		case conns <- server:
			return client, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}})
	accepted(t, s, batch(0, `{"n": 1}`))
	s.Drain()
	return got
}

// listener accepts what inMemory dials.
type listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, errors.New("closed")
	}
}

func (l *listener) Close() error { l.once.Do(func() { close(l.closed) }); return nil }

func (l *listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }
