package iggyhttp_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/iggyhttp"
	"iggysink/internal/iggyserver"
	"iggysink/internal/relay/sourcetest"
	"iggysink/schema"
)

func TestSharesReadEachPartitionOnce(t *testing.T) {
	w := testWorld(t, 5)
	for p := range uint32(5) {
		w.send(p, fmt.Sprint(p))
	}
	one := w.start(committing, shared("1/2"))
	two := w.start(committing, shared("2/2"))
	one.UntilCount(2)
	two.UntilCount(3)
	assert.Equal(t, []uint32{1, 3}, one.OwnedIDs())
	assert.Equal(t, []uint32{0, 2, 4}, two.OwnedIDs())
	require.NoError(t, one.Stop())
	require.NoError(t, two.Stop())
}

// More shares than partitions: the process is there, and has nothing to do.
func TestAShareMayBeEmpty(t *testing.T) {
	w := testWorld(t, 1)
	run := w.start(committing, shared("1/2"))
	run.Until("the first assignment", func(r *sourcetest.Recorder) bool { return r.Joins == 1 })
	assert.True(t, run.Source.Status().Joined)
	assert.Empty(t, run.OwnedIDs())
	require.NoError(t, run.Stop())
}

// Somebody else stores for the same consumer: the partition is left to that one, within one commit, and shown.
func TestAnotherWriterIsFoundBeforeAStore(t *testing.T) {
	w := testWorld(t, 2)
	w.send(0, "a", "b", "c")
	run := w.start(sourcetest.Settings{})
	run.UntilCount(3)
	w.store(0, 1)
	run.Source.Commit(w.Partition(0), 2)
	run.Until("the release", func(r *sourcetest.Recorder) bool { return len(r.Lost) == 1 })
	w.logs.await(t, "another process stores offsets of this partition")
	assert.Equal(t, 1, w.Stored(0), "nobody's offset is overwritten")
	assert.Equal(t, []uint32{1}, run.OwnedIDs(), "the other partitions go on")
	for run.Source.Status().Released == nil {
		run.Source.Wake()
	}
	assert.Equal(t, []uint32{0}, run.Source.Status().Released)
	w.send(1, "d")
	run.UntilCount(4)
	run.Source.Commit(w.Partition(1), 0)
	require.NoError(t, run.Stop())
	assert.Equal(t, 0, w.Stored(1))
}

// A partition that was left to another process is left as long as that one stores, and taken back when messages wait there and
// nobody does: it goes on behind what was stored last.
func TestAReleasedPartitionIsTakenBackWhenNobodyDelivers(t *testing.T) {
	w := testWorld(t, 1)
	w.send(0, "a", "b", "c", "d")
	source := w.source()
	source.TakeBackAfter(10*time.Millisecond, 50*time.Millisecond)
	run := sourcetest.Start(t, source, sourcetest.Settings{})
	run.UntilCount(4)
	w.store(0, 1)
	source.Commit(w.Partition(0), 3)
	run.Until("the release", func(r *sourcetest.Recorder) bool { return len(r.Lost) == 1 })
	w.store(0, 2) // the other one is alive, and then it is not
	w.logs.await(t, "nobody else delivers these partitions any more")
	run.Until("the partition", func(r *sourcetest.Recorder) bool { return len(r.Owned) == 1 })
	run.UntilCount(5)
	assert.Equal(t, []string{"a", "b", "c", "d", "d"}, run.Payloads(0), "it goes on behind the offset of the other one")
	assert.Empty(t, source.Status().Released)
	source.Commit(w.Partition(0), 3)
	w.awaitStored(0, 3)
	require.NoError(t, run.Stop())
}

// Two processes by mistake: what one of them stores first decides, and that one goes on alone.
func TestTwoProcessesWithOneShareLoseNothing(t *testing.T) {
	w := testWorld(t, 1)
	one, two := w.start(committing), w.start(committing)
	one.Until("assignment", func(r *sourcetest.Recorder) bool { return len(r.Owned) == 1 })
	two.Until("assignment", func(r *sourcetest.Recorder) bool { return len(r.Owned) == 1 })
	for i := 0; len(one.OwnedIDs())+len(two.OwnedIDs()) == 2; i++ {
		w.send(0, fmt.Sprint(i))
	}
	sent := w.end(0)
	winner := one
	if len(one.OwnedIDs()) == 0 {
		winner = two
	}
	w.send(0, "the last one")
	winner.Until("all", func(r *sourcetest.Recorder) bool { return len(r.Messages[0]) == sent+1 })
}

// end returns how many messages a partition has.
func (w *world) end(partition uint32) int {
	w.t.Helper()
	info, err := w.client.Topic(w.t.Context(), w.stream.Name, w.topic)
	require.NoError(w.t, err)
	return int(info.Partitions[partition].Messages)
}

// A purge takes the messages and the offsets, and nobody else has to do with it.
func TestADeletedOffsetIsNoSignOfAnotherWriter(t *testing.T) {
	w := testWorld(t, 1)
	w.send(0, "a", "b")
	run := w.start(committing)
	w.awaitStored(0, 1)
	require.NoError(t, w.client.DeleteOffset(t.Context(), w.stream.Name, w.topic, groupName, 0))
	w.send(0, "c")
	run.Until("everything from the first message", func(r *sourcetest.Recorder) bool { return len(r.Messages[0]) == 6 })
	assert.Equal(t, []string{"a", "b", "c", "a", "b", "c"}, run.Payloads(0))
	w.awaitStored(0, 2)
	assert.Empty(t, run.Source.Status().Released)
}

func TestNewPartitionsAreFound(t *testing.T) {
	w := testWorld(t, 1)
	run := w.start(committing)
	run.Until("assignment", func(r *sourcetest.Recorder) bool { return len(r.Owned) == 1 })
	require.NoError(t, w.client.AddPartitions(t.Context(), w.stream.Name, w.topic, 2))
	run.Until("three partitions", func(r *sourcetest.Recorder) bool { return len(r.Owned) == 3 })
	w.send(2, "a")
	run.UntilCount(1)
}

func TestStartFromLatest(t *testing.T) {
	w := testWorld(t, 4)
	w.stream.StartFrom = schema.StartFromLatest
	w.send(0, "old", "old")
	w.send(1, "old")
	one := w.start(committing, shared("0/2"))
	one.Until("assignment", func(r *sourcetest.Recorder) bool { return len(r.Owned) == 2 })
	assert.Equal(t, []int{1, 0, -1, -1}, []int{w.Stored(0), w.Stored(1), w.Stored(2), w.Stored(3)}, "for all shares")
	two := w.start(committing, shared("1/2"))
	two.Until("assignment", func(r *sourcetest.Recorder) bool { return len(r.Owned) == 2 })
	for p := range uint32(4) {
		w.send(p, "new")
	}
	one.UntilCount(2)
	two.UntilCount(2)
	assert.Equal(t, []string{"new"}, one.Payloads(0))
	require.NoError(t, two.Stop())
	// Decided once: what is new in a partition without an offset is not passed over by a later start.
	w.send(3, "while nobody read")
	again := w.start(committing, shared("1/2"))
	again.UntilCount(1)
	assert.Equal(t, []string{"while nobody read"}, again.Payloads(3))
}

func TestStartFromLatestIsFinishedAfterAFault(t *testing.T) {
	for name, fault := range map[string]iggyserver.Fault{
		"at the first store":                 {Kind: iggyserver.Cut, Code: iggyserver.CodeStoreOffset},
		"the answer of the creation is lost": {Kind: iggyserver.Cut, Code: iggyserver.CodeCreateGroup},
	} {
		t.Run(name, func(t *testing.T) {
			w, server := faultyWorld(t, 1)
			w.stream.StartFrom = schema.StartFromLatest
			w.send(0, "old")
			fired := server.Inject(fault)
			run := w.start(committing)
			<-fired
			run.Until("assignment", func(r *sourcetest.Recorder) bool { return len(r.Owned) == 1 })
			w.send(0, "new")
			run.UntilCount(1)
			assert.Equal(t, []string{"new"}, run.Payloads(0))
		})
	}
}

// Iggy takes a name of digits only for a number.
func TestNamesOfDigitsAreFound(t *testing.T) {
	w := testWorld(t, 0)
	w.stream.Name, w.topic = digits(w.stream.Name), "2026"
	w.stream.Topics = []string{w.topic}
	require.NoError(t, w.client.EnsureTopic(t.Context(), w.stream.Name, "first", 1)) // takes the id 0
	require.NoError(t, w.client.EnsureTopic(t.Context(), w.stream.Name, w.topic, 1))
	w.send(0, "a")
	run := w.start(committing)
	run.UntilCount(1)
	require.NoError(t, run.Stop())
	assert.Equal(t, 0, w.Stored(0))
	_, err := iggyhttp.NewSource(iggyhttp.SourceOptions{Account: w.account, Stream: &w.stream, Topic: w.topic, Group: "42"})
	assert.ErrorContains(t, err, "choose another name")
}

// digits makes a number of a name.
func digits(name string) string {
	n := uint64(0)
	for _, c := range []byte(name) {
		n = n*131 + uint64(c)
	}
	return fmt.Sprint(n%math.MaxUint32 + math.MaxUint32)
}

func TestNamesAreEscaped(t *testing.T) {
	w := testWorld(t, 0)
	w.stream.Name += " a/b%zażółć"
	w.topic = "c/d ?&#"
	w.stream.Topics = []string{w.topic}
	require.NoError(t, w.client.EnsureTopic(t.Context(), w.stream.Name, w.topic, 1))
	w.send(0, "a")
	run := w.start(committing, func(o *iggyhttp.SourceOptions) { o.Group = "g &?/ü" })
	run.UntilCount(1)
	require.NoError(t, run.Stop())
	value, found, err := w.client.StoredOffset(t.Context(), w.stream.Name, w.topic, "g &?/ü", 0)
	require.NoError(t, err)
	assert.True(t, found)
	assert.Zero(t, value)
}

func TestWhatIsSentArrivesAsItWas(t *testing.T) {
	w := testWorld(t, 1)
	var headers []schema.Header
	for kind := schema.HeaderRaw; kind <= schema.HeaderFloat64; kind++ {
		size := []int{0, 5, 3, 1, 1, 2, 4, 8, 16, 1, 2, 4, 8, 16, 4, 8}[kind]
		headers = append(headers, schema.Header{
			Key: []byte(fmt.Sprintf("kind%02d", kind)), Kind: kind, Value: []byte(strings.Repeat("\x01", size)),
		})
	}
	id := schema.MessageID{}
	for i := range id {
		id[i] = byte(255 - i)
	}
	sent := []iggyhttp.Outgoing{
		{ID: id, Headers: headers, Payload: []byte("one")}, {Payload: []byte("\x00\xff two")}, {Headers: headers[:1], Payload: []byte("3")},
	}
	require.NoError(t, w.client.SendTo(t.Context(), w.stream.Name, w.topic, 0, sent))
	run := w.start(committing)
	run.UntilCount(3)
	got := run.Messages[0]
	assert.Equal(t, id, got[0].ID)
	assert.NotZero(t, got[1].ID, "the server chooses one")
	for i, m := range got {
		assert.Empty(t, cmp.Diff(sent[i].Headers, m.Headers))
		assert.Equal(t, string(sent[i].Payload), string(m.Payload))
		assert.NotZero(t, m.Timestamp)
		assert.NotZero(t, m.Checksum)
	}
}
