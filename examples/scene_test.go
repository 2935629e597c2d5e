package examples_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"iggysink/golden"
	"iggysink/hclconfig"
	"iggysink/schema"
	"iggysink/sinkhttp"
)

// request is one request as a service got it.
type request struct {
	*http.Request
	body []byte // decoded, where it has a Content-Encoding
}

// answer is what a service says to it.
type answer struct {
	status int
	header map[string]string
	body   string
}

// service judges requests as the service of a recipe does.
type service func(request) answer

// scene is a recipe and its service in virtual time, which begins with the year 2000.
type scene struct {
	t       *testing.T
	config  *schema.Sink
	sink    *sinkhttp.Sink
	stream  schema.Stream
	start   time.Time
	service service
	script  map[int]answer // answers in place of the service's, by the number of the request
	secure  bool
	suspect bool // of the batches: the endpoint accepts others

	mu        sync.Mutex
	exchanges []golden.Exchange // a service answers one request after the other
}

// inScene loads a recipe, in native syntax, and runs f with a sink of it whose connections all lead to the service. script
// says what the service answers instead of its own judgement, by the number of the request; it may be nil.
func inScene(t *testing.T, recipe string, environment map[string]string, judge service, script map[int]answer, f func(*scene)) {
	t.Helper()
	cfg := load(t, recipe, environment)
	authority := newAuthority(t)
	cfg.TLS = &schema.TLS{CAFile: authority.file, MinVersion: schema.TLSVersion12}
	cfg.RetryJitter = schema.RetryJitterNone // so that the times of a transcript are those of every run
	synctest.Test(t, func(t *testing.T) {
		s := &scene{
			t: t, config: cfg, stream: cfg.Streams[0], start: time.Now(), service: judge, script: script,
			secure: strings.HasPrefix(cfg.URL.Source(), "https://"),
		}
		listener := newPipes()
		server := &http.Server{Handler: s, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
		served := make(chan struct{})
		go func() {
			defer close(served)
			if s.secure {
				_ = server.Serve(tls.NewListener(listener, authority.server()))
				return
			}
			_ = server.Serve(listener)
		}()
		var err error
		s.sink, err = sinkhttp.New(cfg, sinkhttp.Options{Dial: listener.dial})
		require.NoError(t, err)
		f(s)
		s.sink.Close()
		require.NoError(t, server.Close())
		<-served
	})
}

// load reads a recipe. It has one sink.
func load(t *testing.T, recipe string, environment map[string]string) *schema.Sink {
	t.Helper()
	result, found := hclconfig.Load([]string{filepath.Join("recipes", recipe+".hcl")}, hclconfig.Options{
		Env: func(name string) (string, bool) {
			if name == "IGGY_PASSWORD" {
				return "iggy", true
			}
			value, set := environment[name]
			return value, set
		},
	})
	require.Empty(t, found)
	require.Len(t, result.Config.Sinks, 1)
	return &result.Config.Sinks[0]
}

// ServeHTTP lets the service judge a request, and writes both down.
func (s *scene) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil && r.Header.Get("Content-Encoding") == "gzip" {
		var decoder *gzip.Reader
		if decoder, err = gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, err = io.ReadAll(decoder)
		}
	}
	if err != nil {
		s.t.Errorf("a request that cannot be read: %v", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, scripted := s.script[len(s.exchanges)]
	if !scripted {
		a = s.service(request{r, body})
	}
	answered := make(http.Header)
	for name, value := range a.header {
		answered.Set(name, value)
		w.Header().Set(name, value)
	}
	scheme := "http://"
	if s.secure {
		scheme = "https://"
	}
	s.exchanges = append(s.exchanges, golden.Exchange{
		At: time.Since(s.start), Method: r.Method, URL: scheme + r.Host + r.URL.RequestURI(), Header: r.Header, Body: body,
		Status: a.status, Answer: answered, AnswerBody: []byte(a.body),
	})
	w.WriteHeader(a.status)
	if len(a.body) > 0 {
		_, _ = io.WriteString(w, a.body)
	}
}

// deliver sends messages as the relay does, in batches of what one request may carry, and returns their outcomes in order. It
// ends at the first that failed, as a partition does.
func (s *scene) deliver(messages []schema.Message) []sinkhttp.Outcome {
	s.t.Helper()
	partition := schema.Partition{Stream: "shop", Topic: "created"}
	var outcomes []sinkhttp.Outcome
	for chunk := range slices.Chunk(messages, s.sink.RequestLength(s.stream.BatchLength)) {
		got := s.sink.Deliver(s.t.Context(), sinkhttp.Batch{Partition: partition, Schema: s.stream.Schema, Messages: chunk, Suspect: s.suspect})
		require.Len(s.t, got, len(chunk))
		for i := range got {
			got[i].Index += len(outcomes)
		}
		if outcomes = append(outcomes, got...); slices.ContainsFunc(got, isFailed) {
			break
		}
	}
	return outcomes
}

func isFailed(o sinkhttp.Outcome) bool { return o.Kind == sinkhttp.Failed }

// said writes an outcome as transcripts have it.
func said(o sinkhttp.Outcome) string {
	line := fmt.Sprintf("%d %s", o.Index, o)
	if o.ResponseBody != "" {
		line += fmt.Sprintf(" %q", o.ResponseBody)
	}
	return line
}

// kinds writes the first letters of outcomes: (A)ccepted, (R)ejected, (F)ailed, (U)nsent.
func kinds(outcomes []sinkhttp.Outcome) string {
	var b strings.Builder
	for _, o := range outcomes {
		b.WriteString(strings.ToUpper(o.Kind.String()[:1]))
	}
	return b.String()
}

// orders are messages of the first seconds of virtual time with these payloads.
func orders(payloads ...string) []schema.Message {
	start := uint64(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro())
	var all []schema.Message
	for i, p := range payloads {
		n := uint64(i) //nolint:gosec // small
		all = append(all, schema.Message{ID: schema.MessageID{byte(i + 1)}, Offset: n, Timestamp: start, Payload: []byte(p)})
	}
	return all
}

// order is a payload as the recipes expect it.
func order(id int, customer string, amount string) string {
	return fmt.Sprintf(`{"id":%d,"event":"created","customer":%q,"amount":%s}`, id, customer, amount)
}

// authority signs a certificate for whatever host a client asks for.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	self *x509.Certificate
	file string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "recipes"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	a := &authority{t: t, key: key, file: filepath.Join(t.TempDir(), "ca.pem")}
	a.self, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return a
}

func (a *authority) server() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
			SerialNumber: big.NewInt(2), DNSNames: []string{hello.ServerName}, NotBefore: a.self.NotBefore, NotAfter: a.self.NotAfter,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}, a.self, a.key.Public(), a.key)
		return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}, err
	}}
}

// pipes is a listener whose connections are net.Pipes: a server on it lives in virtual time.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, errors.New("closed")
	}
}
