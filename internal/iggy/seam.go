package iggy

import (
	"fmt"

	"iggysink/schema"
)

// place names a topic and a consumer group of it.
type place struct{ stream, topic, group string }

// newPlace checks the names: 1 to 255 bytes each. An empty group is left out.
func newPlace(stream, topic, group string) (place, error) {
	for _, name := range []struct{ what, text string }{{"stream name", stream}, {"topic name", topic}, {"consumer group", group}} {
		if name.text == "" && name.what == "consumer group" {
			continue
		}
		if n := len(name.text); n < 1 || n > 255 {
			return place{}, fmt.Errorf("%s %q: it needs 1 to 255 bytes", name.what, name.text)
		}
	}
	return place{stream, topic, group}, nil
}

// topicState is what is in a topic.
type topicState struct {
	messages   uint64
	partitions []partitionState
}

// byID returns the partitions by their ids.
func (t *topicState) byID() map[uint32]partitionState {
	states := make(map[uint32]partitionState, len(t.partitions))
	for _, p := range t.partitions {
		states[p.id] = p
	}
	return states
}

// partitionState is what is in a partition.
type partitionState struct {
	id       uint32
	created  uint64 // microseconds since 1970
	current  uint64 // last offset; 0 also where nothing was ever in it. Never 2^64-1
	messages uint64
	bytes    uint64
}

// end returns one more than the last offset, 0 if nothing was ever in the partition. One that retention emptied keeps its
// end.
func (p partitionState) end() uint64 {
	if p.messages == 0 && p.current == 0 {
		return 0
	}
	return p.current + 1
}

// polled is the reply to a poll.
type polled struct {
	partition uint32 // as the server names it
	foreign   bool   // the server does not take the partition for this member's
	current   uint64 // the partition's last offset; 0 also where nothing is in it, or where it is foreign. Never 2^64-1
	messages  []schema.Message
	broken    int // messages whose user headers could not be read
}

// ownership is what a look at the group tells a member about its partitions.
type ownership struct {
	partitions []uint32
	keep       int  // the first so many are the member's for good: the others are to be settled and polled no further
	again      bool // the group changes just now: look again at once
}
