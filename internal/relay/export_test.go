package relay

import (
	"log/slog"
	"testing"

	"iggysink/schema"
)

// FakeBroker is a fakeTopic as the contract of a source sees it.
type FakeBroker struct {
	topic      *fakeTopic
	partitions int
}

// NewFakeBroker makes a topic in memory.
func NewFakeBroker(t testing.TB, partitions int) FakeBroker {
	return FakeBroker{newFakeTopic(t, partitions), partitions}
}

// Source returns a source that owns all partitions.
func (f FakeBroker) Source() Source {
	ids := make([]uint32, f.partitions)
	for i := range ids {
		ids[i] = uint32(i)
	}
	return f.topic.source(ids...)
}

// Send appends messages.
func (f FakeBroker) Send(partition uint32, payloads ...string) {
	f.topic.publish(partition, 0, payloads...)
}

// Stored returns the stored offset; -1 without one.
func (f FakeBroker) Stored(partition uint32) int {
	if offset, found := f.topic.storedOffset(partition); found {
		return int(offset)
	}
	return -1
}

// Partition names a partition.
func (f FakeBroker) Partition(id uint32) schema.Partition { return f.topic.partition(id) }

// Event wakes everybody who waits for something to have happened.
type Event = event

// Next returns a channel that is closed when it happens again.
func (e *event) Next() <-chan struct{} { return e.next() }

// Fire says that it has happened.
func (e *event) Fire() { e.fire() }

// Tell returns a log whose lines are events, and that writes none.
func Tell(happened *Event) *slog.Logger {
	return slog.New(told{slog.DiscardHandler, happened})
}
