package sinkhttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"iggysink/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

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

// request is one request as the endpoint saw it.
type request struct {
	at     time.Duration // since the scene began
	path   string
	body   string
	method string
	header http.Header
}

// endpoint answers every request with what reply says and remembers it.
type endpoint struct {
	start time.Time
	reply func(w http.ResponseWriter, r request)

	mu  sync.Mutex
	got []request
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	q := request{time.Since(e.start), r.URL.RequestURI(), string(body), r.Method, r.Header}
	e.mu.Lock()
	e.got = append(e.got, q)
	reply := e.reply
	e.mu.Unlock()
	if reply != nil {
		reply(w, q)
	}
}

func (e *endpoint) requests() []request {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]request(nil), e.got...)
}

// bodies returns the bodies in the order of their arrival.
func (e *endpoint) bodies() (out []string) {
	for _, r := range e.requests() {
		out = append(out, r.body)
	}
	return out
}

// now returns the time since the scene began.
func (e *endpoint) now() time.Duration { return time.Since(e.start) }

// times returns when the requests came.
func (e *endpoint) times() (out []time.Duration) {
	for _, r := range e.requests() {
		out = append(out, r.at)
	}
	return out
}

// answers makes a reply of statuses, one after the other; the last one stays.
func answers(statuses ...int) func(http.ResponseWriter, request) {
	var mu sync.Mutex
	return func(w http.ResponseWriter, _ request) {
		mu.Lock()
		defer mu.Unlock()
		status := statuses[0]
		if len(statuses) > 1 {
			statuses = statuses[1:]
		}
		w.WriteHeader(status)
	}
}

// scene is a sink and its endpoint in virtual time.
type scene struct {
	t        *testing.T
	cfg      schema.Sink
	endpoint *endpoint
	sink     *Sink
	log      bytes.Buffer
	dials    atomic.Int32
}

// inScene runs f with an endpoint that answers with reply; configure may be nil. Raw mode, no jitter.
func inScene(t *testing.T, configure func(*schema.Sink), reply func(http.ResponseWriter, request), f func(*scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{t: t, cfg: config(t, "http://endpoint/in"), endpoint: &endpoint{start: time.Now(), reply: reply}}
		if configure != nil {
			configure(&s.cfg)
		}
		listener := newPipes()
		server := &http.Server{Handler: s.endpoint, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = server.Serve(listener)
		}()
		var err error
		s.sink, err = New(&s.cfg, Options{Logger: slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
				s.dials.Add(1)
				return listener.dial(ctx, network, addr)
			}})
		require.NoError(t, err)
		f(s)
		s.sink.Close()
		require.NoError(t, server.Close())
		<-served
	})
}

// config is a raw sink without jitter to a URL.
func config(t testing.TB, url string) schema.Sink {
	t.Helper()
	cfg := schema.DefaultSink()
	template, err := schema.ParseTemplate(url)
	require.NoError(t, err)
	cfg.Name, cfg.URL, cfg.BatchMode, cfg.RetryJitter = "orders", template, schema.BatchModeRaw, schema.RetryJitterNone
	cfg.OnRejected = schema.OnRejectedDeadLetter
	return cfg
}

// start is a sink to a real listener on the loopback.
func start(t testing.TB, configure func(*schema.Sink), handler http.Handler) *Sink {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return startAt(t, server.URL+"/in", configure)
}

func startAt(t testing.TB, url string, configure func(*schema.Sink)) *Sink {
	t.Helper()
	cfg := config(t, url)
	if configure != nil {
		configure(&cfg)
	}
	s, err := New(&cfg, Options{})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// batch makes messages of partition id with these payloads, offsets from 0.
func batch(id uint32, payloads ...string) Batch {
	b := Batch{Partition: schema.Partition{Stream: "shop", Topic: "created", ID: id}, Schema: schema.PayloadFormatJSON}
	for i, p := range payloads {
		b.Messages = append(b.Messages, schema.Message{Offset: uint64(i), Payload: []byte(p)})
	}
	return b
}

// numbers makes the payloads 0 to n-1.
func numbers(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

// send prepares and sends, and returns all outcomes.
func send(ctx context.Context, s *Sink, b Batch) []Outcome {
	p, out := s.Prepare(b)
	return append(out, s.Send(ctx, nil, p)...)
}

// kinds returns the outcomes' kinds in short: A, R, F, U.
func kinds(outcomes []Outcome) string {
	var b []byte
	for _, o := range outcomes {
		b = append(b, "?ARFUX"[o.Kind])
	}
	return string(b)
}

// batches configures nd_json without metadata.
func batches(cfg *schema.Sink) { cfg.BatchMode, cfg.IncludeMetadata = schema.BatchModeNDJSON, false }

// insist sends again what has failed until ctx ends, as a caller does that waits for the endpoint.
func insist(ctx context.Context, s *Sink, b Batch) []Outcome {
	last := make([]Outcome, len(b.Messages))
	places := make([]int, len(b.Messages))
	for i := range places {
		places[i] = i
	}
	for wait := 5 * sec; len(b.Messages) > 0 && ctx.Err() == nil; wait = min(wait*2, time.Minute) {
		var left []schema.Message
		var leftPlaces []int
		for _, o := range send(ctx, s, b) {
			place := places[o.Index]
			last[place] = o
			if o.Kind == Failed || o.Kind == Unsent {
				left, leftPlaces = append(left, b.Messages[o.Index]), append(leftPlaces, place)
			}
		}
		if b.Messages, places = left, leftPlaces; len(left) > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(wait):
			}
		}
	}
	return last
}
