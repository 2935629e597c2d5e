package iggyhttp_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"iggysink/internal/iggyhttp"
	"iggysink/internal/iggyserver"
	"iggysink/internal/iggyserver/iggytest"
	"iggysink/internal/relay"
	"iggysink/internal/relay/sourcetest"
	"iggysink/schema"
)

// No test leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const topicName, groupName = "orders", "workers"

// world is a server with a stream of its own.
type world struct {
	t       testing.TB
	server  *schema.Iggy
	account *iggyhttp.Account
	stream  schema.Stream
	topic   string
	client  *iggyhttp.Client
	logs    *logs
}

func settings(address string) *schema.Iggy {
	server := schema.DefaultIggy()
	server.Transport = schema.IggyTransportHTTP
	server.Address, server.Username, server.Password = address, "iggy", schema.NewSecret("iggy")
	return &server
}

// newWorld makes a topic of so many partitions; none with 0.
func newWorld(t testing.TB, address string, partitions int) *world {
	t.Helper()
	w := &world{t: t, server: settings(address), stream: schema.DefaultStream(), topic: topicName, logs: newLogs()}
	w.stream.Name, w.stream.Topics = iggytest.Unique(t, "http"), []string{topicName}
	w.account = iggyhttp.NewAccount(w.server)
	w.connect()
	if partitions > 0 {
		require.NoError(t, w.client.EnsureTopic(t.Context(), w.stream.Name, topicName, partitions))
	}
	return w
}

// connect makes the world's own client, which uses an account of its own.
func (w *world) connect() {
	w.t.Helper()
	client, err := iggyhttp.Connect(w.t.Context(), iggyhttp.NewAccount(settings(w.server.Address)))
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = client.Close() })
	w.client = client
}

// testWorld is a world at the server that the environment names, or at one in this process.
func testWorld(t testing.TB, partitions int) *world {
	t.Helper()
	if single, ok := t.(*testing.T); ok {
		single.Parallel()
	}
	return newWorld(t, iggytest.AddressHTTP(t), partitions)
}

// faultyWorld is a world at a server in this process.
func faultyWorld(t *testing.T, partitions int, change ...func(*iggyserver.Options)) (*world, *iggyserver.Server) {
	t.Helper()
	t.Parallel()
	var options iggyserver.Options
	for _, f := range change {
		f(&options)
	}
	server := iggytest.With(t, options)
	return newWorld(t, server.HTTPAddr(), partitions), server
}

// newer makes the server answer as 0.9 does.
func newer(o *iggyserver.Options) { o.NewerHTTP = true }

// send sends one message for each payload.
func (w *world) send(partition uint32, payloads ...string) {
	w.t.Helper()
	messages := make([]iggyhttp.Outgoing, len(payloads))
	for i, p := range payloads {
		messages[i].Payload = []byte(p)
	}
	require.NoError(w.t, w.client.SendTo(w.t.Context(), w.stream.Name, w.topic, partition, messages))
}

// Send implements sourcetest.Broker.
func (w *world) Send(partition uint32, payloads ...string) { w.send(partition, payloads...) }

// Stored implements sourcetest.Broker.
func (w *world) Stored(partition uint32) int {
	w.t.Helper()
	value, found, err := w.client.StoredOffset(w.t.Context(), w.stream.Name, w.topic, groupName, partition)
	require.NoError(w.t, err)
	if !found {
		return -1
	}
	return int(value)
}

// store stores an offset as somebody else would.
func (w *world) store(partition uint32, value uint64) {
	w.t.Helper()
	require.NoError(w.t, w.client.SetNext(w.t.Context(), w.stream.Name, w.topic, groupName, map[uint32]uint64{partition: value + 1}))
}

// awaitStored asks until the offset is the one wanted.
func (w *world) awaitStored(partition uint32, value int) {
	w.t.Helper()
	for begin := time.Now(); w.Stored(partition) != value; time.Sleep(time.Millisecond) {
		if time.Since(begin) > sourcetest.Patience {
			w.t.Fatalf("stored is %d, not %d; log:\n%s", w.Stored(partition), value, w.logs)
		}
	}
}

// Partition implements sourcetest.Broker.
func (w *world) Partition(id uint32) schema.Partition {
	return schema.Partition{Stream: w.stream.Name, Topic: w.topic, ID: id}
}

// Source implements sourcetest.Broker.
func (w *world) Source() relay.Source { return w.source() }

func (w *world) source(change ...func(*iggyhttp.SourceOptions)) *iggyhttp.Source {
	w.t.Helper()
	options := iggyhttp.SourceOptions{
		Account: w.account, Stream: &w.stream, Topic: w.topic, Group: groupName, Logger: w.logs.logger(),
	}
	for _, f := range change {
		f(&options)
	}
	source, err := iggyhttp.NewSource(options)
	require.NoError(w.t, err)
	return source
}

// start runs a source.
func (w *world) start(s sourcetest.Settings, change ...func(*iggyhttp.SourceOptions)) *sourcetest.Running {
	w.t.Helper()
	return sourcetest.Start(w.t, w.source(change...), s)
}

var committing = sourcetest.Settings{Commit: true}

func once(o *iggyhttp.SourceOptions) { o.Once = true }

// shared makes a source read a share.
func shared(text string) func(*iggyhttp.SourceOptions) {
	return func(o *iggyhttp.SourceOptions) {
		share, err := schema.ParseShare(text)
		if err != nil {
			panic(err)
		}
		o.Share = share
	}
}

// lines are n payloads.
func lines(s string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = s + strings.Repeat("x", i%7)
	}
	return all
}

// logs keeps what a source logs.
type logs struct {
	mu      sync.Mutex
	buf     bytes.Buffer
	changed chan struct{} // closed and replaced at each line
}

func newLogs() *logs { return &logs{changed: make(chan struct{})} }

// Write implements io.Writer.
func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
	return l.buf.Write(b)
}

func (l *logs) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// await waits for a line with text.
func (l *logs) await(t testing.TB, text string) {
	t.Helper()
	timeout := time.After(sourcetest.Patience)
	for {
		l.mu.Lock()
		found, changed := strings.Contains(l.buf.String(), text), l.changed
		l.mu.Unlock()
		if found {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("nothing logged with %q; all: %s", text, l)
		}
	}
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
