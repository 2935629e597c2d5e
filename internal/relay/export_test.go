package relay

import (
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
