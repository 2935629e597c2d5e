package sourcetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"iggysink/internal/relay"
	"iggysink/schema"
)

// Broker is a topic of its own and what makes sources for it. Every source that it makes is in the same consumer group.
type Broker interface {
	// Source returns a source that owns all partitions where no other runs.
	Source() relay.Source
	// Send appends messages to a partition.
	Send(partition uint32, payloads ...string)
	// Stored returns the group's offset of a partition; -1 without one.
	Stored(partition uint32) int
	// Partition names a partition.
	Partition(id uint32) schema.Partition
}

// Contract tests what relay.Source promises. open makes a broker with so many partitions for a test.
func Contract(t *testing.T, open func(t *testing.T, partitions int) Broker) {
	for name, test := range map[string]func(*testing.T, func(*testing.T, int) Broker){
		"all partitions are read in order of their offsets":   inOrder,
		"what comes later is read":                            later,
		"the first assignment comes even of an empty topic":   emptyTopic,
		"what is committed is stored at the end":              stored,
		"the next source begins behind what is stored":        next,
		"a later commit supersedes an earlier one":            superseded,
		"a commit of another's partition is ignored":          strange,
		"without demand nothing is read, and Wake asks again": throttle,
		"a batch keeps within the demand, or is one message":  demand,
		"the status tells where the source is":                status,
		"a source that has ended does not store any more":     afterwards,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

func many(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(prefix, i)
	}
	return all
}

func inOrder(t *testing.T, open func(*testing.T, int) Broker) {
	b := open(t, 3)
	for p := range uint32(3) {
		b.Send(p, many(fmt.Sprint(p, "-"), 700)...)
	}
	run := Start(t, b.Source(), Settings{})
	run.UntilCount(2100)
	for p := range uint32(3) {
		assert.Equal(t, many(fmt.Sprint(p, "-"), 700), run.Payloads(p))
		a := run.Assignment(p)
		assert.Equal(t, relay.Assignment{Partition: b.Partition(p), Start: 0, End: 700}, a)
	}
	run.Until("the end", func(r *Recorder) bool { return r.Current[2] == 699 })
	require.NoError(t, run.Stop())
}

func later(t *testing.T, open func(*testing.T, int) Broker) {
	b := open(t, 2)
	run := Start(t, b.Source(), Settings{Commit: true})
	run.Until("assignment", func(r *Recorder) bool { return len(r.Owned) == 2 })
	for i := range 5 {
		b.Send(uint32(i%2), fmt.Sprint(i))
		run.UntilCount(i + 1)
	}
	assert.Equal(t, []string{"0", "2", "4"}, run.Payloads(0))
	assert.Equal(t, []string{"1", "3"}, run.Payloads(1))
	require.NoError(t, run.Stop())
	assert.Equal(t, []int{2, 1}, []int{b.Stored(0), b.Stored(1)})
}

func emptyTopic(t *testing.T, open func(*testing.T, int) Broker) {
	b := open(t, 2)
	run := Start(t, b.Source(), Settings{})
	run.Until("the first assignment", func(r *Recorder) bool { return r.Joins > 0 })
	run.Until("both partitions", func(r *Recorder) bool { return len(r.Owned) == 2 })
	assert.Equal(t, relay.Assignment{Partition: b.Partition(1)}, run.Assignment(1))
	require.NoError(t, run.Stop())
	assert.Equal(t, []int{-1, -1}, []int{b.Stored(0), b.Stored(1)})
}

func stored(t *testing.T, open func(*testing.T, int) Broker) {
	b := open(t, 2)
	b.Send(0, "a", "b", "c")
	run := Start(t, b.Source(), Settings{})
	run.UntilCount(3)
	run.Source.Commit(b.Partition(0), 1)
	require.NoError(t, run.Stop())
	assert.Equal(t, []int{1, -1}, []int{b.Stored(0), b.Stored(1)})
}

func next(t *testing.T, open func(*testing.T, int) Broker) {
	b := open(t, 1)
	b.Send(0, "a", "b", "c")
	first := Start(t, b.Source(), Settings{})
	first.UntilCount(3)
	first.Source.Commit(b.Partition(0), 0)
	require.NoError(t, first.Stop())
	second := Start(t, b.Source(), Settings{Commit: true})
	second.UntilCount(2)
	assert.Equal(t, []string{"b", "c"}, second.Payloads(0))
	a := second.Assignment(0)
	assert.True(t, a.Sum == 0 || a.Sum == first.Messages[0][0].Checksum, "Sum is that of the message before, or unknown")
	a.Sum = 0
	assert.Equal(t, relay.Assignment{Partition: b.Partition(0), Start: 1, End: 3}, a)
	require.NoError(t, second.Stop())
	assert.Equal(t, 2, b.Stored(0))
}

func superseded(t *testing.T, open func(*testing.T, int) Broker) {
	b := open(t, 1)
	b.Send(0, many("m", 100)...)
	run := Start(t, b.Source(), Settings{})
	run.UntilCount(100)
	for offset := range uint64(100) {
		run.Source.Commit(b.Partition(0), offset)
	}
	require.NoError(t, run.Stop())
	assert.Equal(t, 99, b.Stored(0))
}

func strange(t *testing.T, open func(*testing.T, int) Broker) {
	b := open(t, 1)
	b.Send(0, "a")
	run := Start(t, b.Source(), Settings{})
	run.UntilCount(1)
	another := b.Partition(0)
	another.Topic += "x"
	run.Source.Commit(another, 0)
	another = b.Partition(7)
	run.Source.Commit(another, 0)
	require.NoError(t, run.Stop())
	assert.Equal(t, -1, b.Stored(0))
}

func throttle(t *testing.T, open func(*testing.T, int) Broker) {
	b := open(t, 1)
	b.Send(0, "a", "b")
	run := Start(t, b.Source(), Settings{Demand: -1})
	run.Until("assignment", func(r *Recorder) bool { return len(r.Owned) == 1 })
	for range 3 {
		run.Source.Wake() // asks, and the answer is still no
	}
	assert.Zero(t, run.Count())
	run.SetDemand(1 << 20)
	run.Source.Wake()
	run.UntilCount(2)
	require.NoError(t, run.Stop())
}

func demand(t *testing.T, open func(*testing.T, int) Broker) {
	b := open(t, 1)
	const bytes = 16 << 10
	payloads := make([]string, 100)
	for i := range payloads {
		payloads[i] = strings.Repeat("x", 1+i)
	}
	payloads[50] = strings.Repeat("large", 20<<10)
	b.Send(0, payloads...)
	run := Start(t, b.Source(), Settings{Demand: bytes})
	run.UntilCount(100)
	assert.Equal(t, payloads, run.Payloads(0))
	for _, batch := range run.Batches {
		assert.True(t, batch.Bytes <= bytes || len(batch.Messages) == 1, "%d bytes in %d messages", batch.Bytes, len(batch.Messages))
	}
	require.NoError(t, run.Stop())
}

func status(t *testing.T, open func(*testing.T, int) Broker) {
	b := open(t, 1)
	source := b.Source()
	assert.False(t, source.Status().Joined)
	run := Start(t, source, Settings{})
	run.Until("assignment", func(r *Recorder) bool { return len(r.Owned) == 1 })
	got, place := source.Status(), b.Partition(0)
	assert.True(t, got.Joined)
	assert.Equal(t, []string{place.Stream, place.Topic, ""}, []string{got.Stream, got.Topic, got.Err})
	require.NoError(t, run.Stop())
}

func afterwards(t *testing.T, open func(*testing.T, int) Broker) {
	b := open(t, 1)
	b.Send(0, "a", "b")
	run := Start(t, b.Source(), Settings{})
	run.UntilCount(2)
	require.NoError(t, run.Stop())
	run.Source.Wake()
	assert.False(t, slices.Contains(run.Lost, 0), "a stop is no revocation")
	assert.Equal(t, -1, b.Stored(0))
}
