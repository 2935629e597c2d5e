package iggy_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/iggy"
	"iggysink/internal/relay"
	"iggysink/schema"
)

// patience bounds every wait of these tests; none of them waits for time to pass.
const patience = 60 * time.Second

// recorder is a handler that keeps what it is given. It takes everything unless demand says otherwise.
type recorder struct {
	source *iggy.Source
	commit bool          // commit each batch
	delay  time.Duration // how long a batch takes to be settled
	demand int           // bytes asked for; 0: none

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced at each event
	owned    map[uint32]relay.Assignment
	next     map[uint32]uint64
	settled  map[uint32]uint64 // last offset that was committed late
	messages map[uint32][]schema.Message
	batches  []relay.Poll
	joins    int // calls of Assigned
	lost     []uint32
	current  map[uint32]uint64
}

func newRecorder() *recorder {
	return &recorder{
		demand: 1 << 20, changed: make(chan struct{}),
		owned: map[uint32]relay.Assignment{}, next: map[uint32]uint64{},
		settled: map[uint32]uint64{}, messages: map[uint32][]schema.Message{}, current: map[uint32]uint64{},
	}
}

func (r *recorder) update(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *recorder) Assigned(owned []relay.Assignment) {
	r.update(func() {
		r.joins++
		for _, a := range owned {
			r.owned[a.Partition.ID], r.next[a.Partition.ID] = a, a.Start
			delete(r.settled, a.Partition.ID) // what was not stored comes again, and is to be stored
		}
	})
}

func (r *recorder) Demand(p schema.Partition) (uint64, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.next[p.ID], r.demand
}

func (r *recorder) Polled(b relay.Poll) {
	r.update(func() {
		id := b.Partition.ID
		r.current[id] = b.Current
		if len(b.Messages) == 0 {
			return
		}
		r.batches = append(r.batches, b)
		r.messages[id] = append(r.messages[id], b.Messages...)
		r.next[id] = b.Messages[len(b.Messages)-1].Offset + 1
		if last := r.next[id] - 1; r.commit && r.delay > 0 {
			time.AfterFunc(r.delay, func() { r.settle(b.Partition, last) })
		} else if r.commit {
			r.source.Commit(b.Partition, last)
		}
	})
}

func (r *recorder) Revoked(lost []schema.Partition) {
	r.update(func() {
		for _, p := range lost {
			delete(r.owned, p.ID)
			r.lost = append(r.lost, p.ID)
		}
	})
}

// settle commits in the order of the offsets: timers that end together run in any order, and a later Commit supersedes
// an earlier one.
func (r *recorder) settle(p schema.Partition, last uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if settled, any := r.settled[p.ID]; any && last <= settled {
		return
	}
	r.settled[p.ID] = last
	r.source.Commit(p, last)
}

// until waits for a state that condition accepts.
func (r *recorder) until(t testing.TB, what string, condition func(*recorder) bool) {
	t.Helper()
	timeout := time.After(patience)
	for {
		r.mu.Lock()
		met, changed := condition(r), r.changed
		r.mu.Unlock()
		if met {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("no %s within %v; status %+v", what, patience, r.source.Status())
		}
	}
}

// payloads lists what came of a partition.
func (r *recorder) payloads(id uint32) []string {
	var all []string
	for _, m := range r.messages[id] {
		all = append(all, string(m.Payload))
	}
	return all
}

func (r *recorder) count() int {
	n := 0
	for _, messages := range r.messages {
		n += len(messages)
	}
	return n
}

func (r *recorder) ownedIDs() []uint32 { return slices.Sorted(maps.Keys(r.owned)) }

// world is a server with a stream of its own.
type world struct {
	t      testing.TB
	server *schema.Iggy
	stream schema.Stream
	client *iggy.Client
}

const topicName, groupName = "orders", "workers"

func settings(address string) *schema.Iggy {
	server := schema.DefaultIggy()
	server.Address, server.Username, server.Password = address, "iggy", schema.NewSecret("iggy")
	return &server
}

// newWorld connects to the server at address and creates the topic; none with 0 partitions.
func newWorld(t testing.TB, address, stream string, partitions int) *world {
	w := &world{t: t, server: settings(address), stream: schema.DefaultStream()}
	w.stream.Name, w.stream.Topics = stream, []string{topicName}
	client, err := iggy.Connect(t.Context(), w.server)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	w.client = client
	if partitions > 0 {
		require.NoError(t, client.EnsureTopic(t.Context(), stream, topicName, partitions))
	}
	return w
}

// send sends one message for each payload.
func (w *world) send(partition uint32, payloads ...string) {
	w.t.Helper()
	messages := make([]iggy.Outgoing, len(payloads))
	for i, p := range payloads {
		messages[i].Payload = []byte(p)
	}
	require.NoError(w.t, w.client.Send(w.t.Context(), w.stream.Name, topicName, iggy.ToPartition(partition), messages))
}

// produce sends numbered messages to each partition, round by round, until the returned function ends it and tells how
// many rounds there were.
func (w *world) produce(partitions uint32) (stop func() int) {
	end, sent := make(chan struct{}), make(chan int, 1)
	go func() {
		for round := 0; ; round++ {
			select {
			case <-end:
				sent <- round
				return
			default:
			}
			one := []iggy.Outgoing{{Payload: strconv.AppendInt(nil, int64(round), 10)}}
			for p := range partitions {
				err := w.client.Send(context.Background(), w.stream.Name, topicName, iggy.ToPartition(p), one)
				assert.NoError(w.t, err)
			}
		}
	}()
	rounds := sync.OnceValue(func() int {
		close(end)
		return <-sent
	})
	w.t.Cleanup(func() { rounds() })
	return rounds
}

// stored reads the group's offset; -1 if there is none.
func (w *world) stored(partition uint32) int {
	w.t.Helper()
	offset, found, err := w.client.StoredOffset(w.t.Context(), w.stream.Name, topicName, groupName, partition)
	require.NoError(w.t, err)
	if !found {
		return -1
	}
	return int(offset)
}

// awaitStored asks until the group's offset is the one wanted.
func (w *world) awaitStored(partition uint32, offset int) {
	w.t.Helper()
	for begin := time.Now(); w.stored(partition) != offset; {
		if time.Since(begin) > patience {
			w.t.Fatalf("stored is %d, not %d, within %v", w.stored(partition), offset, patience)
		}
	}
}

// running is a source under way.
type running struct {
	*recorder
	source *iggy.Source
	logs   *logs
	stop   func() error // ends Run and returns its error
	end    func() error // waits for Run to end by itself
}

// start runs a source; the test's end stops it if the test has not.
func (w *world) start(change ...func(*recorder, *iggy.SourceOptions)) *running {
	w.t.Helper()
	r := newRecorder()
	records := newLogs()
	options := iggy.SourceOptions{
		Server: w.server, Stream: &w.stream, Topic: topicName, Group: groupName, Logger: records.logger(),
	}
	for _, f := range change {
		f(r, &options)
	}
	source, err := iggy.NewSource(options)
	require.NoError(w.t, err)
	r.source = source
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- source.Run(ctx, r) }()
	run := &running{recorder: r, source: source, logs: records}
	run.end = sync.OnceValue(func() error {
		select {
		case err := <-ended:
			return err
		case <-time.After(patience):
			return errors.New("the source does not end")
		}
	})
	run.stop = func() error {
		cancel()
		return run.end()
	}
	w.t.Cleanup(func() { _ = run.stop() })
	return run
}

// committing makes the recorder settle each batch at once.
func committing(r *recorder, _ *iggy.SourceOptions) { r.commit = true }

// lines repeats s with a number behind it.
func lines(s string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = s + strings.Repeat("x", i%7)
	}
	return all
}
