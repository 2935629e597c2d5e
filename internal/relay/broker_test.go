package relay_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/iggy"
	"iggysink/internal/iggyserver"
	"iggysink/internal/iggyserver/iggytest"
	"iggysink/internal/relay"
	"iggysink/schema"
	"iggysink/sinkhttp"
)

// broker is a topic of a server that speaks the wire protocol, in this process or the one that the environment names.
type broker struct {
	t        *testing.T
	server   schema.Iggy
	client   *iggy.Client
	cfg      schema.Sink
	stream   schema.Stream
	topic    string
	endpoint *httptest.Server
	happened relay.Event // a request has come, or has its answer; and what watched and the log tell

	mu      sync.Mutex
	arrived []string
	held    chan struct{}
	reached func(arrived int) // called after each request
}

func newBroker(t *testing.T, partitions int) *broker {
	return newBrokerAt(t, iggytest.Address(t), partitions)
}

func newBrokerAt(t *testing.T, address string, partitions int) *broker {
	b := &broker{
		t: t, server: schema.DefaultIggy(), cfg: schema.DefaultSink(), stream: schema.DefaultStream(), topic: "orders",
	}
	b.server.Address, b.server.Username, b.server.Password = address, "iggy", schema.NewSecret("iggy")
	b.stream.Name, b.stream.Topics = iggytest.Unique(t, "relay"), []string{b.topic}
	b.stream.Schema, b.stream.BatchLength = schema.PayloadFormatText, 50
	client, err := iggy.Connect(t.Context(), &b.server)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	require.NoError(t, client.EnsureTopic(t.Context(), b.stream.Name, b.topic, partitions))
	b.client = client
	b.endpoint = httptest.NewServer(b)
	t.Cleanup(b.endpoint.Close)
	b.cfg.Name, b.cfg.BatchMode, b.cfg.IncludeMetadata = "test", schema.BatchModeNDJSON, false
	b.cfg.URL, err = schema.ParseTemplate(b.endpoint.URL)
	require.NoError(t, err)
	return b
}

func (b *broker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	b.happened.Fire()
	defer b.happened.Fire()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held != nil {
		held := b.held
		b.mu.Unlock()
		select {
		case <-held:
		case <-r.Context().Done():
		}
		b.mu.Lock()
	}
	for line := range bytes.Lines(body) {
		b.arrived = append(b.arrived, strings.Trim(string(line), "\"\n"))
	}
	if b.reached != nil {
		b.reached(len(b.arrived))
	}
}

// publish sends the messages p/from to p/to-1, padded to size bytes, to partition p.
func (b *broker) publish(p uint32, from, to, size int) {
	var out []iggy.Outgoing
	for i := from; i < to; i++ {
		payload := fmt.Appendf(nil, "%d/%d", p, i)
		out = append(out, iggy.Outgoing{Payload: append(payload, bytes.Repeat([]byte{' '}, max(size-len(payload), 0))...)})
	}
	require.NoError(b.t, b.client.Send(b.t.Context(), b.stream.Name, b.topic, iggy.ToPartition(p), out))
}

// relay returns a relay over the topic, and what it is fed with.
func (b *broker) relay(opts relay.Options) (*relay.Relay, []relay.Feed) {
	group := b.cfg.Group(&b.stream)
	source, err := iggy.NewSource(iggy.SourceOptions{
		Server: &b.server, Stream: &b.stream, Topic: b.topic, Group: group, Once: opts.Once, Logger: relay.Tell(&b.happened),
	})
	require.NoError(b.t, err)
	engine, err := sinkhttp.New(&b.cfg, sinkhttp.Options{})
	require.NoError(b.t, err)
	b.t.Cleanup(engine.Close)
	opts.Logger = relay.Tell(&b.happened)
	return relay.New(&b.cfg, engine, nil, opts), []relay.Feed{{Stream: &b.stream, Topic: b.topic, Source: watched{source, &b.happened}}}
}

func (b *broker) of(p uint32) (own []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.arrived {
		if strings.HasPrefix(m, fmt.Sprintf("%d/", p)) {
			own = append(own, strings.TrimRight(m, " "))
		}
	}
	return own
}

func expected(p uint32, to int) (want []string) {
	for i := range to {
		want = append(want, fmt.Sprintf("%d/%d", p, i))
	}
	return want
}

func (b *broker) stored(p uint32) uint64 {
	offset, _, err := b.client.StoredOffset(b.t.Context(), b.stream.Name, b.topic, b.cfg.Group(&b.stream), p)
	require.NoError(b.t, err)
	return offset
}

func TestABrokersMessagesArriveOnceInOrderAndAreStored(t *testing.T) {
	b := newBroker(t, 3)
	for run := range 2 {
		for p := range uint32(3) {
			b.publish(p, run*200, run*200+200, 0)
		}
		r, feeds := b.relay(relay.Options{Once: true})
		res, err := r.Run(t.Context(), feeds)
		require.NoError(t, err)
		assert.Equal(t, relay.Result{Settled: true}, res)
		for p := range uint32(3) {
			assert.Equal(t, expected(p, run*200+200), b.of(p))
			assert.EqualValues(t, run*200+199, b.stored(p))
		}
	}
}

func TestABrokersStopAndStartLoseNothingAndDeliverNothingTwice(t *testing.T) {
	b := newBroker(t, 2)
	b.stream.BatchLength = 5
	for p := range uint32(2) {
		b.publish(p, 0, 500, 0)
	}
	for arrived := 100; arrived < 1000; arrived += 300 {
		r, feeds := b.relay(relay.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		b.mu.Lock()
		b.reached = func(n int) {
			if n >= arrived {
				cancel()
			}
		}
		b.mu.Unlock()
		res, err := r.Run(ctx, feeds)
		require.NoError(t, err)
		assert.Equal(t, relay.Result{Settled: true}, res)
	}
	r, feeds := b.relay(relay.Options{Once: true})
	_, err := r.Run(t.Context(), feeds)
	require.NoError(t, err)
	for p := range uint32(2) {
		assert.Equal(t, expected(p, 500), b.of(p))
	}
}

func TestABrokerThatDropsInTheMiddleOfRequestsGetsThemOnceAndInOrder(t *testing.T) {
	server := iggytest.Faulty(t)
	b := newBrokerAt(t, server.Addr(), 2)
	held := make(chan struct{})
	b.held = held
	for p := range uint32(2) {
		b.publish(p, 0, 200, 0)
	}
	r, feeds := b.relay(relay.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan relay.Result)
	go func() {
		res, err := r.Run(ctx, feeds)
		assert.NoError(t, err)
		done <- res
	}()
	soon := func(what string, is func(relay.Status) bool) {
		t.Helper()
		await(t, what, &b.happened, func() bool { return is(r.Status()) })
	}
	soon("requests in flight", func(s relay.Status) bool { return s.Stats.Requests == 2 })
	for drop := range uint64(2) {
		<-server.Inject(iggyserver.Fault{Kind: iggyserver.Hangup, Code: iggyserver.CodeGetGroup})
		soon("back in the group", func(s relay.Status) bool {
			return s.Sources[0].Reconnects == drop+1 && s.Sources[0].Joined && len(s.Partitions) == 2
		})
	}
	assert.EqualValues(t, 2, r.Status().Stats.Requests, "those in flight are neither cancelled nor sent beside")
	b.mu.Lock()
	b.held = nil
	b.mu.Unlock()
	close(held)
	soon("delivered", func(s relay.Status) bool { return s.Delivered == 400 })
	cancel()
	assert.Equal(t, relay.Result{Settled: true}, <-done)
	for p := range uint32(2) {
		assert.Equal(t, expected(p, 200), b.of(p))
		assert.EqualValues(t, 199, b.stored(p))
	}
}

func TestAHangingEndpointHoldsNoMoreThanTheBound(t *testing.T) {
	b := newBroker(t, 4)
	held := make(chan struct{})
	b.held = held
	for p := range uint32(4) {
		for i := range 10 {
			b.publish(p, i*20, i*20+20, 10<<10) // 200 KB
		}
	}
	const bound = 1 << 20
	r, feeds := b.relay(relay.Options{SinkBytes: bound, Once: true})
	done := make(chan relay.Result)
	go func() {
		res, err := r.Run(t.Context(), feeds)
		assert.NoError(t, err)
		done <- res
	}()
	full := func() int {
		n := 0
		for _, p := range r.Status().Partitions {
			n += p.InHand
		}
		return n
	}
	await(t, "half of the bound is in hand", &b.happened, func() bool { return full() > bound/2 })
	assert.LessOrEqual(t, full(), bound+bound/2, "a poll may bring a little more than was asked for")
	close(held)
	assert.Equal(t, relay.Result{Settled: true}, <-done)
	for p := range uint32(4) {
		assert.Len(t, b.of(p), 200)
	}
}
