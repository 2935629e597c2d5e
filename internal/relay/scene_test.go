package relay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"iggysink/schema"
	"iggysink/sinkhttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// event wakes everybody who waits for something to have happened.
type event struct {
	mu sync.Mutex
	ch chan struct{}
}

func (e *event) next() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ch == nil {
		e.ch = make(chan struct{})
	}
	return e.ch
}

func (e *event) fire() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ch != nil {
		close(e.ch)
		e.ch = nil
	}
}

// endpoint is an HTTP server that answers each message as reply says: the status of a request is the worst of its
// messages'. Messages are told apart by their payload.
type endpoint struct {
	*httptest.Server
	happened event

	mu       sync.Mutex
	reply    func(message string, attempt int) int
	attempts map[string]int
	arrived  []string // messages that were accepted, in order
	requests []string // bodies, in order
	held     chan struct{}
}

func newEndpoint(t testing.TB) *endpoint {
	e := &endpoint{attempts: map[string]int{}}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	status, held := e.judge(body)
	e.happened.fire()
	if held != nil {
		select {
		case <-held:
		case <-r.Context().Done():
			return
		}
	}
	if status == http.StatusOK {
		e.accept(body)
	}
	w.WriteHeader(status)
}

func (e *endpoint) judge(body []byte) (int, chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.requests = append(e.requests, string(body))
	status := http.StatusOK
	for line := range bytes.Lines(body) {
		message := string(bytes.TrimSpace(line))
		e.attempts[message]++
		if e.reply != nil {
			status = max(status, e.reply(message, e.attempts[message]))
		}
	}
	return status, e.held
}

func (e *endpoint) accept(body []byte) {
	e.mu.Lock()
	for line := range bytes.Lines(body) {
		e.arrived = append(e.arrived, string(bytes.TrimSpace(line)))
	}
	e.mu.Unlock()
	e.happened.fire()
}

// answers changes what the endpoint answers.
func (e *endpoint) answers(reply func(message string, attempt int) int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reply = reply
}

// hold makes the endpoint wait with its answers until the returned function is called.
func (e *endpoint) hold() (release func()) {
	held := make(chan struct{})
	e.mu.Lock()
	e.held = held
	e.mu.Unlock()
	return func() {
		e.mu.Lock()
		e.held = nil
		e.mu.Unlock()
		close(held)
	}
}

func (e *endpoint) got() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.arrived...)
}

func (e *endpoint) bodies() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.requests...)
}

// memoryLetters is a dead-letter store that can be made to fail.
type memoryLetters struct {
	happened event
	mu       sync.Mutex
	failing  bool
	tries    int
	letters  []DeadLetter
}

func (m *memoryLetters) Write(_ context.Context, letters []DeadLetter) error {
	defer m.happened.fire()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tries++
	if m.failing {
		return errors.New("disk full")
	}
	m.letters = append(m.letters, letters...)
	return nil
}

func (m *memoryLetters) Close() error { return nil }

func (m *memoryLetters) fail(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failing = on
}

func (m *memoryLetters) payloads() (out []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.letters {
		out = append(out, string(l.Message.Payload))
	}
	return out
}

// scene is a topic, an endpoint and a configuration in which nothing waits for long.
type scene struct {
	t        testing.TB
	topic    *fakeTopic
	endpoint *endpoint
	dead     *memoryLetters
	letters  DeadLetters // instead of dead
	cfg      schema.Sink
	stream   schema.Stream
	opts     Options
}

func newScene(t testing.TB, partitions int) *scene {
	s := &scene{
		t: t, topic: newFakeTopic(t, partitions), endpoint: newEndpoint(t), dead: &memoryLetters{},
		cfg: schema.DefaultSink(), stream: schema.DefaultStream(),
	}
	url, err := schema.ParseTemplate(s.endpoint.URL)
	require.NoError(t, err)
	s.cfg.Name, s.cfg.URL, s.cfg.BatchMode, s.cfg.IncludeMetadata = "test", url, schema.BatchModeRaw, false
	s.cfg.MaxRetries, s.cfg.RetryDelay, s.cfg.MaxRetryDelay = 1, ms(1), ms(1)
	s.cfg.CircuitBreaker = &schema.CircuitBreaker{Cooldown: ms(2), MaxCooldown: ms(10)}
	s.stream.Name, s.stream.Topics, s.stream.Schema = s.topic.stream, []string{s.topic.topic}, schema.PayloadFormatRaw
	return s
}

func ms(n int) schema.Duration { return schema.Duration(time.Duration(n) * time.Millisecond) }

// batches switches to requests of up to n messages, one a line.
func (s *scene) batches(n int) {
	s.cfg.BatchMode, s.stream.BatchLength, s.stream.Schema = schema.BatchModeNDJSON, n, schema.PayloadFormatJSON
}

// told is a log whose lines are events: a pause, a block, an end of one.
type told struct {
	slog.Handler
	happened *event
}

func (h told) Enabled(context.Context, slog.Level) bool { return true }

func (h told) Handle(ctx context.Context, r slog.Record) error {
	defer h.happened.fire()
	if !h.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h told) WithAttrs(attrs []slog.Attr) slog.Handler {
	return told{h.Handler.WithAttrs(attrs), h.happened}
}
func (h told) WithGroup(name string) slog.Handler { return told{h.Handler.WithGroup(name), h.happened} }

// running is a relay at work.
type running struct {
	*Relay
	scene  *scene
	source *fakeSource
	cancel context.CancelFunc
	result chan Result
	err    error
}

// start runs a relay over one source that owns the partitions.
func (s *scene) start(owned ...uint32) *running { return s.startWith(s.topic.source(owned...)) }

func (s *scene) startWith(source *fakeSource) *running {
	engine, err := sinkhttp.New(&s.cfg, sinkhttp.Options{})
	require.NoError(s.t, err)
	var dead DeadLetters
	if s.dead != nil {
		dead = s.dead
	}
	if s.letters != nil {
		dead = s.letters
	}
	opts := s.opts
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	opts.Logger = slog.New(told{opts.Logger.Handler(), &s.topic.happened})
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{
		Relay: New(&s.cfg, engine, dead, opts), scene: s, source: source, cancel: cancel,
		result: make(chan Result, 1),
	}
	go func() {
		res, err := r.Run(ctx, []Feed{{Stream: &s.stream, Topic: s.topic.topic, Source: source}})
		engine.Close()
		r.err = err
		r.result <- res
	}()
	s.t.Cleanup(func() { r.stop() })
	return r
}

// stop drains and waits for the end.
func (r *running) stop() Result {
	r.cancel()
	return r.ended()
}

// ended waits for the end of Run.
func (r *running) ended() Result {
	select {
	case res := <-r.result:
		r.result <- res
		return res
	case <-time.After(20 * time.Second):
		r.scene.t.Fatal("Run does not return")
		return Result{}
	}
}

// partition returns a partition that the relay owns.
func (r *running) partition(id uint32) *partition {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.owned[r.scene.topic.partition(id)]
}

// until waits for something to be true that an event makes true: of the endpoint, the dead letters, the topic or the log.
func (s *scene) until(what string, cond func() bool) {
	s.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		happened, buried, moved := s.endpoint.happened.next(), s.dead.happened.next(), s.topic.happened.next()
		if cond() {
			return
		}
		select {
		case <-happened:
		case <-buried:
		case <-moved:
		case <-deadline:
			s.t.Fatalf("it never happened: %s; arrived: %v", what, s.endpoint.got())
		}
	}
}

// untilStored waits until offset of a partition is stored.
func (s *scene) untilStored(id uint32, offset uint64) {
	s.t.Helper()
	s.until(fmt.Sprintf("offset %d of partition %d is stored", offset, id), func() bool {
		stored, ok := s.topic.storedOffset(id)
		return ok && stored == offset
	})
}

// numbered makes the payloads "p/from" to "p/to-1", as JSON strings.
func numbered(p uint32, from, to int) (payloads []string) {
	for i := from; i < to; i++ {
		payloads = append(payloads, fmt.Sprintf(`"%d/%d"`, p, i))
	}
	return payloads
}

// of returns the messages of one partition among got.
func of(p uint32, got []string) (own []string) {
	for _, m := range got {
		if bytes.HasPrefix([]byte(m), fmt.Appendf(nil, `"%d/`, p)) {
			own = append(own, m)
		}
	}
	return own
}

func notStored(t testing.TB, s *scene, id uint32) {
	t.Helper()
	offset, any := s.topic.storedOffset(id)
	assert.False(t, any, "offset %d of partition %d is stored", offset, id)
}
