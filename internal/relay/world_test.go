package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

// A world is topics, a relay and an endpoint in virtual time. The endpoint takes everything but what is ill, which it
// answers with the fault; a message is named topic/partition/number.
type world struct {
	t      *testing.T
	cfg    schema.Sink
	stream schema.Stream
	topics []*fakeTopic
	dead   DeadLetters
	log    *slog.Logger
	start  time.Time
	relay  *Relay
	// By topic, while it runs.
	sources []*fakeSource

	mu       sync.Mutex
	ill      func(message string) *fault
	delay    func(message string) time.Duration
	requests []arrival
	arrived  map[string]time.Duration
	sent     map[string]time.Duration
}

// arrival is one request that reached the endpoint, or one connection that it refused.
type arrival struct {
	at       time.Duration
	messages []string
	ill      bool
}

// fault is what happens to a request that carries something ill.
type fault struct {
	name   string
	status int // 0: no answer at all
	hang   bool
	refuse bool // no connection; the host is the topic's
	after  string
}

func faults() []fault {
	list := []fault{{name: "closed connection"}, {name: "no answer", hang: true}, {name: "refused connection", refuse: true},
		{name: "429 with Retry-After", status: 429, after: "3"}}
	for _, status := range []int{500, 503, 403, 404, 501, 302, 429} {
		list = append(list, fault{name: strconv.Itoa(status), status: status})
	}
	return list
}

const (
	coolDown    = 5 * time.Second
	maxCoolDown = time.Minute
	// ordinary is what a message takes where nothing is wrong, and a probe that is under way.
	ordinary = 500 * time.Millisecond
)

// newWorld returns a world of topics with so many partitions each. Requests have 2 s, one retry after 100 ms.
func newWorld(t *testing.T, topics, partitions int) *world {
	w := &world{
		t: t, cfg: schema.DefaultSink(), stream: schema.DefaultStream(), start: time.Now(),
		ill: func(string) *fault { return nil }, delay: func(string) time.Duration { return 0 }, arrived: make(map[string]time.Duration), sent: make(map[string]time.Duration),
	}
	url, err := schema.ParseTemplate("http://${topic}.test/in")
	require.NoError(t, err)
	w.cfg.Name, w.cfg.URL, w.cfg.IncludeMetadata, w.cfg.MaxInFlight = "test", url, false, 3
	w.cfg.Timeout, w.cfg.MaxRetries, w.cfg.RetryDelay, w.cfg.MaxRetryDelay = ms(2000), 1, ms(100), ms(100)
	w.cfg.OrderingKey = "payload:"
	w.stream.Name, w.stream.Schema, w.stream.BatchLength = "shop", schema.PayloadFormatJSON, 8
	for i := range topics {
		topic := newFakeTopic(t, partitions)
		topic.topic = fmt.Sprint("t", i)
		w.topics = append(w.topics, topic)
	}
	return w
}

// run delivers while live runs, and drains.
func (w *world) run(live func()) (res Result) {
	listener := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: w, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	var all sync.WaitGroup
	all.Go(func() { _ = server.Serve(listener) })
	engine, err := sinkhttp.New(&w.cfg, sinkhttp.Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		topic, _, _ := strings.Cut(address, ".")
		if w.refuses(topic) {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return listener.dial(ctx)
	}})
	require.NoError(w.t, err)
	w.relay = New(&w.cfg, engine, w.dead, Options{Logger: w.log})
	var feeds []Feed
	for _, topic := range w.topics {
		var owned []uint32
		for id := range topic.logs {
			owned = append(owned, uint32(id))
		}
		source := topic.source(owned...)
		w.sources = append(w.sources, source)
		feeds = append(feeds, Feed{Stream: &w.stream, Topic: topic.topic, Source: source})
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	all.Go(func() {
		res, err = w.relay.Run(ctx, feeds)
		engine.Close()
		_ = server.Close()
	})
	live()
	cancel()
	all.Wait()
	require.NoError(w.t, err)
	return res
}

var messageName = regexp.MustCompile(`t\d+/\d+/\d+`)

func (w *world) now() time.Duration { return time.Since(w.start) }

// refuses notes a connection that is asked for and refuses it if the topic is ill.
func (w *world) refuses(topic string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f := w.ill(topic + "/"); f == nil || !f.refuse {
		return false
	}
	w.requests = append(w.requests, arrival{at: w.now(), messages: []string{topic + "/"}, ill: true})
	return true
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	messages := messageName.FindAllString(string(body), -1)
	w.mu.Lock()
	var fault *fault
	var delay time.Duration
	for _, m := range slices.Backward(messages) {
		if f := w.ill(m); f != nil {
			fault = f
		}
		delay = max(delay, w.delay(m))
	}
	c := arrival{at: w.now(), messages: messages, ill: fault != nil}
	w.requests = append(w.requests, c)
	w.mu.Unlock()
	time.Sleep(delay)
	w.mu.Lock()
	if !c.ill {
		for _, m := range messages {
			if _, before := w.arrived[m]; !before {
				w.arrived[m] = w.now()
			}
		}
	}
	w.mu.Unlock()
	switch {
	case !c.ill:
	case fault.hang:
		<-r.Context().Done()
	case fault.status == 0:
		panic(http.ErrAbortHandler)
	default:
		if fault.after != "" {
			rw.Header().Set("Retry-After", fault.after)
		}
		rw.WriteHeader(fault.status)
	}
}

// publish appends the next n messages of a partition and returns their names.
func (w *world) publish(topic int, id uint32, n int) (names []string) {
	f := w.topics[topic]
	f.mu.Lock()
	from := len(f.logs[id])
	f.mu.Unlock()
	var payloads []string
	for i := range n {
		name := fmt.Sprintf("%s/%d/%d", f.topic, id, from+i)
		names, payloads = append(names, name), append(payloads, strconv.Quote(name))
	}
	w.mu.Lock()
	for _, name := range names {
		w.sent[name] = w.now()
	}
	w.mu.Unlock()
	f.publish(id, 0, payloads...)
	return names
}

// infect says what is ill from now on, and with what. A topic is asked for as "topic/".
func (w *world) infect(ill func(message string) *fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ill = ill
}

func (w *world) heal() { w.infect(func(string) *fault { return nil }) }

// only returns an illness of the messages that pass names.
func only(f fault, pass func(message string) bool) func(string) *fault {
	return func(m string) *fault {
		if pass(m) {
			return &f
		}
		return nil
	}
}

// all is an illness of everything.
func all(f fault) func(string) *fault { return only(f, func(string) bool { return true }) }

// slow says for how long the endpoint works on a message.
func (w *world) slow(delay func(message string) time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delay = delay
}

// late lists the messages that pass names and that did not arrive within bound of their publishing.
func (w *world) late(bound time.Duration, pass func(message string) bool) (list []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for m, sent := range w.sent {
		if !pass(m) {
			continue
		}
		if at, there := w.arrived[m]; !there || at-sent > bound {
			list = append(list, fmt.Sprintf("%s published at %s, arrived %v at %s", m, sent, there, at))
		}
	}
	slices.Sort(list)
	return list
}

// most returns the largest number of requests with something ill that began within a span of time, from a moment on.
func (w *world) most(span, from time.Duration) int {
	return w.mostOf(span, from, func(arrival) bool { return true })
}

// isAlone passes requests of one message: what is ill in it has been found.
func isAlone(r arrival) bool { return len(r.messages) == 1 }

// mostOf is most of the requests that pass.
func (w *world) mostOf(span, from time.Duration, pass func(arrival) bool) (most int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var window []time.Duration
	for _, r := range w.requests {
		if !r.ill || r.at < from || !pass(r) {
			continue
		}
		window = append(window, r.at)
		for r.at-window[0] >= span {
			window = window[1:]
		}
		most = max(most, len(window))
	}
	return most
}

// count returns how many requests with something ill there were between two moments.
func (w *world) count(from, to time.Duration) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.requests {
		if r.ill && r.at >= from && r.at < to {
			n++
		}
	}
	return n
}

// pipes is a listener whose connections are net.Pipes: a server on it lives in virtual time.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

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

func (p *pipes) dial(ctx context.Context) (net.Conn, error) {
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

// inWorld runs f in virtual time.
func inWorld(t *testing.T, topics, partitions int, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(newWorld(t, topics, partitions)) })
}
